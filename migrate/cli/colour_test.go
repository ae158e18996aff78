package cli

import "testing"

func TestColour(t *testing.T) {
	for _, c := range []struct {
		reason   string
		terminal bool
		env      map[string]string
		want     bool
	}{
		{"a terminal", true, nil, true},
		{"a pipe or a file", false, nil, false},
		{"NO_COLOR, whatever it says", true, map[string]string{"NO_COLOR": "0"}, false},
		{"an empty NO_COLOR is none", true, map[string]string{"NO_COLOR": ""}, true},
		{"a CI job with a terminal", true, map[string]string{"CI": "true"}, false},
		{"a job of GitHub Actions", true, map[string]string{"GITHUB_ACTIONS": "true"}, false},
		{"no CI job", true, map[string]string{"CI": "false"}, true},
		{"a terminal without colours", true, map[string]string{"TERM": "dumb"}, false},
		{"another terminal", true, map[string]string{"TERM": "xterm-256color"}, true},
	} {
		if got := coloured(c.terminal, func(name string) (string, bool) { v, ok := c.env[name]; return v, ok }); got != c.want {
			t.Errorf("%s: %v", c.reason, got)
		}
	}
}
