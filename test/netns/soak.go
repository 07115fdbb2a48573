package main

import (
	"context"
	"errors"
	"flag"
)

type soakPlan struct{}

func (s *soakPlan) flags() *flag.FlagSet { return flag.NewFlagSet("netns soak", flag.ContinueOnError) }

func (s *soakPlan) run(context.Context, *report) error { return errors.New("not yet") }
