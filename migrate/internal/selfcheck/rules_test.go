package selfcheck

import (
	"go/ast"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// rule is a promise about single files. bad are files it must catch, good files it must let pass, so that no rule can
// rot into one that sees nothing; a file is written "path: body".
type rule struct {
	name, hint string
	applies    func(*source) bool
	find       func(*source) []finding
	bad, good  []string
}

var rules = []rule{
	{
		name: "the process is touched in main.go and cli.System alone", hint: "take it from cli.Process",
		applies: product,
		find: outside("System", names("os.Exit", "os.Args", "os.Stdin", "os.Stdout", "os.Stderr",
			"log.Fatal", "log.Fatalf", "log.Fatalln", "os/signal.Notify", "os/signal.NotifyContext")),
		bad: []string{
			`migrate/a.go: import "os"; func f() { os.Exit(1) }`,
			`migrate/cli/a.go: import "os"; var w = os.Stdout`,
			`migrate/cli/a.go: import o "os"; var w = o.Args`,
		},
		good: []string{
			`migrate/cli/cli.go: import "os"; func System() { _ = os.Stdout }`,
			`main.go: import "os"; func main() { os.Exit(1) }`,
			`migrate/a.go: import "os"; func f() { os.Remove("a") }`,
		},
	}, {
		name: "nothing prints past the streams it was given", hint: "write to Process.Stdout or Stderr",
		applies: product,
		find:    either(names("fmt.Print", "fmt.Printf", "fmt.Println", "log.Print", "log.Printf", "log.Println"), builtins("print", "println")),
		bad:     []string{`compare/a.go: import "fmt"; func f() { fmt.Println() }`, `compare/a.go: func f() { println() }`},
		good:    []string{`compare/a.go: import "fmt"; func f() { fmt.Sprintln() }`},
	}, {
		name: "no panic", hint: "trouble with a vehicle is data, trouble with the tool is an error",
		applies: func(s *source) bool { return product(s) && s.dir() != simulator },
		find:    builtins("panic"),
		bad:     []string{`migrate/a.go: func f() { panic("x") }`},
		good:    []string{`fixtures/a.go: func f() { panic("broken off, as net/http wants it") }`, `migrate/a_test.go: func f() { panic(1) }`},
	}, {
		name: "every goroutine catches its panics", hint: "write go func() { … crash.Do(…) }(): an unrecovered panic prints its value past every redacting writer",
		applies: func(s *source) bool { return product(s) && s.dir() != simulator },
		find:    where(uncaught),
		bad: []string{
			`migrate/a.go: func f() { go g() }`,
			`migrate/a.go: func f(g group) { g.Go(func() error { return nil }) }`,
			`migrate/a.go: func f(g group) { g.Go(h) }`,
		},
		good: []string{
			`migrate/a.go: import "scmigrate/migrate/internal/crash"; func f(g group) { g.Go(func() (err error) { defer crash.Catch(&err); return nil }) }`,
			`migrate/a.go: import "scmigrate/migrate/internal/crash"; func f() { go func() { _ = crash.Do(g) }() }`,
		},
	}, {
		name: "one vault for the whole process", hint: "tell p.vault of it: the streams and the scan of the artefacts know of no other",
		applies: func(s *source) bool { return product(s) && s.path != "migrate/cli/sealed.go" }, find: names("scmigrate/migrate/secret.NewVault"),
		bad:  []string{`migrate/cli/a.go: import "scmigrate/migrate/secret"; func f() { _ = secret.NewVault(0) }`},
		good: []string{`migrate/cli/sealed.go: import "scmigrate/migrate/secret"; func f() { _ = secret.NewVault(0) }`},
	}, {
		name: "no init", hint: "build it where it is used, or as a literal table",
		applies: product, find: inits,
		bad:  []string{`migrate/a.go: func init() {}`},
		good: []string{`migrate/a.go: type t int; func (t) init() {}`},
	}, {
		name: "no sleeping", hint: "wait on a timer and the context; in tests use testing/synctest",
		applies: func(s *source) bool { return s.names["synctest"] != "testing/synctest" },
		find:    names("time.Sleep"),
		bad:     []string{`migrate/a_test.go: import "time"; func f() { time.Sleep(1) }`},
		good:    []string{`migrate/a_test.go: import ("time"; "testing/synctest"); func f() { time.Sleep(1) }`},
	}, {
		name: "no test is skipped", hint: "make it run everywhere, or fail where it must run",
		applies: (*source).isTest, find: methods("t b tb f", "Skip", "Skipf", "SkipNow"),
		bad:  []string{`migrate/a_test.go: func f() { t.Skip("later") }`},
		good: []string{`migrate/a_test.go: func f() { decoder.Skip() }`},
	}, {
		name: "compare has no clock and no wire", hint: "times are inputs; of net/http only Header and ParseTime, which are words",
		applies: func(s *source) bool { return product(s) && s.dir() == "compare" },
		find: either(names("time.Now", "time.Since", "time.Until", "time.After", "time.AfterFunc", "time.Tick", "time.NewTimer", "time.NewTicker"),
			allBut("net/http", "Header", "ParseTime"), imports("os", "net", "log", "log/slog", "math/rand", "math/rand/v2", "io/fs", "syscall")),
		bad: []string{
			`compare/a.go: import "time"; var now = time.Now()`,
			`compare/a.go: import "net/http"; var c = http.Client{}`,
			`compare/a.go: import _ "os"`,
		},
		good: []string{`compare/a.go: import ("net/http"; "time"); func f(h http.Header) time.Time { return time.Time{} }`},
	}, {
		name: "every request passes the guard", hint: "use the client of migrate/smartcar",
		applies: func(s *source) bool { return product(s) && s.dir() != simulator },
		find: names("net/http.Get", "net/http.Head", "net/http.Post", "net/http.PostForm", "net/http.DefaultClient",
			"net/http.DefaultTransport"),
		bad:  []string{`migrate/cli/a.go: import "net/http"; var r, _ = http.Get("https://example.com")`},
		good: []string{`migrate/cli/a.go: import "net/http"; var m = http.MethodGet`},
	}, {
		name: "every exported name is documented", hint: "say what is promised, with units, ranges, errors",
		applies: product, find: undocumented,
		bad: []string{
			`migrate/a.go: func F() {}`, `migrate/a.go: type T int`, `migrate/a.go: const C = 1`,
			"migrate/a.go: // T is.\ntype T int\nfunc (*T) M() {}", `migrate/a.go: var ( a = 1; V = 2 )`,
		},
		good: []string{
			"migrate/a.go: // F does.\nfunc F() {}", "migrate/a.go: type t int\nfunc (t) String() string { return \"\" }",
			"migrate/a.go: // All of them.\nconst (\nA = 1\nB = 2\n)", "migrate/a.go: var (\nV = 1 // one\n)",
		},
	}, {
		name: "nothing is left for later", hint: "do it, or file an issue",
		applies: func(*source) bool { return true }, find: leftovers,
		bad:  []string{"migrate/a.go: // TO" + "DO: everything"},
		good: []string{"migrate/a.go: // Everything is done."},
	},
}

func product(s *source) bool { return !s.isTest() && s.path != "main.go" }

// either joins finders.
func either(finders ...func(*source) []finding) func(*source) []finding {
	return func(s *source) (found []finding) {
		for _, find := range finders {
			found = append(found, find(s)...)
		}
		return found
	}
}

// where finds the nodes that say calls something bad, with its name for them ("" is fine).
func where(say func(s *source, n ast.Node, function string) string) func(*source) []finding {
	return func(s *source) (found []finding) {
		s.each(func(n ast.Node, function string) {
			if what := say(s, n, function); what != "" {
				found = append(found, s.finding(n, what))
			}
		})
		return found
	}
}

// names finds uses of these, each written "import/path.Name".
func names(wanted ...string) func(*source) []finding {
	return where(func(s *source, n ast.Node, _ string) string {
		if q := s.qualified(n); slices.Contains(wanted, q) {
			return q
		}
		return ""
	})
}

// allBut finds uses of anything else of a package.
func allBut(pkg string, allowed ...string) func(*source) []finding {
	return where(func(s *source, n ast.Node, _ string) string {
		q := s.qualified(n)
		if name, ok := strings.CutPrefix(q, pkg+"."); ok && !slices.Contains(allowed, name) {
			return q
		}
		return ""
	})
}

// imports finds these packages among the imports.
func imports(unwanted ...string) func(*source) []finding {
	return func(s *source) (found []finding) {
		for _, i := range s.syntax.Imports {
			if slices.Contains(unwanted, importPath(i)) {
				found = append(found, s.finding(i, "imports "+importPath(i)))
			}
		}
		return found
	}
}

// outside forgives what stands in the named function of migrate/cli.
func outside(function string, find func(*source) []finding) func(*source) []finding {
	return func(s *source) []finding {
		if s.dir() != "migrate/cli" {
			return find(s)
		}
		trimmed := *s.syntax
		trimmed.Decls = slices.DeleteFunc(slices.Clone(s.syntax.Decls), func(d ast.Decl) bool {
			f, ok := d.(*ast.FuncDecl)
			return ok && f.Recv == nil && f.Name.Name == function
		})
		return find(&source{path: s.path, syntax: &trimmed, set: s.set, names: s.names})
	}
}

// uncaught tells a goroutine that is begun with anything but a function literal that catches panics.
func uncaught(s *source, n ast.Node, _ string) string {
	var begun ast.Expr
	switch n := n.(type) {
	case *ast.GoStmt:
		begun = n.Call.Fun
	case *ast.CallExpr:
		if f, ok := n.Fun.(*ast.SelectorExpr); ok && (f.Sel.Name == "Go" || f.Sel.Name == "TryGo") && len(n.Args) == 1 {
			begun = n.Args[0]
		}
	}
	if begun == nil {
		return ""
	}
	catches := false
	if literal, ok := begun.(*ast.FuncLit); ok {
		ast.Inspect(literal, func(n ast.Node) bool {
			catches = catches || n != nil && strings.HasPrefix(s.qualified(n), module+"/migrate/internal/crash.")
			return true
		})
	}
	if catches {
		return ""
	}
	return "a goroutine whose panic nobody catches"
}

func builtins(wanted ...string) func(*source) []finding {
	return where(func(_ *source, n ast.Node, _ string) string {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return ""
		}
		if f, ok := call.Fun.(*ast.Ident); ok && slices.Contains(wanted, f.Name) {
			return f.Name + "()"
		}
		return ""
	})
}

// methods finds calls of these methods on variables with one of the given names.
func methods(variables string, wanted ...string) func(*source) []finding {
	return where(func(_ *source, n ast.Node, _ string) string {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok || !slices.Contains(wanted, sel.Sel.Name) {
			return ""
		}
		if x, ok := sel.X.(*ast.Ident); ok && slices.Contains(strings.Fields(variables), x.Name) {
			return x.Name + "." + sel.Sel.Name
		}
		return ""
	})
}

func inits(s *source) (found []finding) {
	for _, d := range s.syntax.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			found = append(found, s.finding(f, "func init"))
		}
	}
	return found
}

var later = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|X` + `XX|HA` + `CK)\b`)

func leftovers(s *source) (found []finding) {
	for _, group := range s.syntax.Comments {
		if word := later.FindString(group.Text()); word != "" {
			found = append(found, s.finding(group, word))
		}
	}
	return found
}

func TestRules(t *testing.T) {
	all := sources(t)
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			for _, s := range all {
				report(t, r.hint, r.broken(s))
			}
		})
	}
}

func (r rule) broken(s *source) []finding {
	if !r.applies(s) {
		return nil
	}
	return r.find(s)
}

func TestRulesSeeFaults(t *testing.T) {
	for _, r := range rules {
		for _, file := range r.bad {
			if len(r.broken(example(t, file))) == 0 {
				t.Errorf("%s: lets pass %q", r.name, file)
			}
		}
		for _, file := range r.good {
			report(t, r.name+" refuses "+file, r.broken(example(t, file)))
		}
	}
}

func example(t *testing.T, file string) *source {
	t.Helper()
	name, body, _ := strings.Cut(file, ": ")
	s, err := parse(name, "package p\n"+body+"\n")
	if err != nil {
		t.Fatalf("%q: %v", file, err)
	}
	return s
}
