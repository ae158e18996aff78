package cli_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"scmigrate/migrate/cli"
	"scmigrate/migrate/report"
)

// packaging is every text below .github that names things of the program.
func packaging(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	err := filepath.WalkDir(filepath.Join(repository, ".github"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".png") {
			return err
		}
		text, err := os.ReadFile(path)
		texts[strings.TrimPrefix(filepath.ToSlash(path), repository+"/")] = string(text)
		return err
	})
	if err != nil || len(texts) < 8 {
		t.Fatalf("%d files, %v", len(texts), err)
	}
	return texts
}

const actionFile = ".github/actions/scmigrate/action.yml"

// flagWord is a long flag as a word of its own; ours are those on lines that call scmigrate or build its arguments.
var (
	flagWord = regexp.MustCompile(`(?:^|[\s('"])--([a-z][a-z-]+)`)
	ourLines = regexp.MustCompile(`(?m)^.*(?:args\+?=\(|/scmigrate" |scmigrate run|\.tmp (?:man|completion)).*$`)
	variable = regexp.MustCompile(`\bSCMIGRATE_[A-Z_]+\b`)
	ofInputs = regexp.MustCompile(`\$\{\{ *inputs\.([a-z-]+)`)
)

// TestPackagingNamesOnlyWhatExists: flags, formats, variables and inputs in the action, the examples and the recipes.
func TestPackagingNamesOnlyWhatExists(t *testing.T) {
	flags := map[string]bool{}
	for _, c := range cli.Commands() {
		for _, f := range c.Flags {
			flags[f] = true
		}
	}
	seen := 0
	for name, text := range packaging(t) {
		for _, line := range ourLines.FindAllString(text, -1) {
			for _, m := range flagWord.FindAllStringSubmatch(line, -1) {
				if seen++; !flags[m[1]] {
					t.Errorf("%s: no command has the flag --%s: %s", name, m[1], line)
				}
			}
		}
		for _, v := range variable.FindAllString(text, -1) {
			flag := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(v, "SCMIGRATE_"), "_", "-"))
			if !flags[flag] && !slices.Contains([]string{"SCMIGRATE_ALLOW_EXEC", "SCMIGRATE_AGE_IDENTITY_FILE"}, v) {
				t.Errorf("%s: nothing reads %s", name, v)
			}
		}
	}
	if seen < 6 {
		t.Errorf("%d flags seen: the check would be empty", seen)
	}
	var nightly map[string]any
	decode(t, ".github/examples/nightly.yml", &nightly)
	args := find(nightly, "args")
	for _, m := range flagWord.FindAllStringSubmatch(args[0].(string), -1) {
		if !flags[m[1]] {
			t.Errorf("nightly.yml: run has no flag --%s", m[1])
		}
	}
}

type action struct {
	Inputs map[string]struct {
		Default  string
		Required bool
	}
	Runs struct{ Steps []map[string]any }
}

// TestTheActionIsWhole: its inputs are those that it uses, no input is ever part of a script, what it uploads is share/.
func TestTheActionIsWhole(t *testing.T) {
	var a action
	decode(t, actionFile, &a)
	text := packaging(t)[actionFile]
	used := map[string]bool{}
	for _, m := range ofInputs.FindAllStringSubmatch(text+" ${{ inputs.version }}", -1) {
		used[m[1]] = true
		if _, ok := a.Inputs[m[1]]; !ok {
			t.Errorf("there is no input %s", m[1])
		}
	}
	for name := range a.Inputs {
		if !used[name] {
			t.Errorf("the input %s is not used", name)
		}
	}
	for name := range strings.SplitSeq(a.Inputs["format"].Default, ",") {
		if !slices.Contains(report.Formats(), name) {
			t.Errorf("there is no format %s", name)
		}
	}
	for _, step := range a.Runs.Steps {
		if script, _ := step["run"].(string); strings.Contains(script, "${{") {
			t.Errorf("an input would become part of a script: %s", script)
		}
		if uses, _ := step["uses"].(string); strings.HasPrefix(uses, "actions/upload-artifact") && find(step, "path")[0] != "${{ steps.run.outputs.share }}" {
			t.Errorf("it uploads %v", find(step, "path"))
		}
	}
	var nightly map[string]any
	decode(t, ".github/examples/nightly.yml", &nightly)
	for _, with := range find(nightly, "with") {
		given, _ := with.(map[string]any)
		if _, ours := given["inventory"]; !ours {
			continue
		}
		for name := range given {
			if _, ok := a.Inputs[name]; !ok {
				t.Errorf("nightly.yml: the action has no input %s", name)
			}
		}
		return
	}
	t.Error("nightly.yml does not use the action")
}

// TestYAMLOfPackagingParses, workflows too.
func TestYAMLOfPackagingParses(t *testing.T) {
	for name := range packaging(t) {
		if strings.HasSuffix(name, ".yml") || strings.HasSuffix(name, ".yaml") {
			var any map[string]any
			decode(t, name, &any)
		}
	}
}

// TestReleaseHasSixTargets, each of which the sources have files for, and sets the version where the program looks for it.
func TestReleaseHasSixTargets(t *testing.T) {
	var release struct {
		Builds []struct{ Ldflags, Goos, Goarch []string }
	}
	decode(t, ".github/release/goreleaser.yaml", &release)
	b := release.Builds[0]
	if len(b.Goos)*len(b.Goarch) != 6 || !strings.Contains(b.Ldflags[0], "-X scmigrate/migrate/cli.version=") {
		t.Errorf("%+v", b)
	}
	for _, goos := range b.Goos {
		for _, goarch := range b.Goarch {
			list := exec.CommandContext(t.Context(), "go", "list", "-deps", ".")
			list.Dir, list.Env = repository, append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+goarch)
			if out, err := list.CombinedOutput(); err != nil {
				t.Errorf("%s/%s: %v\n%s", goos, goarch, err, out)
			}
		}
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", os.DevNull, ".") // the one that differs most
	build.Dir, build.Env = repository, append(os.Environ(), "CGO_ENABLED=0", "GOOS=windows", "GOARCH=amd64")
	if out, err := build.CombinedOutput(); err != nil {
		t.Errorf("windows: %v\n%s", err, out)
	}
	source, err := os.ReadFile("small.go")
	if err != nil || !strings.Contains(string(source), "\nvar version = ") {
		t.Errorf("the program has no such variable (%v)", err)
	}
	module, err := os.ReadFile(filepath.Join(repository, "go.mod"))
	wanted := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(string(module))
	if recipe := packaging(t)[".github/container/Containerfile"]; err != nil || wanted == nil || !strings.Contains(recipe, "golang:"+wanted[1]+"-") || !strings.Contains(recipe, "-X scmigrate/migrate/cli.version=") {
		t.Errorf("the container is built with another Go than go.mod asks for (%v)", err)
	}
}

func decode(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, name))
	if err == nil {
		err = yaml.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// find gives every value that stands under a key, however deep.
func find(in any, key string) (found []any) {
	switch in := in.(type) {
	case map[string]any:
		for k, v := range in {
			if k == key {
				found = append(found, v)
			}
			found = append(found, find(v, key)...)
		}
	case []any:
		for _, v := range in {
			found = append(found, find(v, key)...)
		}
	}
	return found
}
