package rules

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
)

// TestSchema holds the editors' schema to the reader: it accepts what the reader accepts, and refuses what it can see.
func TestSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile(folder + "/rules.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(asJSON(t, "full.yaml")); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"unknown-keys", "values", "waivers", "gates", "not-a-mapping", "no-version"} {
		if schema.Validate(asJSON(t, name+".bad.yaml")) == nil {
			t.Errorf("the schema accepts %s", name)
		}
	}
	for text, want := range map[string]bool{"blocked == 0": true, "unverifiable of vin<=2.5%": true, `lost < 3 @95% in make "LAND ROVER"`: true, "blocked = 0": false, "lost of vin == 0": false} {
		doc := map[string]any{"version": json.Number("1"), "gates": []any{text}}
		if _, err := ParseGate(text); (schema.Validate(doc) == nil) != want || (err == nil) != want {
			t.Errorf("%q: schema %v, reader %v, want %v", text, schema.Validate(doc), err, want)
		}
	}
}

// asJSON gives a file as JSON would; a cohort whose name is a number is quoted there.
func asJSON(t *testing.T, name string) any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := yaml.Unmarshal(bytes.ReplaceAll(text, []byte("    2026: {"), []byte(`    "2026": {`)), &v); err != nil {
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
