package inventory

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// Entry is one vehicle of the inventory without its token: what may be kept, stored and shown. Values that were found
// faulty are left out, so every value here is clean (CONTRACT §4).
type Entry struct {
	Ordinal    int       // 0-based place among all entries of the file
	VehicleID  string    // opaque; "" only in an Invalid entry
	UserID     string    // opaque; "" where the inventory has none: a verdict, not an error
	Grant      string    // vehicles of one grant share one token pair; "" if not stated
	VIN        string    // upper case; ""
	Label      string    // for private reports only
	Cohort     string    //
	Fields     []string  // canonical field names in the order given; whether they exist is not judged here
	ExpiresAt  time.Time // of the access token, UTC; zero if not stated
	HasToken   bool      // the entry names an access token
	HasRefresh bool      // the entry names a refresh token
	TokenKind  Kind      // where the access token comes from
	Line       int       // 1-based line of the file
	Offset     int64     // for TokenAt, together with Length; means nothing else
	Length     int       //
	Invalid    string    // with KeepGoing: what is wrong with the row, free of its values
	Duplicate  bool      // with KeepGoing: the same (VehicleID, UserID) stands further up
}

// row is an entry while it is being read.
type row struct {
	Entry
	token, refresh Reference
	env            *environment // nil: references are not checked for being resolvable
	broken         bool         // vehicleId was there but faulty: saying that it is missing as well would be wrong
	*faults
}

// environment is what the values of an inventory are checked against.
type environment struct {
	getenv func(string) (string, bool)
	known  func(field string) error // Options.CheckField
	dir    string                   // what relative paths start from
	watch  *watch                   // Options.watch
}

// vehicleKeys is everything a vehicle may say.
var vehicleKeys = []key[row]{
	{"vehicleId", (*row).readVehicleID},
	{"userId", stringKey("userId", idComplaint, func(r *row, s string) { r.UserID = s })},
	{"accessToken", (*row).readAccessToken},
	{"accessTokenExpiresAt", (*row).readExpiry},
	{"grant", stringKey("grant", grantComplaint, func(r *row, s string) { r.Grant = s })},
	{"refreshToken", (*row).readRefreshToken},
	{"vin", stringKey("vin", vinComplaint, func(r *row, s string) { r.VIN = strings.ToUpper(s) })},
	{"label", stringKey("label", labelComplaint, func(r *row, s string) { r.Label = s })},
	{"cohort", stringKey("cohort", cohortComplaint, func(r *row, s string) { r.Cohort = s })},
	{"fields", (*row).readFields},
}

// elsewhere are keys that are right in the file's first document and wrong in a vehicle.
var elsewhere = []string{"version", "application", "legacyTokens", "vehicles"}

// readVehicle reads one vehicle. Everything wrong with it is in the row's faults.
func readVehicle(n *yaml.Node, env *environment, f *faults) row {
	n = resolved(n)
	r := row{env: env, faults: f, Entry: Entry{Line: f.line(n.Line)}}
	if n.Kind != yaml.MappingNode {
		f.at(n, "a vehicle must be a mapping, not "+shape(n), `write "- vehicleId: …"`)
		return r
	}
	if strays := strayKeys(n); len(strays) > 0 {
		f.at(strays[0], "this document is not a vehicle", strings.Join(elsewhere, ", ")+" belong in the first document, once; every other document of a stream is one vehicle")
		return r
	}
	walk(f, &r, n, vehicleKeys)
	if r.VehicleID == "" && !r.broken {
		f.at(n, "vehicleId is missing", "every vehicle needs the id it has at Smartcar")
	}
	r.Fields = slices.Clip(r.Fields)
	return r
}

func strayKeys(n *yaml.Node) []*yaml.Node {
	var list []*yaml.Node
	for i := 0; i < len(n.Content); i += 2 {
		if slices.Contains(elsewhere, n.Content[i].Value) {
			list = append(list, n.Content[i])
		}
	}
	return list
}

// stringKey reads one text value. An empty userId counts as none; any other empty value is a slip of whoever wrote the file.
func stringKey(name string, judge func(string) complaint, set func(*row, string)) func(*row, *yaml.Node) {
	return func(r *row, n *yaml.Node) {
		s, ok := r.value(n, name, judge)
		if ok {
			set(r, s)
		}
	}
}

func (r *row) value(n *yaml.Node, name string, judge func(string) complaint) (string, bool) {
	s, ok := r.text(n, name)
	if !ok || (s == "" && name == "userId") {
		return "", false
	}
	if s == "" {
		r.at(n, name+" is empty", "leave the key out if there is no value")
		return "", false
	}
	if r.env != nil {
		r.env.watch.value(name, s)
	}
	if c := judge(s); !c.none() {
		r.at(n, name+" "+c.message, c.hint)
		return "", false
	}
	return s, true
}

func (r *row) readVehicleID(n *yaml.Node) {
	s, ok := r.value(n, "vehicleId", idComplaint)
	r.VehicleID, r.broken = s, !ok && !isNull(n)
}

func (r *row) readAccessToken(n *yaml.Node) {
	ref, ok := r.reference(n, "accessToken")
	if !ok {
		return
	}
	if c := r.env.unresolvable(ref); !c.none() {
		r.at(n, "accessToken "+c.message, c.hint)
		return
	}
	r.token, r.TokenKind, r.HasToken = ref, ref.kind, true
}

// readRefreshToken checks the form only: a run never uses it, so a job that runs need not be given its variable.
func (r *row) readRefreshToken(n *yaml.Node) {
	r.refresh, r.HasRefresh = r.reference(n, "refreshToken")
}

func (r *row) reference(n *yaml.Node, name string) (Reference, bool) {
	var ref Reference
	_, ok := r.value(n, name, func(s string) (c complaint) {
		ref, c = parseReference(s)
		return c
	})
	return ref, ok
}

// unresolvable says why a reference cannot ever give a token, without keeping its value.
func (e *environment) unresolvable(ref Reference) complaint {
	if e == nil || e.getenv == nil {
		return complaint{}
	}
	switch ref.kind {
	case KindEnv:
		value, _ := e.getenv(ref.name)
		if value == "" {
			return complaint{"names the environment variable " + ref.name + ", which is not set or empty", "export it, or use file: or legacyTokens.command"}
		}
		return tokenComplaint(value)
	case KindFile:
		info, err := os.Stat(e.path(ref.name))
		if err != nil || info.IsDir() {
			return complaint{"names a file that is not there", "the path is relative to the inventory's folder"}
		}
	}
	return complaint{}
}

func (e *environment) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(e.dir, name)
}

func (r *row) readExpiry(n *yaml.Node) {
	_, _ = r.value(n, "accessTokenExpiresAt", func(s string) (c complaint) {
		r.ExpiresAt, c = parseTime(s)
		return c
	})
}

func (r *row) readFields(n *yaml.Node) {
	r.Fields = r.texts(n, "fields")
	if n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
		r.at(n, "fields is an empty list", "leave the key out for the run's standard fields")
	}
	for i, name := range r.Fields {
		if c := fieldComplaint(name); !c.none() {
			r.at(n, "fields "+c.message, c.hint)
			return
		}
		if slices.Contains(r.Fields[:i], name) {
			r.at(n, "fields names "+name+" twice", "")
			return
		}
		if r.env == nil || r.env.known == nil { // only pass 1 judges
			continue
		}
		if err := r.env.known(name); err != nil {
			r.at(n, "fields: "+err.Error(), "")
			return
		}
	}
}
