// Package web holds the built web app, so that one binary is the whole house.
//
// It only carries the files that `npm run build` leaves in web/dist; in a
// checkout where that has not run there are none, and the node serves no app.
// How they are served (headers, which address shows which file) is not its
// business.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var files embed.FS

// Dist returns the files of the web app, with index.html at the root.
func Dist() fs.FS {
	dist, err := fs.Sub(files, "dist")
	if err != nil {
		panic(err) // the path is a constant
	}
	return dist
}
