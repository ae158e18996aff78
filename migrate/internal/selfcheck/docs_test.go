package selfcheck

import (
	"go/ast"
	"path"
	"slices"
	"strings"
	"testing"
)

// wellKnown methods promise what the standard library's interfaces say.
var wellKnown = []string{"Error", "String", "Unwrap", "Is", "As", "Len", "Less", "Swap"}

// undocumented finds exported functions, methods of exported types, types, constants and variables without a comment. One
// comment may stand for a whole group; fields speak through their type's comment.
func undocumented(s *source) (found []finding) {
	for _, d := range s.syntax.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && d.Doc == nil && !promised(d) {
				found = append(found, s.finding(d, d.Name.Name+" has no comment"))
			}
		case *ast.GenDecl:
			found = append(found, undocumentedSpecs(s, d)...)
		}
	}
	return found
}

// promised: a method that no reader of the documentation meets, or that an interface has described.
func promised(f *ast.FuncDecl) bool {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return false
	}
	receiver := f.Recv.List[0].Type
	if star, ok := receiver.(*ast.StarExpr); ok {
		receiver = star.X
	}
	if generic, ok := receiver.(*ast.IndexExpr); ok {
		receiver = generic.X
	}
	name, ok := receiver.(*ast.Ident)
	return ok && !name.IsExported() || slices.Contains(wellKnown, f.Name.Name)
}

func undocumentedSpecs(s *source, d *ast.GenDecl) (found []finding) {
	if d.Doc != nil {
		return nil
	}
	for _, spec := range d.Specs {
		names, documented := exported(spec)
		if len(names) > 0 && !documented {
			found = append(found, s.finding(spec, strings.Join(names, ", ")+" has no comment"))
		}
	}
	return found
}

// exported gives a declaration's exported names and whether it carries a comment of its own.
func exported(spec ast.Spec) (names []string, documented bool) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		return onlyExported(spec.Name), spec.Doc != nil || spec.Comment != nil
	case *ast.ValueSpec:
		return onlyExported(spec.Names...), spec.Doc != nil || spec.Comment != nil
	}
	return nil, true
}

func onlyExported(all ...*ast.Ident) (names []string) {
	for _, n := range all {
		if n.IsExported() {
			names = append(names, n.Name)
		}
	}
	return names
}

func TestEveryPackageHasAComment(t *testing.T) {
	documented := map[string]bool{}
	for _, s := range sources(t) {
		if !s.isTest() {
			documented[s.dir()] = documented[s.dir()] || s.syntax.Doc != nil
		}
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("%s: no file has a package comment (say what the package owns and what it refuses)", path.Join(dir, "*.go"))
		}
	}
}
