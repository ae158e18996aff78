//go:build unix

package cli_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// repository is the top of the repository, seen from this package's directory.
const repository = "../.."

// The documentation runs: every "$ " command of README.md does what the README shows.
func TestReadmeRuns(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(repository, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	sections, problems := parseReadme(freePorts(t, string(text)))
	for _, p := range problems {
		t.Error("README.md:", p)
	}
	if len(sections) == 0 {
		t.Fatal("README.md: no command found in any ```console block: the check would be empty")
	}
	c := console{binary: builtBinary(t), repository: absolute(t, repository), patience: 3 * time.Minute}
	for _, s := range sections {
		t.Run(s.title, func(t *testing.T) {
			for _, p := range c.run(t, s) {
				t.Error("README.md:", p)
			}
		})
	}
}

// The runner sees what it is for: the same file with the faults in it.
func TestReadmeRunnerSeesFaults(t *testing.T) {
	fake := filepath.Join(t.TempDir(), "scmigrate")
	if err := os.WriteFile(fake, []byte("#!/bin/sh\necho \"called with $*\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	c := console{binary: fake, repository: absolute(t, repository), patience: time.Minute}
	cases := []struct {
		file string
		want []string // the start of each problem, in order
	}{
		{"good.md", nil},
		{"bad.md", []string{
			"8: only loopback may be reached",
			"14: a prompt is needed",
			"20: exit code 0, want 3",
			"26: exit code 1, want 0",
			"32: printed",
			"39: printed",
			"47: exit code 64, want 0",
			"53: ended the shell",
		}},
	}
	for _, tc := range cases {
		text, err := os.ReadFile(filepath.Join("testdata", "readme", tc.file))
		if err != nil {
			t.Fatal(err)
		}
		sections, got := parseReadme(string(text))
		for _, s := range sections {
			got = append(got, c.run(t, s)...)
		}
		if !slices.EqualFunc(got, tc.want, strings.HasPrefix) {
			t.Errorf("%s: problems\n%s\nwant\n%s", tc.file, strings.Join(got, "\n"), strings.Join(tc.want, "\n"))
		}
	}
}

func TestReadmeRunnerLosesPatience(t *testing.T) {
	c := console{repository: absolute(t, repository), patience: 200 * time.Millisecond}
	endless := section{title: "endless", commands: []command{{line: 7, text: "sleep 600 & wait"}}}
	if got := c.run(t, endless); len(got) != 1 || !strings.HasPrefix(got[0], "7: was still running") {
		t.Errorf("an endless command: %q", got)
	}
}

// freePorts puts a free port in the place of the README's, which somebody else may be using.
func freePorts(t *testing.T, text string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return strings.ReplaceAll(text, "127.0.0.1:8787", listener.Addr().String())
}

func builtBinary(t *testing.T) string {
	t.Helper()
	if _, err := os.ReadFile(filepath.Join(repository, "main.go")); err != nil { // so that a cached result knows of it
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "scmigrate")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".")
	build.Dir = repository
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	absolute, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return absolute
}
