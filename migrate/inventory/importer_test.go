package inventory

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
)

func imported(t *testing.T, name, text string, columns map[string]string) (Imported, string) {
	t.Helper()
	convert := ImportCSV
	if strings.HasSuffix(name, ".jsonl") {
		convert = ImportJSONL
	}
	var out bytes.Buffer
	done, err := convert(strings.NewReader(text), &out, ImportOptions{Name: name, Map: columns})
	if err != nil {
		t.Fatal(err)
	}
	return done, out.String()
}

func TestImportNamesBadRows(t *testing.T) {
	head := "vehicleId,userId,accessToken,accessTokenExpiresAt\n"
	for _, c := range []struct{ reason, name, text, want string }{
		{"empty", "t.csv", "", "t.csv:1: the file is empty"},
		{"only a header", "t.csv", head, "t.csv: there is no row in it"},
		{"no header", "t.csv", someID + "," + tokenA + "\n", "t.csv:1: no column is named vehicleId (say with --map vehicleId=COLUMN which it is; the first line must be a header with the names of the columns, and does not look like one)"},
		{"a header of other names", "t.csv", "car,c0 ffee\n", "which it is; the header has: car, (not shown))"},
		{"a table as UTF-16", "t.csv", "\xff\xfev\x00", "t.csv:1: the file is UTF-16 (save it as UTF-8)"},
		{"JSON Lines as a table", "t.csv", `{"vehicleId":"a"}` + "\n", "t.csv:1: the header line cannot be read (it names the columns, separated by comma, semicolon or tab; a JSON Lines file is given with --jsonl)"},
		{"a table as JSON Lines", "t.jsonl", head, "t.jsonl:1: the line is not one JSON object (a CSV table is given with --csv)"},
		{"a column twice", "t.csv", "vehicleId,vehicle_id\n", "t.csv:1: more than one column could be vehicleId"},
		{"no vehicleId", "t.csv", head + ",u,c0ffee,\n", "t.csv:2: vehicleId is missing"},
		{"a row too short", "t.csv", head + someID + "\n", "t.csv:2: the row has 1 columns, the header 4"},
		{"an open quote", "t.csv", head + someID + ",\"c0ffee\n", "t.csv:2: a quote stands where none may, or is not closed"},
		{"a quote inside", "t.csv", head + someID + ",c0\"ffee,,\n", "t.csv:2: a quote stands where none may"},
		{"a JWT", "t.csv", head + someID + ",u,eyJc0ffee.c0ffee.c0ffee,\n", "t.csv:2: accessToken holds a JWT"},
		{"a time without a zone", "t.csv", head + someID + ",u,c0ffee,2026-11-23 12:00:00\n", "t.csv:2: accessTokenExpiresAt is not a time with its zone"},
		{"a time as a number", "t.csv", head + someID + ",u,c0ffee,1763900000\n", "t.csv:2: accessTokenExpiresAt is not a time with its zone"},
		{"repeated", "t.csv", head + someID + ",u,,\n\n" + someID + ",u,,\n", "t.csv:4: the same vehicleId and userId as on line 2"},
		{"no UTF-8", "t.csv", head + "c0ffee\xff,,,\n", "t.csv:2: vehicleId is not UTF-8"},
		{"an unknown field", "t.csv", "vehicleId,fields\n" + someID + ",c0ffee!\n", "t.csv:2: fields holds something that is not a field name"},
		{"no JSON", "t.jsonl", "{\"vehicleId\":\"" + someID + "\"}\nc0ffee\n", "t.jsonl:2: the line is not one JSON object"},
		{"two objects", "t.jsonl", "{\"vehicleId\":\"a\"}{}\n", "t.jsonl:1: the line is not one JSON object"},
		{"a list", "t.jsonl", "[]\n", "t.jsonl:1: the line is not one JSON object"},
		{"an object as a value", "t.jsonl", `{"vehicleId":{"c0ffee":1}}`, "t.jsonl:1: vehicleId is neither text nor a number"},
		{"nothing of use", "t.jsonl", `{"c0ffee":1}`, "t.jsonl:1: the row has none of the mapped values"},
		{"UTF-16", "t.jsonl", "\xff\xfe{", "t.jsonl:1: the file is UTF-16"},
	} {
		done, _ := imported(t, c.name, c.text, nil)
		if s := said(done.Problems); !strings.Contains(s, strings.TrimPrefix(c.want, "./")) || strings.Contains(s, "c0ffee") {
			t.Errorf("%s: got\n%swant %s", c.reason, s, c.want)
		}
	}
}

func TestImportedRowsAreWhatTheTableHeld(t *testing.T) {
	want := Entry{VehicleID: someID, UserID: someUser, Label: `he said "hi": # not a comment`, HasToken: true}
	for _, c := range []struct {
		reason, name, text string
		columns            map[string]string
	}{
		{"CSV", "t.csv", "vehicle_id,User-ID,token,label,accessToken,expires\n" + someID + "," + someUser + `,x,"he said ""hi"": # not a comment",` + tokenA + ",\n", nil},
		{"semicolons, a byte order mark, CRLF", "t.csv", "\xEF\xBB\xBFv;u;t;l\r\n" + someID + ";" + someUser + ";" + tokenA + ";\"he said \"\"hi\"\": # not a comment\"\r\n", map[string]string{"vehicleId": "v", "userId": "u", "accessToken": "t", "label": "l"}},
		{"JSON", "t.jsonl", `{"vehicle":{"id":"` + someID + `"},"owner.id":"` + someUser + `","t":"` + tokenA + `","l":"he said \"hi\": # not a comment","x":[{}]}`, map[string]string{"vehicleId": "vehicle.id", "userId": "owner.id", "accessToken": "t", "label": "l"}},
	} {
		done, text := imported(t, c.name, c.text, c.columns)
		if done.Rows != 1 || done.Bad != 0 {
			t.Fatalf("%s: %+v", c.reason, done)
		}
		f, err := Open("-", Options{Stdin: strings.NewReader(text)})
		if err != nil {
			t.Fatalf("%s: %v\n%s", c.reason, err, text)
		}
		_ = f.Each(t.Context(), func(e Entry) error {
			if e.VehicleID != want.VehicleID || e.UserID != want.UserID || e.Label != want.Label || !e.HasToken {
				t.Errorf("%s: got %+v", c.reason, e)
			}
			return nil
		})
	}
}

// TestATableBringsNoReferenceIn: a cell is data, and a reference would read or run something here.
func TestATableBringsNoReferenceIn(t *testing.T) {
	for kind, ref := range map[string]string{"env": "${CANARY_SECRET}", "file": "file:/canary/secret", "exec": "exec:canary --all"} {
		for _, key := range []string{"accessToken", "refreshToken"} {
			text := "vehicleId," + key + "\n" + someID + "," + ref + "\n36ab27d0-0000-4455-823a-000000000009," + tokenA + "\n"
			done, out := imported(t, "t.csv", text, nil)
			want := "t.csv:2: " + key + " is a reference (" + kind + "), which a table may not bring in (give the token itself; if you trust every row of the table, --references"
			if s := said(done.Problems); done.Rows != 1 || done.Bad != 1 || !strings.Contains(s, want) || strings.Contains(strings.ToLower(s+out), "canary") {
				t.Errorf("%s: %+v, got\n%s%s", ref, done, s, out)
			}
			var trusted bytes.Buffer
			if done, err := ImportCSV(strings.NewReader(text), &trusted, ImportOptions{Name: "t.csv", References: true}); err != nil || done.Rows != 2 || !strings.Contains(trusted.String(), ref) {
				t.Errorf("%s: %+v, %v", ref, done, err)
			}
		}
	}
	if done, out := imported(t, "t.csv", "vehicleId,label,cohort\n"+someID+",exec:x ${Y},file:z\n", nil); done.Rows != 1 || !strings.Contains(out, `label: "exec:x ${Y}"`) {
		t.Errorf("a label is text: %+v\n%s", done, out)
	}
}

func TestCheckMap(t *testing.T) {
	for _, c := range []struct {
		columns map[string]string
		want    string
	}{
		{nil, ""}, {map[string]string{"vehicleId": "id"}, ""},
		{map[string]string{"vehicleid": "id"}, "did you mean vehicleId?"},
		{map[string]string{"userId": "id"}, "no column is mapped to vehicleId"},
		{map[string]string{"vehicleId": ""}, "mapped to no column"},
	} {
		err := CheckMap(c.columns)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: got %v, want %q", c.columns, err, c.want)
		}
	}
}

// table makes a CSV of n rows without holding it.
type table struct {
	n, at int
	rest  []byte
}

func (s *table) Read(p []byte) (int, error) {
	if len(s.rest) == 0 {
		switch {
		case s.at == 0:
			s.rest = []byte("vehicleId,userId,label\n")
		case s.at > s.n:
			return 0, io.EOF
		default:
			s.rest = fmt.Appendf(nil, "36ab27d0-0000-4455-823a-%012d,218eda3b-0000-49a8-8f3d-%012d,%s\n", s.at, s.at/2, strings.Repeat("x", 150))
		}
		s.at++
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// TestImportStreams holds 100,000 rows of 230 bytes, 23 MB, to less than half of that.
func TestImportStreams(t *testing.T) {
	const rows = 100_000
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	i, err := ImportCSV(&table{n: rows}, io.Discard, ImportOptions{Name: "t.csv"})
	runtime.GC()
	runtime.ReadMemStats(&after)
	if err != nil || i.Rows != rows {
		t.Fatalf("%+v %v", i, err)
	}
	if kept := int64(after.HeapInuse) - int64(before.HeapInuse); kept > 10<<20 {
		t.Errorf("%d MiB are kept", kept>>20)
	}
	runtime.KeepAlive(i)
}

func TestImportEndsAtARowWithoutEnd(t *testing.T) {
	for _, convert := range []func(io.Reader, io.Writer, ImportOptions) (Imported, error){ImportCSV, ImportJSONL} {
		done, err := convert(io.MultiReader(strings.NewReader("vehicleId\n\""), endless('a')), io.Discard, ImportOptions{Name: "t"})
		if err != nil || len(done.Problems.List) == 0 {
			t.Errorf("%+v %v", done, err)
		}
	}
}

func TestImportTellsOfAFullDisk(t *testing.T) {
	full := errors.New("disk full")
	_, err := ImportCSV(&table{n: 1000}, writerFunc(func([]byte) (int, error) { return 0, full }), ImportOptions{Name: "t.csv"})
	if !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
