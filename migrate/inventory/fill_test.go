package inventory

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// handWritten is an inventory as people write them, and what it must be with userIds: every line that is marked with + is
// new, every one with ! is changed to the part behind "=>".
const handWritten = `# fleet of Example Ltd, kept by ops
version: 1
application: {clientId: "${SMARTCAR_CLIENT_ID}"}   # of the dashboard

vehicles:
  # --- Hamburg -------------------------------
  - vehicleId: 36ab27d0-0000-4455-823a-000000000001  # van 1, Jürgen's
+    userId: 218eda3b-0000-49a8-8f3d-000000000001
    accessToken: "${TOKEN_1}"   # from the vault

    label: "van 1: # the blue one"
  - accessToken: file:tokens/2
    vehicleId: "36ab27d0-0000-4455-823a-000000000002"
+    userId: "218eda3b-0000-49a8-8f3d-000000000002"
    cohort: eu-pilot
  -   vehicleId: '36ab27d0-0000-4455-823a-000000000003'
+      userId: '218eda3b-0000-49a8-8f3d-000000000003'
  -
    vehicleId: 36ab27d0-0000-4455-823a-000000000004
+    userId: 218eda3b-0000-49a8-8f3d-000000000004
    grant: g  # shared
!  - {vehicleId: 36ab27d0-0000-4455-823a-000000000005, cohort: x} # short=>  - {vehicleId: 36ab27d0-0000-4455-823a-000000000005, userId: 218eda3b-0000-49a8-8f3d-000000000005, cohort: x} # short
  - vehicleId: 36ab27d0-0000-4455-823a-000000000006
!    userId:   # not known yet=>    userId: 218eda3b-0000-49a8-8f3d-000000000006   # not known yet
    fields: [vin, odometer.distance]
  - vehicleId: 36ab27d0-0000-4455-823a-000000000007
!    userId: ""=>    userId: "218eda3b-0000-49a8-8f3d-000000000007"
  - vehicleId: 36ab27d0-0000-4455-823a-000000000008
!    "userId": ~ # ?=>    "userId": 218eda3b-0000-49a8-8f3d-000000000008 # ?
  # has one
  - vehicleId: 36ab27d0-0000-4455-823a-000000000009
    userId: 218eda3b-0000-49a8-8f3d-00000000000f
  - vehicleId: 36ab27d0-0000-4455-823a-000000000010 # the last
+    userId: 218eda3b-0000-49a8-8f3d-000000000010
# the end
`

// sides gives the text before and after.
func sides(marked string) (before, after string) {
	for line := range strings.Lines(marked) {
		switch from, to, _ := strings.Cut(line[1:], "=>"); line[0] {
		case '+':
			after += line[1:]
		case '!':
			before += from + "\n"
			after += to
		default:
			before += line
			after += line
		}
	}
	return before, after
}

func filledIn(t *testing.T, text string) (string, Filled, *File) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "inventory.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path, Options{KeepGoing: true, AllowExec: true, Getenv: func(string) (string, bool) { return tokenA, true }})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	t.Cleanup(func() { _ = f.Close() })
	users := map[int]string{}
	_ = f.Each(t.Context(), func(e Entry) error {
		if e.UserID == "" {
			users[e.Ordinal] = "218eda3b-0000-49a8-8f3d-" + e.VehicleID[24:]
		}
		return nil
	})
	var out bytes.Buffer
	done, err := f.Fill(t.Context(), &out, users)
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), done, f
}

func TestFillKeepsWhatPeopleWrote(t *testing.T) {
	before, after := sides(handWritten)
	stream, streamAfter := sides("version: 1\n# the head\n---\nvehicleId: 36ab27d0-0000-4455-823a-000000000001 # one\n+userId: 218eda3b-0000-49a8-8f3d-000000000001\nlabel: a\n---\n# two\nvehicleId: 36ab27d0-0000-4455-823a-000000000002\n+userId: 218eda3b-0000-49a8-8f3d-000000000002\n...\n")
	whole, wholeAfter := sides("version: 1\nvehicles: [\n!  {vehicleId: 36ab27d0-0000-4455-823a-000000000001, label: ü}, # ünï=>  {vehicleId: 36ab27d0-0000-4455-823a-000000000001, userId: 218eda3b-0000-49a8-8f3d-000000000001, label: ü}, # ünï\n!  {label: é, vehicleId: \"36ab27d0-0000-4455-823a-000000000002\"}]=>  {label: é, vehicleId: \"36ab27d0-0000-4455-823a-000000000002\", userId: \"218eda3b-0000-49a8-8f3d-000000000002\"}]\n")
	anchored, anchoredAfter := sides("version: 1\nvehicles:\n  - vehicleId: 36ab27d0-0000-4455-823a-000000000001\n+    userId: 218eda3b-0000-49a8-8f3d-000000000001\n    fields: &f [vin]\n  - fields: *f\n    vehicleId: 36ab27d0-0000-4455-823a-000000000002\n+    userId: 218eda3b-0000-49a8-8f3d-000000000002\n")
	crlf := strings.NewReplacer("\n", "\r\n")
	for _, c := range []struct{ reason, before, after string }{
		{"a block list", before, after},
		{"a stream", stream, streamAfter},
		{"a flow list, read whole", whole, wholeAfter},
		{"anchors, read whole", anchored, anchoredAfter},
		{"a byte order mark", "\xEF\xBB\xBF" + before, "\xEF\xBB\xBF" + after},
		{"Windows' line ends", crlf.Replace(before), crlf.Replace(after)},
		{"no line end at the end", strings.TrimSuffix(stream, "\n...\n"), strings.TrimSuffix(streamAfter, "\n...\n")},
		{"no YAML that needs a change", strings.ReplaceAll(after, "2", "2"), after},
	} {
		got, done, _ := filledIn(t, c.before)
		if got != c.after || len(done.Unfilled) > 0 {
			t.Errorf("%s: %v, got\n%s\nwant\n%s", c.reason, done.Unfilled, got, c.after)
		}
	}
}

func TestFillNamesWhatItCannotEdit(t *testing.T) {
	for _, c := range []struct {
		reason, text string
		unfilled     int
	}{
		{"a vehicle merged into another", "version: 1\nvehicles:\n  - &a\n    vehicleId: 36ab27d0-0000-4455-823a-000000000001\n  - <<: *a\n    vehicleId: 36ab27d0-0000-4455-823a-000000000002\n", 1},
		{"an alias in the place of the userId", "version: 1\nvehicles:\n  - vehicleId: 36ab27d0-0000-4455-823a-000000000001\n    userId: &none\n  - vehicleId: 36ab27d0-0000-4455-823a-000000000002\n    userId: *none\n", 2},
	} {
		got, done, f := filledIn(t, c.text)
		if len(done.Unfilled) != c.unfilled {
			t.Errorf("%s: %+v\n%s", c.reason, done, got)
		}
		if again, err := Open("-", Options{Stdin: strings.NewReader(got)}); err != nil || again.Len() != f.Len() {
			t.Errorf("%s: %v\n%s", c.reason, err, got)
		}
	}
}

func TestDiffShowsNoOtherValue(t *testing.T) {
	before, _ := sides(handWritten)
	text := strings.ReplaceAll(before, "cohort: x", "accessToken: "+tokenA)
	_, done, _ := filledIn(t, text)
	var out bytes.Buffer
	if err := Diff(&out, "a", "b", done.Changes); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"--- a\n+++ b\n", "@@ -7,0 +8 @@ 36ab27d0-0000-4455-823a-000000000001\n+    userId: 218eda3b-0000-49a8-8f3d-000000000001\n",
		"+, userId: 218eda3b-0000-49a8-8f3d-000000000005\n", "-\"\"\n+\"218eda3b-0000-49a8-8f3d-000000000007\"\n", "-~\n+218eda3b-0000-49a8-8f3d-000000000008\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), tokenA) {
		t.Errorf("a token is shown:\n%s", out.String())
	}
}

// FuzzFill: whatever the YAML, what is written reads as before but for the userIds.
func FuzzFill(f *testing.F) {
	before, _ := sides(handWritten)
	for _, text := range []string{before, "version: 1\nvehicles: [{vehicleId: a}]\n", "version: 1\n---\nvehicleId: a\n", "version: 1\nvehicles:\n- ? vehicleId\n  : a\n", "version: 1\nvehicles:\n- vehicleId: |-\n    a\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		o := Options{Stdin: bytes.NewReader(text), KeepGoing: true, AllowExec: true, Getenv: func(string) (string, bool) { return "", false }}
		file, err := Open("-", o)
		if err != nil {
			return
		}
		users, want := map[int]string{}, []Entry{}
		_ = file.Each(t.Context(), func(e Entry) error {
			if e.UserID == "" && e.Invalid == "" && !e.Duplicate {
				users[e.Ordinal] = someUser
			}
			want = append(want, e)
			return nil
		})
		var out bytes.Buffer
		done, err := file.Fill(t.Context(), &out, users)
		if err != nil {
			return
		}
		for _, n := range done.Unfilled {
			delete(users, n)
		}
		o.Stdin = &out
		again, err := Open("-", o)
		if err != nil || again.Len() != file.Len() {
			t.Fatalf("%v", err)
		}
		_ = again.Each(t.Context(), func(e Entry) error {
			before := want[e.Ordinal]
			if before.Invalid == "" && !before.Duplicate && (e.VehicleID != before.VehicleID || e.Label != before.Label || e.UserID != before.UserID && e.UserID != users[e.Ordinal]) {
				t.Errorf("%+v became %+v", before, e)
			}
			return nil
		})
	})
}
