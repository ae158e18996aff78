package selfcheck

import (
	"slices"
	"strings"
	"testing"
)

// level is the import direction: a package imports only packages of a lower level. A new package has to be placed here.
//
//	secret, compare, document, crash, durable ← inorder, inventory, rules, smartcar ← migrate ← ledger ← report, manifest ← cli ← main
var level = map[string]int{
	"compare": 0, "migrate/secret": 0, "migrate/document": 0, "migrate/internal/crash": 0, "migrate/internal/durable": 0, "migrate/internal/inorder": 1,
	"migrate/inventory": 1, "migrate/rules": 1, "migrate/smartcar": 1,
	"migrate/owners": 2, "migrate/rotate": 2,
	"migrate":        2,
	"migrate/ledger": 3, "migrate/preflight": 3,
	"migrate/report": 4, "migrate/manifest": 4,
	"migrate/cli": 5,
	".":           6,

	"migrate/internal/bench": 6, // tests only: it drives the whole
	"migrate/report/browser": 5, // tests only: it looks at the pages
}

// simulator stands outside the levels: it imports nothing of ours, and only the command line (demo, simulate) and tests
// import it. Sharing a table with the product, a wrong mapping would agree with itself.
const simulator = "fixtures"

// home names the packages that may know a library; everybody else asks them. An import below a key counts as the key.
var home = map[string][]string{
	"github.com/urfave/cli":           {"migrate/cli"},
	"github.com/schollz/progressbar":  {"migrate/cli"},
	"golang.org/x/term":               {"migrate/cli"},
	"gopkg.in/yaml.v3":                {"migrate/document", "migrate/inventory", "migrate/rules", simulator},
	"golang.org/x/oauth2":             {"migrate/smartcar"},
	"golang.org/x/time/rate":          {"migrate/smartcar"},
	"github.com/cenkalti/backoff":     {"migrate/smartcar"},
	"modernc.org/sqlite":              {"migrate/ledger"},
	"database/sql":                    {"migrate/ledger"},
	"github.com/gofrs/flock":          {"migrate/ledger", "migrate/rotate"},
	"github.com/klauspost/compress":   {"migrate/ledger"},
	"github.com/fxamacker/cbor":       {"compare", "migrate/ledger"}, // compare: how one value is written
	"github.com/go-json-experiment":   {"compare", "migrate/smartcar"},
	"filippo.io/age":                  {"migrate/inventory"},
	"html/template":                   {"migrate/report"},
	"net/http":                        {"migrate/smartcar", "migrate/cli", "compare", simulator}, // compare: words only, see rules_test.go
	"os/exec":                         {"migrate/inventory"},
	"github.com/google/go-cmp/cmp":    {"compare"},
	"github.com/google/renameio":      {"migrate/report", "migrate/manifest", "migrate/inventory", "migrate/cli"},
	"github.com/jedib0t/go-pretty/v6": {"migrate/report", "migrate/cli"},
	"github.com/chromedp":             {"migrate/report/browser"},
}

func TestImportsGoToTheLeft(t *testing.T) {
	for _, s := range sources(t) {
		report(t, "the direction is secret, compare ← inventory, rules, smartcar ← migrate ← ledger ← report, manifest ← cli ← main", wrongWay(s))
	}
}

func wrongWay(s *source) (found []finding) {
	for _, i := range s.syntax.Imports {
		target, ours := strings.CutPrefix(importPath(i), module+"/")
		if ours && target != s.dir() && !mayImport(s, target) {
			found = append(found, s.finding(i, "imports "+module+"/"+target))
		}
	}
	return found
}

// mayImport: tests may use the simulator too, and, above compare and secret, whatever they need to check the whole.
func mayImport(s *source, target string) bool {
	from, placed := level[s.dir()]
	to, known := level[target]
	switch {
	case s.dir() == simulator:
		return false
	case target == simulator:
		return s.isTest() || s.dir() == "migrate/cli"
	case s.isTest() && from > 0:
		return true
	}
	return placed && known && to < from
}

func TestEveryPackageHasAPlace(t *testing.T) {
	for _, s := range sources(t) {
		if _, placed := level[s.dir()]; !placed && s.dir() != simulator && !s.isTest() {
			t.Errorf("%s: package %s has no place in the import direction (add it to level)", s.path, s.dir())
		}
	}
}

func TestLibrariesStayAtHome(t *testing.T) {
	for _, s := range sources(t) {
		if !s.isTest() {
			report(t, "see home in this test for the package that wraps it", strangers(s))
		}
	}
}

func strangers(s *source) (found []finding) {
	for _, i := range s.syntax.Imports {
		for library, homes := range home {
			if within(importPath(i), library) && !slices.Contains(homes, s.dir()) {
				found = append(found, s.finding(i, "imports "+importPath(i)))
			}
		}
	}
	return found
}

func within(imported, library string) bool {
	return imported == library || strings.HasPrefix(imported, library+"/")
}

func TestImportChecksSeeFaults(t *testing.T) {
	cases := []struct {
		path, imported string
		wrong, strange bool
	}{
		{"migrate/ledger/a.go", "scmigrate/migrate", false, false},
		{"migrate/a.go", "scmigrate/migrate/ledger", true, false},
		{"migrate/report/a.go", "scmigrate/migrate/manifest", true, false},
		{"migrate/rules/a.go", "scmigrate/migrate/secret", false, false},
		{"compare/a_test.go", "scmigrate/migrate", true, false},
		{"compare/a_test.go", "scmigrate/fixtures", false, false},
		{"migrate/a_test.go", "scmigrate/migrate/ledger", false, false},
		{"migrate/a.go", "scmigrate/fixtures", true, false},
		{"migrate/cli/a.go", "scmigrate/fixtures", false, false},
		{"fixtures/a_test.go", "scmigrate/compare", true, false},
		{"migrate/new/a.go", "scmigrate/compare", true, false},
		{"main.go", "scmigrate/migrate/cli", false, false},
		{"migrate/report/a.go", "net/http", false, true},
		{"migrate/report/a.go", "net/http/httptest", false, true},
		{"migrate/report/a.go", "net/httpx", false, false},
		{"migrate/a.go", "github.com/urfave/cli/v2", false, true},
	}
	for _, c := range cases {
		s, err := parse(c.path, "package p\nimport _ \""+c.imported+"\"\n")
		if err != nil {
			t.Fatal(err)
		}
		if wrong, strange := len(wrongWay(s)) > 0, len(strangers(s)) > 0; wrong != c.wrong || strange != c.strange {
			t.Errorf("%s importing %s: wrong way %t, stranger %t; want %t, %t", c.path, c.imported, wrong, strange, c.wrong, c.strange)
		}
	}
}
