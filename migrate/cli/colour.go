package cli

import "slices"

// coloured tells whether a summary may be in colour: on a terminal that can show it, unless NO_COLOR says otherwise
// (https://no-color.org) or a CI job reads along, whose log keeps the escapes.
func coloured(terminal bool, lookup func(string) (string, bool)) bool {
	noColour, _ := lookup("NO_COLOR")
	kind, _ := lookup("TERM")
	return terminal && noColour == "" && kind != "dumb" && !inCI(lookup)
}

// inCI tells whether a CI job runs this: all of them set CI, GitHub its own variable too, and some people set them to false.
func inCI(lookup func(string) (string, bool)) bool {
	return slices.ContainsFunc([]string{"CI", "GITHUB_ACTIONS"}, func(name string) bool {
		v, _ := lookup(name)
		return v != "" && v != "false" && v != "0"
	})
}
