package api

import (
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
)

// noWeb is shown where there is no web app to show.
const noWeb = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Stoa</title>
<h1>Stoa</h1>
<p>This node was built without the web app. To build it in:</p>
<pre>npm ci
npm run build
go build ./cmd/stoa</pre>
`

// web serves the built web app. Files under assets have the hash of their
// content in their name and never change; everything else is asked for anew.
// Paths that are no file are the app's own, and get its page.
func (a *API) web() http.Handler {
	page, err := fs.ReadFile(a.Web, "index.html")
	if err != nil {
		page = []byte(noWeb)
	}
	files := http.FileServerFS(a.Web)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		switch info, err := fs.Stat(a.Web, name); {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			a.noSuchThing(w, r)
		case err == nil && info.Mode().IsRegular() && name != "index.html":
			h.Set("Cache-Control", "no-cache")
			if strings.HasPrefix(name, "assets/") {
				h.Set("Cache-Control", "public, max-age=31536000, immutable")
			}
			if path.Ext(name) == ".webmanifest" {
				h.Set("Content-Type", "application/manifest+json") // which systems do not know
			}
			files.ServeHTTP(w, r)
		case strings.HasPrefix(name+"/", "assets/") || !acceptsPage(r):
			a.noSuchThing(w, r)
		default:
			h.Set("Cache-Control", "no-cache")
			h.Set("Content-Type", "text/html; charset=utf-8")
			if a.Nodes != nil {
				h.Set("Content-Security-Policy", a.contentSecurityPolicy(a.Nodes(region.Anywhere, id.Session{})))
			}
			_, _ = w.Write(page) // the client may be gone
		}
	})
}

// acceptsPage reports whether r comes from somebody who looks, and not from a
// script that fetches.
func acceptsPage(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}
