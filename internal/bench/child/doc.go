// Package child runs a process that is measured, or measures, and reads what it
// uses from /proc, as anybody could. What it cannot be told from outside, such
// as the memory of a collected heap, is not here.
package child
