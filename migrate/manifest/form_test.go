package manifest

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
)

// compiled is a part of the published schema.
func compiled(t *testing.T, part string) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("manifest.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("manifest.schema.json" + part)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t *testing.T, s *jsonschema.Schema, text []byte) {
	t.Helper()
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err == nil {
		err = s.Validate(instance)
	}
	if err != nil {
		t.Errorf("%.300s: %v", text, err)
	}
}

// hostileList has in every free text what breaks writers: its ids are what an inventory lets through.
func hostileList() list {
	l := aList()
	for i, text := range []string{`=cmd()|'x'`, `'"{[]},wave:`, "<script>&amp;", "é-ü-漢字-🚗", "+1", "@sum", `a:"b",c`} {
		l.vehicles[i].VehicleID, l.vehicles[i].Cohort = text, strings.ToUpper(text)
	}
	l.vehicles[0].UserID, l.leftOut[0].VehicleID, l.leftOut[0].UserID = `- {"a":1}`, `*alias`, `&anchor`
	l.leftOut[1].VehicleID, l.leftOut[1].UserID = "", ""
	l.vehicles[1].UserID = "＝1"
	l.head.Canary = "'=q"
	return l
}

// TestFormsSayTheSame: every form follows the schema, is read by parsers that are not ours, and holds the same records under the same digest.
func TestFormsSayTheSame(t *testing.T) {
	for name, l := range map[string]list{"plain": aList(), "hostile": hostileList()} {
		var ends []End
		for _, form := range []Form{YAML, JSONL, CSV} {
			text := l.sealed(t, form)
			var again list
			end, err := Read(bytes.NewReader(text), form, Visit{Head: func(h Head) error { again.head = h; return nil },
				Vehicle: func(_ int, v Vehicle) error { again.vehicles = append(again.vehicles, v); return nil },
				LeftOut: func(_ int, v LeftOut) error { again.leftOut = append(again.leftOut, v); return nil }})
			if err != nil {
				t.Fatalf("%s, %s: %v\n%s", name, form, err, text)
			}
			want := l
			want.count()
			if !reflect.DeepEqual(again, want) {
				t.Errorf("%s, %s: read back as\n%+v\nwant\n%+v", name, form, again, want)
			}
			ends = append(ends, end)
			if _, _, err := opened(bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n")), form); err != nil {
				t.Errorf("%s, %s with other line breaks: %v", name, form, err)
			}
		}
		if ends[0] != ends[1] || ends[1] != ends[2] {
			t.Errorf("%s: the ends are %+v", name, ends)
		}
	}
}

func TestYAMLFollowsTheSchema(t *testing.T) {
	none := aList()
	none.leftOut = nil
	for _, l := range []list{aList(), hostileList(), none} {
		var doc map[string]any
		text := l.sealed(t, YAML)
		if err := yaml.Unmarshal(text, &doc); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		asJSON, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		validate(t, compiled(t, ""), asJSON)
		for i, v := range doc["vehicles"].([]any) {
			if got := v.(map[string]any)["vehicleId"]; got != l.vehicles[i].VehicleID {
				t.Errorf("a YAML parser reads %q, want %q", got, l.vehicles[i].VehicleID)
			}
		}
	}
}

func TestJSONLinesFollowTheSchema(t *testing.T) {
	for _, l := range []list{aList(), hostileList()} {
		lines := bytes.Split(bytes.TrimSpace(l.sealed(t, JSONL)), []byte("\n"))
		for i, line := range lines {
			part := "vehicle"
			switch {
			case i == 0:
				part = "head"
			case i == len(lines)-1:
				part = "end"
			case i > len(l.vehicles):
				part = "leftOut"
			}
			validate(t, compiled(t, "#/$defs/"+part), line)
		}
	}
}

func TestCSVFollowsTheSchema(t *testing.T) {
	for _, l := range []list{aList(), hostileList()} {
		rows, err := csv.NewReader(bytes.NewReader(l.sealed(t, CSV))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		validate(t, compiled(t, "#/$defs/head"), []byte(rows[1][len(rows[1])-1]))
		validate(t, compiled(t, "#/$defs/end"), []byte(rows[len(rows)-1][len(rows[0])-1]))
		for i, row := range rows[2 : 2+len(l.vehicles)] {
			for _, cell := range row {
				if strings.IndexAny(cell, "=+-@＝＋－＠") == 0 {
					t.Errorf("the cell %q begins a formula", cell)
				}
			}
			object := map[string]any{}
			for j, name := range rows[0] {
				switch cell := strings.TrimPrefix(row[j], "'"); {
				case name == "record" || cell == "":
				case name == "wave":
					object[name] = json.Number(cell)
				case slices.Contains([]string{"fields", "permissions", "waivers"}, name):
					object[name] = strings.Fields(cell)
				default:
					object[name] = cell
				}
			}
			text, err := json.Marshal(object)
			if err != nil {
				t.Fatal(err)
			}
			validate(t, compiled(t, "#/$defs/vehicle"), text)
			if object["vehicleId"] != l.vehicles[i].VehicleID {
				t.Errorf("a CSV parser reads %q, want %q", object["vehicleId"], l.vehicles[i].VehicleID)
			}
		}
	}
}

func TestFormOf(t *testing.T) {
	for _, c := range []struct {
		given, path string
		want        Form
	}{{"", "a.yaml", YAML}, {"", "a.YML", YAML}, {"", "b.jsonl", JSONL}, {"", "c.csv", CSV}, {"csv", "a.yaml", CSV}, {"", "a.json", ""}, {"", "a", ""}, {"xml", "a.yaml", ""}} {
		if got, err := FormOf(c.given, c.path); got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("FormOf(%q, %q) = %q, %v", c.given, c.path, got, err)
		}
	}
}
