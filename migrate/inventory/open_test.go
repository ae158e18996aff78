package inventory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"scmigrate/migrate/document"
)

const (
	folder = "../../testdata/inventories"
	canary = "c4n4ry"
)

func env(name string) (string, bool) {
	v, ok := map[string]string{"TOKEN_ONE": "opaque-token-of-the-first-car", "SET_BUT_EMPTY": "", "A": "a-token"}[name]
	return v, ok
}

func options() Options { return Options{Getenv: env, AllowExec: true} }

func openText(t *testing.T, text string, o Options) (*File, error) {
	t.Helper()
	o.Stdin = strings.NewReader(text)
	return Open("-", o)
}

func mustOpen(t *testing.T, path string, o Options) *File {
	t.Helper()
	f, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func entriesOf(t *testing.T, f *File) []Entry {
	t.Helper()
	var list []Entry
	if err := f.Each(context.Background(), func(e Entry) error { list = append(list, e); return nil }); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestBadInventories(t *testing.T) {
	files, err := filepath.Glob(folder + "/*.bad.yaml")
	if err != nil || len(files) < 25 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			want, err := os.ReadFile(strings.TrimSuffix(path, ".bad.yaml") + ".want")
			if err != nil {
				t.Fatal(err)
			}
			_, err = Open(path, options())
			got := checkProblems(t, err)
			lines := strings.Split(strings.TrimSpace(string(want)), "\n")
			if len(got) != len(lines) {
				t.Errorf("%d problems, want %d:\n%v", len(got), len(lines), err)
			}
			for i := range min(len(got), len(lines)) {
				if !strings.HasPrefix(got[i].String(), path+":"+lines[i]) {
					t.Errorf("problem %d is\n%s\nwant\n%s", i, got[i], path+":"+lines[i])
				}
			}
		})
	}
}

// checkProblems demands that err is a *Problems that shows nothing of the file's values.
func checkProblems(t *testing.T, err error) []Problem {
	t.Helper()
	var p *Problems
	if !errors.As(err, &p) {
		t.Fatalf("not a *Problems: %v", err)
	}
	if strings.Contains(strings.ToLower(err.Error()), canary) {
		t.Errorf("a value is shown:\n%v", err)
	}
	for _, one := range p.List {
		if one.Line < 1 || one.Message == "" {
			t.Errorf("incomplete problem %+v", one)
		}
	}
	return p.List
}

func TestFullInventory(t *testing.T) {
	f := mustOpen(t, folder+"/full.yaml", options())
	wantHeader := Header{Version: 1, ClientID: "${SMARTCAR_CLIENT_ID}", Command: []string{"./bin/legacy-token", "{vehicleId}", "{grant}"}, Timeout: 10 * time.Second}
	if d := cmp.Diff(wantHeader, f.Header(), cmpopts.IgnoreUnexported(Header{})); d != "" {
		t.Error(d)
	}
	want := []Entry{
		{
			Ordinal: 0, VehicleID: "36ab27d0-0000-4455-823a-0000000000a1", UserID: "218eda3b-0000-49a8-8f3d-0000000000b1", Grant: "218eda3b/tesla",
			VIN: "5YJSA1CN5DFP00101", Label: "van 12", Cohort: "eu-pilot", Fields: []string{"odometer.distance", "vin"},
			ExpiresAt: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), HasToken: true, HasRefresh: true, TokenKind: KindEnv, Line: 10,
		},
		{
			Ordinal: 1, VehicleID: "36ab27d0-0000-4455-823a-0000000000a2", UserID: "218eda3b-0000-49a8-8f3d-0000000000b1",
			Fields: []string{"battery.percentRemaining", "odometer.distance"}, HasToken: true, TokenKind: KindLiteral, Line: 21,
		},
		{Ordinal: 2, VehicleID: "12345", Label: "Größe: 3,5 t", Line: 29},
		{Ordinal: 3, VehicleID: "36ab27d0-0000-4455-823a-0000000000a4", HasToken: true, TokenKind: KindExec, Line: 31},
	}
	got := entriesOf(t, f)
	if d := cmp.Diff(want, got, cmpopts.IgnoreFields(Entry{}, "Offset", "Length")); d != "" {
		t.Error(d)
	}
	for _, e := range got {
		ref, err := f.TokenAt(e.Offset, e.Length)
		if err != nil || ref.Kind() != e.TokenKind || ref.IsZero() == e.HasToken {
			t.Errorf("entry %d: token %v, %v", e.Ordinal, ref, err)
		}
		if s := fmt.Sprintf("%v %+v %#v", ref, ref, ref); strings.Contains(s, "opaque") || strings.Contains(s, "four") {
			t.Errorf("a reference can be printed: %s", s)
		}
	}
	if f.Len() != 4 || f.SetAside() != nil {
		t.Errorf("Len %d, SetAside %v", f.Len(), f.SetAside())
	}
}

func TestFormsOfOneFleetHaveOneDigest(t *testing.T) {
	var digests []string
	for _, name := range []string{"stream", "flow", "anchors", "tail"} {
		f := mustOpen(t, folder+"/"+name+".yaml", options())
		if f.Len() != 4 {
			t.Errorf("%s: %d entries", name, f.Len())
		}
		if whole := f.rows != nil; whole != (name == "flow" || name == "anchors") {
			t.Errorf("%s: read whole: %v", name, whole)
		}
		entries := entriesOf(t, f)
		ref, err := f.TokenAt(entries[1].Offset, entries[1].Length)
		if err != nil || ref.IsZero() == entries[1].HasToken {
			t.Errorf("%s: token of the second entry: %v %v", name, ref, err)
		}
		digests = append(digests, f.Digest())
	}
	for _, d := range digests {
		if d != digests[0] || !strings.HasPrefix(d, "sha256:") || len(d) != 7+64 {
			t.Fatalf("digests differ: %v", digests)
		}
	}
}

func TestDigestCoversWhatItMust(t *testing.T) {
	digest := func(line string) string {
		f, err := openText(t, "version: 1\nvehicles:\n  - {vehicleId: a, "+line+"}\n", options())
		if err != nil {
			t.Fatal(err)
		}
		return f.Digest()
	}
	base := digest("userId: u, grant: g, fields: [vin, a.b], accessToken: t1, label: l, cohort: c")
	for line, same := range map[string]bool{
		"userId: u, grant: g, fields: [vin, a.b], accessToken: t2":   true,
		"userId: u, grant: g, fields: [vin, a.b], refreshToken: t2":  true,
		"userId: u2, grant: g, fields: [vin, a.b]":                   false,
		"userId: u, grant: g2, fields: [vin, a.b]":                   false,
		"userId: u, grant: g, fields: [vin]":                         false,
		"userId: ug, fields: [vin, a.b]":                             false,
		"userId: u, grant: g, fields: [vina.b]":                      false,
		"userId: u, grant: g, fields: [a.b, vin], cohort: elsewhere": false,
	} {
		if got := digest(line) == base; got != same {
			t.Errorf("%s: same digest %v, want %v", line, got, same)
		}
	}
}

func TestKeepGoing(t *testing.T) {
	o := options()
	o.KeepGoing = true
	f, err := openText(t, `version: 1
vehicles:
  - vehicleId: a1
    userId: u
  - vehicleId: a2
    accessToken: "c4n4ry 1"
  - vehicleId: a1
    userId: u
  - vehicleId: a3
    label: "c4n4ry
  - vehicleId: a4
`, o)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entriesOf(t, f) {
		got = append(got, fmt.Sprintf("%d %d %q %v %v", e.Ordinal, e.Line, e.VehicleID, e.Invalid != "", e.Duplicate))
		if strings.Contains(e.Invalid, canary) {
			t.Error("a value is shown:", e.Invalid)
		}
	}
	want := []string{`0 3 "a1" false false`, `1 5 "a2" true false`, `2 7 "a1" false true`, `3 9 "" true false`, `4 11 "a4" false false`}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if p := checkProblems(t, f.SetAside()); len(p) != 3 {
		t.Errorf("set aside: %v", p)
	}
}

func TestProblemsAreCapped(t *testing.T) {
	_, err := openText(t, "version: 1\nvehicles:\n"+strings.Repeat("  - userId: c4n4ry\n", 1234), options())
	if p := checkProblems(t, err); len(p) != document.MaxProblems || !strings.HasSuffix(err.Error(), "and 1134 more problems") {
		t.Errorf("%d problems, …%s", len(p), err.Error()[len(err.Error())-60:])
	}
}

func TestExecMustBeAllowed(t *testing.T) {
	for text, line := range map[string]int{
		"version: 1\nvehicles:\n  - vehicleId: a\n  - vehicleId: b\n    accessToken: exec:get c4n4ry\n": 4,
		"version: 1\nlegacyTokens:\n  command: [get, c4n4ry]\nvehicles: [{vehicleId: a}]\n":             3,
	} {
		for _, keep := range []bool{true, false} {
			_, err := openText(t, text, Options{Getenv: env, KeepGoing: keep})
			p := checkProblems(t, err)
			if len(p) != 1 || p[0].Line != line || !strings.Contains(p[0].Message, "SCMIGRATE_ALLOW_EXEC=1") {
				t.Errorf("got %v", err)
			}
			f, err := openText(t, text, Options{Getenv: env, KeepGoing: keep, AllowExec: true})
			if err != nil {
				t.Fatal(err)
			}
			_, err = NewResolver(f, ResolverOptions{})
			if p := checkProblems(t, err); len(p) != 1 || p[0].Line != line {
				t.Errorf("got %v", err)
			}
		}
	}
}

// endless gives the same byte for ever.
type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

func TestHostileFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, r io.Reader) string {
		path := filepath.Join(dir, name)
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := io.Copy(f, r); err != nil {
			t.Fatal(err)
		}
		return path
	}
	text := func(s string) io.Reader { return strings.NewReader(s) }
	for _, c := range []struct {
		name string
		r    io.Reader
		want string
	}{
		{"empty", text(""), ":1: the file is empty"},
		{"blank", text("\n\n \n"), ":1: the file is empty"},
		{"bom", text("\xEF\xBB\xBF"), ":1: the file is empty"},
		{"line", io.LimitReader(endless('x'), 100<<20), ":1: the line is longer than 1 MiB"},
		{"late-line", io.MultiReader(text("version: 1\nvehicles:\n - vehicleId: "), io.LimitReader(endless('x'), 100<<20)), ":3: the line is longer than 1 MiB"},
		{"zeros", io.LimitReader(endless(0), 1<<20), ":1: the line is no text"},
		{"elf", text("\x7fELF\x02\x01"), ":1: the line is no text"},
		{"latin1", text("version: 1\n# Gr\xf6\xdfe\n"), ":2: the line is not UTF-8"},
		{"utf16", text("\xFF\xFEv\x00"), ":1: the file is UTF-16"},
		{"age", text("age-encryption.org/v1\n\x00\x01"), ":1: the file is encrypted with age"},
		{"c1", text("version: \u0090\n"), ":1: the line is no text"},
		{"depth", text("version: 1\nvehicles: " + strings.Repeat("[", 500_000) + "\n"), "not valid YAML here or a line or two away: it is nested too deeply"},
		{"big-vehicle", text("version: 1\nvehicles:\n- vehicleId: a\n" + strings.Repeat("  # much\n", 10_000) + "- vehicleId: a\n"), ":3: the vehicle is larger than 64 KiB"},
		{"marks", text("version: 1\nvehicles: [\n" + strings.Repeat(strings.Repeat("[],", 300)+"\n", 15_000) + "]\n"), "too many values to be read at once"},
		{"big-head", io.MultiReader(text("version: 1\n"), io.LimitReader(repeat("# a comment\n"), 65<<20)), "larger than 64 MiB and cannot be read in pieces"},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			path := write(c.name, c.r)
			_, err := Open(path, options())
			checkProblems(t, err)
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if took := time.Since(start); took > 30*time.Second {
				t.Errorf("took %s", took)
			}
			_ = os.Remove(path)
		})
	}
	for path, want := range map[string]string{dir: "is a directory", dir + "/none": "no such file"} {
		if _, err := Open(path, options()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if _, err := Open("-", Options{Stdin: io.LimitReader(endless('x'), maxWhole+1)}); err == nil || !strings.Contains(err.Error(), "larger than 64 MiB") {
		t.Errorf("got %v", err)
	}
	if _, err := Open("-", Options{}); err == nil {
		t.Error("no standard input was not refused")
	}
}

type repeated struct {
	text string
	at   int
}

func repeat(text string) io.Reader { return &repeated{text: text} }

func (r *repeated) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = r.text[r.at%len(r.text)]
		r.at++
	}
	return len(p), nil
}

func TestFileThatChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "inv.yaml")
	write := func(id string) {
		if err := os.WriteFile(path, []byte("version: 1\nvehicles:\n  - vehicleId: "+id+"\n    accessToken: t\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a1")
	f := mustOpen(t, path, options())
	e := entriesOf(t, f)[0]
	write("b1")
	if err := f.Each(context.Background(), func(Entry) error { return nil }); !errors.Is(err, ErrChanged) {
		t.Errorf("Each: %v", err)
	}
	r, err := NewResolver(f, ResolverOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Token(context.Background(), TokenRequest{VehicleID: e.VehicleID, Offset: e.Offset, Length: e.Length}); !errors.Is(err, ErrChanged) {
		t.Errorf("Token: %v", err)
	}
	for _, at := range []struct {
		offset int64
		length int
	}{{-1, 5}, {0, 0}, {1 << 40, 10}, {0, 1 << 30}, {3, 4}} {
		if ref, err := f.TokenAt(at.offset, at.length); err == nil && !ref.IsZero() {
			t.Errorf("TokenAt(%v) gave a token", at)
		}
	}
}

func TestEachStops(t *testing.T) {
	f := mustOpen(t, folder+"/full.yaml", options())
	stop := errors.New("stop")
	if err := f.Each(context.Background(), func(Entry) error { return stop }); err != stop {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := f.Each(ctx, func(Entry) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestClientID(t *testing.T) {
	for _, c := range []struct{ id, want, fail string }{
		{"", "", ""},
		{"client_x", "client_x", ""},
		{"${A}", "a-token", ""},
		{"${NOT_SET_ANYWHERE}", "", "NOT_SET_ANYWHERE, which is not set"},
	} {
		got, err := Header{ClientID: c.id}.ResolveClientID(env)
		if got != c.want || (c.fail == "") != (err == nil) || (err != nil && !strings.Contains(err.Error(), c.fail)) {
			t.Errorf("%q: %q, %v", c.id, got, err)
		}
	}
}
