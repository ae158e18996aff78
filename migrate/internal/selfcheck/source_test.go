// Package selfcheck holds no code, only tests: what this repository promises about its own source, checked by reading
// the source. A check that is broken says file:line, what it found there, and what to do instead.
package selfcheck

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// root is the top of the repository, seen from this package's directory.
const root = "../../.."

// module is the import path of root, and module+"/" the start of every import of our own.
const module = "scmigrate"

// source is one parsed Go file; path is relative to root, with slashes.
type source struct {
	path   string
	syntax *ast.File
	set    *token.FileSet
	names  map[string]string // the local name of each import → its path
}

func parse(name string, text any) (*source, error) {
	s := &source{path: name, set: token.NewFileSet(), names: map[string]string{}}
	var err error
	s.syntax, err = parser.ParseFile(s.set, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, i := range s.syntax.Imports {
		s.names[localName(i)] = importPath(i)
	}
	return s, nil
}

func importPath(i *ast.ImportSpec) string {
	p, _ := strconv.Unquote(i.Path.Value) // the parser has seen to the quotes
	return p
}

// localName is right for every import whose package is named like the last element of its path, which suffices for the
// standard library and for us.
func localName(i *ast.ImportSpec) string {
	if i.Name != nil {
		return i.Name.Name
	}
	return path.Base(importPath(i))
}

func (s *source) isTest() bool { return strings.HasSuffix(s.path, "_test.go") }

// dir is the package's directory: "." for main.
func (s *source) dir() string { return path.Dir(s.path) }

func (s *source) lines() int { return s.set.File(s.syntax.Pos()).LineCount() }

// finding is one place where a promise is broken.
type finding struct{ at, what string }

func (s *source) finding(n ast.Node, what string) finding {
	return finding{fmt.Sprintf("%s:%d", s.path, s.set.Position(n.Pos()).Line), what}
}

// each visits every node together with the name of the top-level function around it ("" for none).
func (s *source) each(visit func(n ast.Node, function string)) {
	for _, d := range s.syntax.Decls {
		function := ""
		if f, ok := d.(*ast.FuncDecl); ok {
			function = f.Name.Name
		}
		ast.Inspect(d, func(n ast.Node) bool {
			if n != nil {
				visit(n, function)
			}
			return true
		})
	}
}

// qualified gives "import/path.Name" where n is such a selector, else "".
func (s *source) qualified(n ast.Node) string {
	sel, ok := n.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	x, ok := sel.X.(*ast.Ident)
	if !ok || s.names[x.Name] == "" {
		return ""
	}
	return s.names[x.Name] + "." + sel.Sel.Name
}

// files lists what belongs to the repository, relative to root: what git tracks or would add. Where git is missing (a
// source archive) everything there is counts.
func files(t *testing.T) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		return walked(t)
	}
	names := strings.Split(strings.TrimRight(string(out), "\x00"), "\x00")
	slices.Sort(names)
	names = slices.DeleteFunc(slices.Compact(names), func(name string) bool {
		_, err := os.Stat(filepath.Join(root, name))
		return err != nil // deleted, and not committed yet
	})
	readDirs(names)
	return names
}

// readDirs opens every directory, because go test remembers which ones a test has read: without this it would take a
// cached result for good when somebody adds a file, as it sees nothing of what git reads.
func readDirs(names []string) {
	read := map[string]bool{}
	for _, name := range names {
		for dir := path.Dir(name); !read[dir]; dir = path.Dir(dir) {
			read[dir] = true
			_, _ = os.ReadDir(filepath.Join(root, dir))
		}
	}
}

func walked(t *testing.T) (names []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == ".git":
			return fs.SkipDir
		case !d.IsDir():
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// sources parses every Go file of the product, tests included; the tools below .ci are not the product.
func sources(t *testing.T) (all []*source) {
	t.Helper()
	for _, name := range files(t) {
		if !strings.HasSuffix(name, ".go") || strings.HasPrefix(name, ".") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		s, err := parse(name, text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	if len(all) < 20 {
		t.Fatalf("only %d Go files found below %s: the checks would be empty", len(all), root)
	}
	return all
}

func report(t *testing.T, hint string, found []finding) {
	t.Helper()
	for _, f := range found {
		t.Errorf("%s: %s (%s)", f.at, f.what, hint)
	}
}
