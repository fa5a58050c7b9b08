// Package library carries the starter book: what a team begins with, and the
// example that its own book is written after. The content is in the YAML files;
// each explains itself in its comments.
package library

import "embed"

// FS holds the files of the starter book. It never changes.
//
//go:embed *.yaml
var FS embed.FS
