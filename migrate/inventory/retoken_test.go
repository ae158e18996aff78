package inventory

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"scmigrate/migrate/secret"
)

func rewritable(t *testing.T, text string) *File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "inventory.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path, Options{Getenv: func(string) (string, bool) { return "some-token", true }, AllowExec: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func allRows(f *File) map[int]bool {
	rows := map[int]bool{}
	for n := range f.Len() {
		rows[n] = true
	}
	return rows
}

func TestRewriterKeepsEverythingButTheTokens(t *testing.T) {
	const head = "# by hand\nversion: 1\nvehicles:\n"
	pair := Pair{secret.New("11111111-0000-4000-8000-000000000001"), secret.New("n#: w"), time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}
	const access, refresh, expiry = "11111111-0000-4000-8000-000000000001", `"n#: w"`, "2026-11-25T12:00:00Z"
	for _, c := range []struct{ what, text, want string }{
		{"block", "  - vehicleId: v1 # first\n    accessToken: \"old-a\" # comment\n    accessTokenExpiresAt: 2026-11-23T12:00:00Z\n    refreshToken: old-r\n    label: 'a b'\n",
			"  - vehicleId: v1 # first\n    accessToken: \"" + access + "\" # comment\n    accessTokenExpiresAt: " + expiry + "\n    refreshToken: " + refresh + "\n    label: 'a b'\n"},
		{"single quotes, order, CRLF", "  - refreshToken: 'old-r'\r\n    accessTokenExpiresAt: '2026-11-23T12:00:00Z'\r\n    vehicleId: v1\r\n    accessToken: 'old-a'\r\n",
			"  - refreshToken: " + refresh + "\r\n    accessTokenExpiresAt: '" + expiry + "'\r\n    vehicleId: v1\r\n    accessToken: '" + access + "'\r\n"},
		{"put in", "  - vehicleId: v1\n    refreshToken: old-r\n",
			"  - vehicleId: v1\n    accessToken: \"" + access + "\"\n    accessTokenExpiresAt: " + expiry + "\n    refreshToken: " + refresh + "\n"},
		{"flow", "  - {vehicleId: v1, refreshToken: old-r, label: x}\n",
			"  - {vehicleId: v1, accessToken: \"" + access + "\", accessTokenExpiresAt: " + expiry + ", refreshToken: " + refresh + ", label: x}\n"},
		{"no tokens", "  - vehicleId: v1\n", "  - vehicleId: v1\n"},
	} {
		f := rewritable(t, head+c.text)
		w, err := f.NewRewriter(t.Context(), allRows(f), true)
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		var out strings.Builder
		if err := w.Write(&out, map[int]Pair{0: pair}); err != nil || out.String() != head+c.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", c.what, err, out.String(), head+c.want)
		}
		out.Reset()
		if err := w.Write(&out, nil); err != nil || out.String() != head+c.text {
			t.Errorf("%s: without a pair the text changed: %v\n%s", c.what, err, out.String())
		}
	}
}

func TestRewriterRefusesWhatIsNotItsOwn(t *testing.T) {
	const head = "version: 1\nvehicles:\n"
	for text, want := range map[string]string{
		"  - {vehicleId: v1, refreshToken: \"${R}\"}\n":                                         ":3: refreshToken comes from a reference",
		"  - {vehicleId: v1, refreshToken: canary-r, accessToken: \"${A}\"}\n":                  ":3: accessToken comes from a reference",
		"  - vehicleId: v1\n    refreshToken: >-\n      canary-r\n":                             ":3: refreshToken cannot be rewritten in place",
		"  - &a {vehicleId: v1, refreshToken: canary-r}\n  - {<<: *a, vehicleId: v2}\n":         ":4: refreshToken cannot be rewritten in place",
		"  - {vehicleId: v1, refreshToken: &r canary-r}\n  - {vehicleId: v2, refreshToken: *r}": ":3: refreshToken cannot be rewritten in place",
	} {
		f := rewritable(t, head+text)
		_, err := f.NewRewriter(t.Context(), allRows(f), true)
		problems := (*Problems)(nil)
		if !errors.As(err, &problems) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
		if _, err := f.NewRewriter(t.Context(), allRows(f), false); (err != nil) != strings.Contains(text, "<<") { // a merged row would change with the other
			t.Errorf("%s: not strict: %v", text, err)
		}
	}
}
