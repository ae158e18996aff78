package cli_test

import (
	"bytes"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"scmigrate/fixtures"
	"scmigrate/migrate/preflight"
	"scmigrate/migrate/report"
)

// published compiles a schema as it lies in the repository.
func published(t *testing.T, text []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// wantFollows holds a document against a schema.
func wantFollows(t *testing.T, schema *jsonschema.Schema, name, text string) {
	t.Helper()
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(text)))
	if err == nil {
		err = schema.Validate(instance)
	}
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

// TestRealReportsFollowThePublishedSchema validates what real runs wrote, private and shareable.
func TestRealReportsFollowThePublishedSchema(t *testing.T) {
	schema := published(t, report.Schema())
	for name, s := range map[string]fixtures.Scenario{"demo": fixtures.DemoScenario(120, 21), "healthy": fixtures.HealthyScenario(1, 2)} {
		b := newBench(t, s)
		b.run("--json-full", "--fields", "all")
		for _, file := range []string{"out/report.json", "out/share/report.json"} {
			wantFollows(t, schema, name+", "+file, b.read(file))
		}
	}
}

// TestRealDiffsFollowThePublishedSchema: of two nights, the other way round, of nothing new, and a report that holds one.
func TestRealDiffsFollowThePublishedSchema(t *testing.T) {
	b, _ := twoNights(t)
	b.measure(3, "out", "--previous", b.path("first"))
	if code, _, stderr := b.rejudge(b.path("out"), "-o", b.path("same")); code != 3 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	schema := published(t, report.SchemaOfDiff())
	for _, dirs := range [][2]string{{"first", "out"}, {"out", "first"}, {"out", "same"}} {
		_, stdout, _ := b.call("diff", b.path(dirs[0]), b.path(dirs[1]), "--format", "json")
		wantFollows(t, schema, dirs[0]+" "+dirs[1], stdout)
	}
	for _, file := range []string{"out/report.json", "out/share/report.json"} {
		wantFollows(t, published(t, report.Schema()), file, b.read(file))
	}
}

// TestRealPreflightsFollowThePublishedSchema: of setups that are well, wrong and undecided.
func TestRealPreflightsFollowThePublishedSchema(t *testing.T) {
	schema := published(t, preflight.Schema())
	off := readyFleet()
	off.Switches = fixtures.Switches{AppNotEnabled: true}
	for name, c := range map[string]struct {
		scenario fixtures.Scenario
		prepare  func(*bench)
	}{
		"well": {readyFleet(), unchanged}, "v3 off": {off, unchanged}, "v2.0 away": {readyFleet(), func(b *bench) { b.without("/v2.0/") }},
		"no secret": {readyFleet(), func(b *bench) { b.env["SMARTCAR_CLIENT_SECRET"] = "not-a-secret-of-this-application" }},
	} {
		b := newBench(t, c.scenario)
		c.prepare(b)
		code, stdout, _ := b.call("preflight", "-i", b.path("inventory.yaml"), "--limit", "unlimited", "--timeout-legacy", "2s", "--timeout-app", "2s", "--format", "json")
		t.Logf("%s: exit %d", name, code)
		wantFollows(t, schema, name, stdout)
	}
}
