module github.com/stoa-audio/stoa

go 1.26
