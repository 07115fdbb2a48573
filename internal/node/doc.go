// Package node joins the parts into a running node: it reads the
// configuration, starts everything in order, and stops it in reverse.
package node
