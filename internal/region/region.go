// Package region says where a node stands and who runs it, and where a room's
// packets may be: a fence, which is a set of regions and a set of operators.
package region

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Bounds of names and fences.
const (
	NameMax  = 32 // characters of a region's or an operator's name
	NamesMax = 64 // regions, and operators, of a fence
)

// ErrName means that a text names no region and no operator; ErrFence that it
// is no fence.
var (
	ErrName  = errors.New("a name takes 1 to 32 of a-z, 0-9 and -, and neither begins nor ends with -")
	ErrFence = errors.New(`a fence is "*" or "region+region@operator+operator", either side may be left out`)
)

// A Place is where a node stands and who runs it: what its certificate says.
type Place struct {
	Region   string `json:"region"`
	Operator string `json:"operator"`
}

// Check returns ErrName unless both names are such.
func (p Place) Check() error {
	if !isName(p.Region) {
		return fmt.Errorf("%q is no region: %w", p.Region, ErrName)
	}
	if !isName(p.Operator) {
		return fmt.Errorf("%q is no operator: %w", p.Operator, ErrName)
	}
	return nil
}

// String returns "region@operator".
func (p Place) String() string { return p.Region + "@" + p.Operator }

// A Fence is where packets may be. The zero Fence is nowhere: what was
// forgotten fails closed. Fences can be compared, and equal ones are equal.
type Fence struct {
	// Each is "*" or the names, sorted, each with a + before and one behind.
	regions, operators string
}

// Anywhere is the fence that leaves nothing out.
var Anywhere = Fence{"*", "*"}

// Only returns the fence of one place.
func Only(p Place) Fence { return Fence{"+" + p.Region + "+", "+" + p.Operator + "+"} }

// In returns the fence around regions, whoever runs their nodes; without one
// it is nowhere.
func In(regions ...string) Fence {
	f, err := ParseFence(strings.Join(regions, "+"))
	if err != nil {
		return Fence{}
	}
	return f
}

// ParseFence returns the fence that text is: "*", "eu+ch" for regions,
// "@example" for operators, "eu+ch@example" for both; or ErrFence.
func ParseFence(text string) (Fence, error) {
	if text == "*" {
		return Anywhere, nil
	}
	regions, operators, _ := strings.Cut(text, "@")
	r, okR := parseNames(regions)
	o, okO := parseNames(operators)
	if !okR || !okO || text == "" || strings.HasSuffix(text, "@") {
		return Fence{}, fmt.Errorf("%q: %w", text, ErrFence)
	}
	return Fence{r, o}, nil
}

func parseNames(text string) (names string, ok bool) {
	if text == "" {
		return "*", true
	}
	list := strings.Split(text, "+")
	slices.Sort(list)
	list = slices.Compact(list)
	if len(list) > NamesMax {
		return "", false
	}
	for _, name := range list {
		if !isName(name) {
			return "", false
		}
	}
	return "+" + strings.Join(list, "+") + "+", true
}

func isName(text string) bool {
	if text == "" || len(text) > NameMax || text[0] == '-' || text[len(text)-1] == '-' {
		return false
	}
	for _, c := range []byte(text) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// Allows reports whether packets may be at p. It does not allocate.
func (f Fence) Allows(p Place) bool { return has(f.regions, p.Region) && has(f.operators, p.Operator) }

func has(names, name string) bool {
	if names == "*" {
		return true
	}
	for from := 0; name != ""; {
		i := strings.Index(names[from:], name)
		if i < 0 {
			break
		}
		i += from
		if end := i + len(name); i > 0 && names[i-1] == '+' && end < len(names) && names[end] == '+' {
			return true
		}
		from = i + 1
	}
	return false
}

// Within reports whether f allows nothing that wider does not.
func (f Fence) Within(wider Fence) bool {
	return f.IsNowhere() || subset(f.regions, wider.regions) && subset(f.operators, wider.operators)
}

func subset(names, of string) bool {
	if of == "*" || names == of {
		return true
	}
	if names == "*" {
		return false
	}
	for name := range strings.SplitSeq(strings.Trim(names, "+"), "+") {
		if !has(of, name) {
			return false
		}
	}
	return true
}

// And returns the fence that allows what both do.
func (f Fence) And(other Fence) Fence {
	both := Fence{common(f.regions, other.regions), common(f.operators, other.operators)}
	if both.IsNowhere() {
		return Fence{}
	}
	return both
}

func common(a, b string) string {
	switch {
	case a == "*":
		return b
	case b == "*":
		return a
	}
	names := slices.DeleteFunc(list(a), func(name string) bool { return !has(b, name) })
	if len(names) == 0 {
		return ""
	}
	return "+" + strings.Join(names, "+") + "+"
}

// IsNowhere reports whether f allows no place at all.
func (f Fence) IsNowhere() bool { return f.regions == "" || f.operators == "" }

// Regions returns the regions of f, sorted; none when it allows all of them,
// or is nowhere.
func (f Fence) Regions() []string { return list(f.regions) }

// Operators returns the operators of f likewise.
func (f Fence) Operators() []string { return list(f.operators) }

func list(names string) []string {
	if names == "" || names == "*" {
		return nil
	}
	return strings.Split(strings.Trim(names, "+"), "+")
}

// String returns f as ParseFence reads it; "" when it is nowhere.
func (f Fence) String() string {
	switch {
	case f.IsNowhere():
		return ""
	case f == Anywhere:
		return "*"
	}
	text := strings.Join(list(f.regions), "+")
	if f.operators != "*" {
		text += "@" + strings.Join(list(f.operators), "+")
	}
	return text
}

// MarshalText returns f as text.
func (f Fence) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText sets f to the fence that text is; "" is nowhere.
func (f *Fence) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*f = Fence{}
		return nil
	}
	parsed, err := ParseFence(string(text))
	if err == nil {
		*f = parsed
	}
	return err
}
