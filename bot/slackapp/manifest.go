package slackapp

import _ "embed"

//go:embed manifest.yaml
var manifest string

// Manifest returns the app manifest to paste into Slack when the app is made.
func Manifest() string { return manifest }
