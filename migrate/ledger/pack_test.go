package ledger

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"scmigrate/compare"
	"scmigrate/migrate"
)

// fillMembers gives every member of v a value, so that one that is added later and gets lost is seen. Lists have two elements.
func fillMembers(v reflect.Value, n *int) {
	*n++
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(noon.Add(time.Duration(*n)*time.Millisecond + 7).In(time.FixedZone("", 3600))))
		return
	case compare.Value:
		forms := []compare.Value{compare.NumberValue(float64(*n) + 0.123456), compare.TextValue("w\"<\u2028"), compare.FlagValue(true), compare.FlagValue(false), compare.SetValue([]string{"b", "a"}), compare.SetValue(nil), {}}
		v.Set(reflect.ValueOf(forms[*n%len(forms)]))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillMembers(v.Elem(), n)
	case reflect.Struct:
		for i := range v.NumField() {
			fillMembers(v.Field(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fillMembers(v.Index(0), n)
		fillMembers(v.Index(1), n)
	case reflect.String:
		v.SetString(strings.Repeat("text ", *n%40))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n) << 33)
	case reflect.Float64:
		v.SetFloat(float64(*n) / 7)
	case reflect.Bool:
		v.SetBool(true)
	default:
		panic("a kind that this test does not know: " + v.Kind().String())
	}
}

// TestEvidenceComesBack: every member, and what is there of it.
func TestEvidenceComesBack(t *testing.T) {
	full := migrate.Evidence{}
	n := 0
	for range 7 { // every form of a value in every place
		n++
		fillMembers(reflect.ValueOf(&full).Elem(), &n)
		comesBack(t, &Ledger{}, full, full)
	}
	comesBack(t, &Ledger{}, migrate.Evidence{}, migrate.Evidence{})
	for at := range 3 {
		e := migrate.Evidence{Findings: []compare.Finding{{Field: "a"}, {Field: "b"}, {Field: "c"}}}
		e.Findings[at].Field = "vin"
		comesBack(t, &Ledger{}, e, e)
		e.Findings = e.Findings[at : at+1]
		comesBack(t, &Ledger{}, e, e)
	}
	comesBack(t, &Ledger{}, aRecord(0, migrate.Blocked).Evidence, aRecord(0, migrate.Blocked).Evidence)
}

func comesBack(t *testing.T, l *Ledger, e, want migrate.Evidence) {
	t.Helper()
	packed, err := l.pack(e)
	if err != nil {
		t.Fatal(err)
	}
	var whole, head migrate.Evidence
	if err := unpack(packed, &whole, true); err != nil {
		t.Fatal(err)
	}
	if err := unpack(packed, &head, false); err != nil {
		t.Fatal(err)
	}
	if !sameJSON(whole, want) {
		t.Errorf("%+v came back of %+v", whole, want)
	}
	want.Findings = slices.DeleteFunc(slices.Clone(want.Findings), func(f compare.Finding) bool { return f.Field != "vin" })
	if !sameJSON(head, want) {
		t.Errorf("without its further findings %+v came back of %+v", head, want)
	}
}

// TestRedactedEvidenceCanBeRead: a secret goes wherever it stands, and its place may be shorter or longer.
func TestRedactedEvidenceCanBeRead(t *testing.T) {
	for _, by := range []string{"", "[a secret was here, and this is a long word about it]"} {
		e := aRecord(0, migrate.Ready).Evidence
		e.Model, e.App.Detail, e.Findings[1].Note = "token-canary", "said token-canary twice: token-canary", "token-canary"
		want := aRecord(0, migrate.Ready).Evidence
		want.Model, want.App.Detail, want.Findings[1].Note = by, "said "+by+" twice: "+by, by
		l := &Ledger{Redact: func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("token-canary"), []byte(by)) }}
		comesBack(t, l, e, want)
	}
}

// TestOddTextsComeBack: what is not UTF-8 is read as JSON reads it, and costs nobody the ledger.
func TestOddTextsComeBack(t *testing.T) {
	e := migrate.Evidence{Model: "\xff\xfe", Findings: []compare.Finding{{Note: "\xff"}}}
	comesBack(t, &Ledger{}, e, e)
}

// TestAnAbsurdAnswerCostsNobodyTheLedger: texts of megabytes where a word belongs are no answer, and what is kept of them can
// be read again.
func TestAnAbsurdAnswerCostsNobodyTheLedger(t *testing.T) {
	long := strings.Repeat("ab", 5<<20)
	body := `{"data":[{"id":"vehicleidentification-vin","attributes":{"code":"vehicleidentification-vin","status":{"value":"SUCCESS"},"body":{"value":"` + long + `"}}}],` +
		`"included":{"vehicle":{"id":"car-1","attributes":{"make":"` + long + `"}}}}`
	signals, err := compare.ParseSignals([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	app := compare.ReadApp(compare.All(), signals)
	e := migrate.Evidence{Make: signals.Text("make"), Findings: compare.Diff(compare.All(), compare.AllFailed(compare.All(), compare.Failure{Kind: compare.KindUpstream}), app)}
	comesBack(t, &Ledger{}, e, e)
	if size := len(e.Make) + len(app[0].Value.Text); size > 2*compare.MaxWord {
		t.Errorf("%d bytes are kept", size)
	}
}

// TestDamagedEvidence is an error, in bounded memory, and says nothing of what is there.
func TestDamagedEvidence(t *testing.T) {
	packed, err := (&Ledger{}).pack(aRecord(0, migrate.Ready).Evidence)
	if err != nil {
		t.Fatal(err)
	}
	for n := range packed {
		var e migrate.Evidence
		if err := unpack(packed[:n], &e, true); err == nil {
			t.Fatalf("%d of %d bytes are taken for all", n, len(packed))
		}
		broken := bytes.Clone(packed)
		broken[n] ^= 0x41
		if err := unpack(broken, &e, true); err != nil && strings.Contains(err.Error(), "TESLA") {
			t.Error(err)
		}
	}
	huge := append([]byte{5, 0xff, 0xff, 0xff, 0xff, 0x7f}, 0)
	if err := unpack(huge, &migrate.Evidence{}, true); err == nil {
		t.Error("34 GB are taken for evidence")
	}
	if text, err := json.Marshal(&migrate.Evidence{}); err != nil || unpack(text, &migrate.Evidence{}, true) == nil {
		t.Error("JSON is taken for evidence", err)
	}
}
