package cli_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"scmigrate/fixtures"
	"scmigrate/migrate/report"
)

// TestRealReportsFollowThePublishedSchema validates what real runs wrote, private and shareable.
func TestRealReportsFollowThePublishedSchema(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(report.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("report.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]fixtures.Scenario{"demo": fixtures.DemoScenario(120, 21), "healthy": fixtures.HealthyScenario(1, 2)} {
		b := newBench(t, s)
		b.run("--json-full", "--fields", "all")
		for _, file := range []string{"out/report.json", "out/share/report.json"} {
			text, err := os.ReadFile(b.path(file))
			if err != nil {
				t.Fatal(err)
			}
			instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(instance); err != nil {
				t.Errorf("%s, %s: %v", name, file, err)
			}
		}
	}
}
