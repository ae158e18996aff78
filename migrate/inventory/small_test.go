package inventory

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"scmigrate/migrate/document"
	"scmigrate/migrate/secret"
)

func TestSplitWords(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []string
		fail string
	}{
		{"pass show a", []string{"pass", "show", "a"}, ""},
		{`  a  "b c" 'd "e' f\ g "" "h\"i" x'y'z `, []string{"a", "b c", `d "e`, "f g", "", `h"i`, "xyz"}, ""},
		{`a '$(x) | y' "b;c"`, []string{"a", "$(x) | y", "b;c"}, ""},
		{`a 'b\'`, []string{"a", `b\`}, ""},
		{"", nil, "names no command"},
		{`""`, nil, "names no command"},
		{"a | b", nil, "needs a shell"},
		{"a $B", nil, "needs a shell"},
		{"a; b", nil, "needs a shell"},
		{"a > b", nil, "needs a shell"},
		{`a "b`, nil, "unclosed quote"},
		{`a \`, nil, "unclosed quote"},
	} {
		got, fault := splitWords(c.in)
		if d := cmp.Diff(c.want, got); d != "" || (c.fail == "") != fault.none() || !strings.Contains(fault.message, c.fail) {
			t.Errorf("%q: %q, %+v", c.in, got, fault)
		}
	}
}

func TestSecretFromEnv(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good, empty, two := file("good", " from-file \n"), file("empty", "\n"), file("two", "c4n4ry\nc4n4ry\n")
	big := file("big", strings.Repeat("c4n4ry", 20_000))
	for _, c := range []struct {
		reason           string
		env              map[string]string
		value, name, bad string
	}{
		{"nothing set", nil, "", "", ""},
		{"plain, trimmed", map[string]string{"B": " from-env\n"}, "from-env", "B", ""},
		{"the first name wins", map[string]string{"A": "a", "B": "b"}, "a", "A", ""},
		{"empty does not hide the file", map[string]string{"A": "", "A_FILE": good}, "from-file", "A_FILE", ""},
		{"empty is not set", map[string]string{"A": " ", "B": "b"}, "b", "B", ""},
		{"the value wins over its file", map[string]string{"A": "a", "A_FILE": dir}, "a", "A", ""},
		{"no such file", map[string]string{"A_FILE": dir + "/none", "B": "b"}, "", "A_FILE", "A_FILE: cannot read the file"},
		{"a directory", map[string]string{"A_FILE": dir}, "", "A_FILE", "A_FILE: cannot read the file"},
		{"an empty file", map[string]string{"A_FILE": empty}, "", "A_FILE", "A_FILE: the file is empty"},
		{"two lines", map[string]string{"A_FILE": two}, "", "A_FILE", "A_FILE: white space"},
		{"too big", map[string]string{"A_FILE": big}, "", "A_FILE", "A_FILE: the file is larger"},
		{"two words", map[string]string{"A": "c4n4ry c4n4ry"}, "", "A", "A: white space"},
	} {
		got, name, err := SecretFromEnv(func(n string) (string, bool) { v, ok := c.env[n]; return v, ok }, "A", "B")
		if !got.Equal(secret.New(c.value)) || name != c.name || (c.bad == "") != (err == nil) {
			t.Errorf("%s: %q, %v", c.reason, name, err)
		}
		if err != nil && (!strings.Contains(err.Error(), c.bad) || strings.Contains(err.Error(), canary)) {
			t.Errorf("%s: %v", c.reason, err)
		}
	}
}

func TestNearest(t *testing.T) {
	known := names(vehicleKeys)
	for in, want := range map[string]string{
		"vehicle_id": "vehicleId", "VehicleID": "vehicleId", "id": "vehicleId", "user-id": "userId", "acessToken": "accessToken",
		"access_token": "accessToken", "expiresAt": "accessTokenExpiresAt", "field": "fields", "lable": "label", "colour": "", "x": "", "": "",
	} {
		if got := document.Nearest(in, known, aliases); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestSchema holds the editors' schema to the reader: what one accepts the other accepts, key by key.
func TestSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile(folder + "/inventory.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"full", "flow", "tail", "anchors"} {
		if err := schema.Validate(firstDocument(t, name+".yaml")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"unknown-keys", "unknown-header", "map-shaped", "wrong-types", "version-2", "version-text", "no-version", "bad-fields", "bad-header", "bad-ids"} {
		if schema.Validate(firstDocument(t, name+".bad.yaml")) == nil {
			t.Errorf("the schema accepts %s", name)
		}
	}
}

// firstDocument gives a file as JSON would, numbers that the reader takes as text included.
func firstDocument(t *testing.T, name string) any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.ReplaceAll(text, []byte("vehicleId: 12345"), []byte(`vehicleId: "12345"`))
	var v any
	if err := yaml.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	coded, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(coded))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}
