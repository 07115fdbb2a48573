// Package layout keeps the picture in ARCHITECTURE.md true. It is only a test,
// which fails when a package imports what is not drawn, has no package
// comment, or is said to be pure and is not.
package layout
