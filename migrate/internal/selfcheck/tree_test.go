package selfcheck

import (
	"bytes"
	"go/ast"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// topLevel is all that may stand at the top beside dot-files and dot-folders.
var topLevel = []string{"README.md", "compare", "fixtures", "go.mod", "go.sum", "main.go", "migrate", "testdata"}

func TestTopLevelIsFixed(t *testing.T) {
	var seen []string
	for _, name := range files(t) {
		top, _, _ := strings.Cut(name, "/")
		if !strings.HasPrefix(top, ".") && !slices.Contains(seen, top) {
			seen = append(seen, top)
		}
	}
	slices.Sort(seen)
	if !slices.Equal(seen, topLevel) {
		t.Errorf("top level: %q, want exactly %q (move it below one of these)", seen, topLevel)
	}
}

// The sizes a reader can hold: see also the numbers of each package, which a few long tables do not spoil.
const (
	mostLines      = 400 // of a Go file
	medianFunction = 12  // lines, per package
	mostFunctions  = 40  // lines, nine functions of ten, per package
)

func TestFilesAndFunctionsAreShort(t *testing.T) {
	lengths := map[string][]int{}
	for _, s := range sources(t) {
		if n := s.lines(); n > mostLines {
			t.Errorf("%s: %d lines (split it: at most %d)", s.path, n, mostLines)
		}
		if !s.isTest() {
			lengths[s.dir()] = append(lengths[s.dir()], functionLengths(s)...)
		}
	}
	for dir, n := range lengths {
		slices.Sort(n)
		if len(n) == 0 {
			continue
		}
		if median, ninth := n[len(n)/2], n[len(n)*9/10]; median > medianFunction || ninth > mostFunctions {
			t.Errorf("%s: functions have %d lines in the median and %d at the 90th percentile (at most %d and %d)", dir, median, ninth, medianFunction, mostFunctions)
		}
	}
}

func functionLengths(s *source) (lengths []int) {
	for _, d := range s.syntax.Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			lengths = append(lengths, s.set.Position(f.End()).Line-s.set.Position(f.Pos()).Line+1)
		}
	}
	return lengths
}

// opened are the files that see a secret in plain text: one signs requests, the other hands a token back to its owner.
var opened = []string{"migrate/inventory/handover.go", "migrate/smartcar/sign.go"}

func TestSecretsAreOpenedInTwoFiles(t *testing.T) {
	var open []string
	for _, s := range sources(t) {
		if s.isTest() || s.dir() == "migrate/secret" {
			continue
		}
		s.each(func(n ast.Node, _ string) {
			if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == "Reveal" && !slices.Contains(open, s.path) {
				open = append(open, s.path)
			}
		})
	}
	if slices.Sort(open); !slices.Equal(open, opened) {
		t.Errorf("Reveal is used in %q, want %q (pass the secret on closed, and let one of those files open it)", open, opened)
	}
}

// machinePath is what a path of somebody's machine looks like; written so that it does not find itself.
var machinePath = regexp.MustCompile(`(^|[^\w.~-])/(wo` + `rk|ro` + `ot)/|/tmp/bash` + `_jobs`)

func TestNoPathOfAMachine(t *testing.T) {
	for _, name := range files(t) {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if path.Base(name) == "go.sum" || bytes.IndexByte(text, 0) >= 0 {
			continue
		}
		for i, line := range strings.Split(string(text), "\n") {
			if machinePath.MatchString(line) {
				t.Errorf("%s:%d: names a path of one machine (cite a reference section, or use a relative path)", name, i+1)
			}
		}
	}
}

var markdownLink = regexp.MustCompile(`\]\(([^)#\s]+)`)

func TestReadmeLinksExist(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range markdownLink.FindAllStringSubmatch(string(text), -1) {
		if strings.Contains(m[1], "://") {
			continue
		}
		if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
			t.Errorf("README.md: links to %s, which is not there", m[1])
		}
	}
}

// The gate takes its last step, the tests, out of the README, so that what it promises is what runs.
func TestReadmeNamesTheTestCommandOnce(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if found := regexp.MustCompile(`(?m)^\$ go test -race .*$`).FindAllString(string(text), -1); len(found) != 1 {
		t.Errorf("README.md: %q, want exactly one line \"$ go test -race ./...\" for .ci/run", found)
	}
}

func TestTheGateIsExecutable(t *testing.T) {
	info, err := os.Stat(filepath.Join(root, ".ci", "run"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode()&0o111 == 0 {
		t.Error(".ci/run is not executable (chmod +x .ci/run)")
	}
}
