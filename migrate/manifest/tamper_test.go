package manifest

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"
)

// edits are what somebody may do to the text of a manifest; each must be refused by what it says, in every form.
var edits = []struct {
	name string
	edit func(lines []string, form Form) []string
}{
	{"changed userId", inLine("vehicle-0", "user-1", "user-9")},
	{"changed vehicleId", inLine("vehicle-0", "vehicle-0", "vehicle-x")},
	{"another proof", inLine("vehicle-1", "partial", "full")},
	{"younger evidence", inLine("vehicle-1", "2026-11-24T12", "2026-11-25T11")},
	{"no waiver", inLine("vehicle-1", "W-1", "W-2")},
	{"longer waiver", inLine("2026-12-31", "2026-12-31", "2036-12-31")},
	{"another run", inLine("run-a", "run-a", "run-b")},
	{"fewer permissions", inLine("vehicle-3", "read_vin", "read_vip")},
	{"added vehicle", func(l []string, _ Form) []string {
		i := at(l, "vehicle-0")
		return slices.Insert(l, i+1, strings.ReplaceAll(l[i], "vehicle-0", "vehicle-x"))
	}},
	{"added instead of another", func(l []string, _ Form) []string {
		i := at(l, "vehicle-0")
		l[i] = strings.ReplaceAll(l[i], "vehicle-0", "vehicle-7")
		return l
	}},
	{"removed vehicle", func(l []string, _ Form) []string { i := at(l, "vehicle-4"); return slices.Delete(l, i, i+1) }},
	{"removed left-out vehicle", func(l []string, _ Form) []string { i := at(l, "vehicle-9"); return slices.Delete(l, i, i+1) }},
	{"duplicate entry", func(l []string, _ Form) []string { i := at(l, "vehicle-4"); return slices.Insert(l, i, l[i]) }},
	{"duplicate entry in place of another", func(l []string, _ Form) []string { l[at(l, "vehicle-4")] = l[at(l, "vehicle-3")]; return l }},
	{"two entries changed places", func(l []string, _ Form) []string {
		i, j := at(l, "vehicle-3"), at(l, "vehicle-4")
		l[i], l[j] = l[j], l[i]
		return l
	}},
	{"reordered waves", func(l []string, _ Form) []string {
		i, j := at(l, "vehicle-0"), at(l, "vehicle-4")
		l[i], l[j] = l[j], l[i]
		return l
	}},
	{"earlier wave", func(l []string, form Form) []string {
		i := at(l, "vehicle-3")
		if form == CSV {
			l[i] = strings.Replace(l[i], ",3,", ",2,", 1)
		} else {
			l[i] = strings.Replace(l[i], `"wave":3`, `"wave":2`, 1)
		}
		return l
	}},
	{"wrong schema version", inLine("scmigrate/manifest/1", "manifest/1", "manifest/2")},
	{"truncated in mid-list", func(l []string, _ Form) []string { return l[:at(l, "vehicle-4")] }},
	{"truncated before the end", func(l []string, _ Form) []string { return l[:len(l)-1] }},
	{"truncated in mid-line", func(l []string, _ Form) []string { l[len(l)-1] = l[len(l)-1][:20]; return l }},
	{"something behind the end", func(l []string, _ Form) []string { return append(l, l[at(l, "vehicle-4")]) }},
	{"two lists in one", func(l []string, _ Form) []string { return append(l, l...) }},
	{"another digest", func(l []string, _ Form) []string {
		end := l[len(l)-1]
		i := strings.Index(end, "sha256:") + len("sha256:")
		l[len(l)-1] = end[:i] + strings.Repeat("0", 64) + end[i+64:]
		return l
	}},
	{"a member twice", func(l []string, form Form) []string {
		if form == CSV {
			return inLine("vehicle-0", ",user-1,", ",user-1,,")(l, form)
		}
		return inLine("vehicle-0", `"userId":"user-1"`, `"userId":"user-9","userId":"user-1"`)(l, form)
	}},
	{"a member in capitals", func(l []string, form Form) []string {
		if form == CSV {
			return inLine("vehicle-0", "vehicle,", "Vehicle,")(l, form)
		}
		return inLine("vehicle-0", `"userId"`, `"USERID"`)(l, form)
	}},
	{"an escape that only some read", func(l []string, form Form) []string {
		if form == CSV {
			return inLine("vehicle-0", ",user-1,", `,"user-1",`)(l, form)
		}
		return inLine("vehicle-0", `user-1`, `\u0075ser-1`)(l, form)
	}},
	{"blanks", func(l []string, _ Form) []string { i := at(l, "vehicle-0"); l[i] += " "; return l }},
	{"an empty line", func(l []string, _ Form) []string { return slices.Insert(l, at(l, "vehicle-4"), "") }},
	{"no head", func(l []string, form Form) []string {
		i := at(l, "scmigrate/manifest/1")
		return slices.Delete(l, i, i+1)
	}},
	{"nothing", func([]string, Form) []string { return nil }},
}

func at(lines []string, part string) int {
	return slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, part) })
}

// inLine replaces a text in the first line that holds a part.
func inLine(part, old, by string) func([]string, Form) []string {
	return func(l []string, _ Form) []string {
		i := at(l, part)
		l[i] = strings.Replace(l[i], old, by, 1)
		return l
	}
}

func TestEveryTamperingIsRefused(t *testing.T) {
	for _, form := range []Form{YAML, JSONL, CSV} {
		whole := aList().sealed(t, form)
		if v, refused, err := opened(whole, form); refused != nil || err != nil || v.Account() != (Account{Vehicles: 7, Users: 5, Oldest: measured.Unix()}) {
			t.Fatalf("%s: an untouched manifest: %v, %v", form, refused, err)
		}
		for _, c := range edits {
			text := []byte(strings.Join(c.edit(strings.Split(strings.TrimSpace(string(whole)), "\n"), form), "\n"))
			if bytes.Equal(text, bytes.TrimSpace(whole)) {
				t.Fatalf("%s, %s: nothing was changed", form, c.name)
			}
			_, refused, err := opened(text, form)
			if refused == nil || err != nil {
				t.Errorf("%s, %s: it was taken (%v)\n%s", form, c.name, err, text)
				continue
			}
			if refused.Hint == "" || refused.Why == "" {
				t.Errorf("%s, %s: %v", form, c.name, refused)
			}
			t.Logf("%s, %s: %v", form, c.name, refused)
		}
	}
}

// TestEveryChangedByteIsRefused: no byte of a manifest may be another one, but for the comment and line breaks.
func TestEveryChangedByteIsRefused(t *testing.T) {
	for _, form := range []Form{YAML, JSONL, CSV} {
		whole := aList().sealed(t, form)
		from := 0
		if form == YAML {
			from = len(yamlIntro)
		}
		seal := bytes.Index(whole, []byte("hmac-sha256:")) // is judged by Written alone
		for i := from; i < seal; i++ {
			text := bytes.Clone(whole)
			text[i] ^= 1
			if _, refused, _ := opened(text, form); refused == nil {
				t.Errorf("%s: byte %d of %q may be %q", form, i, whole[max(0, i-20):i+1], text[i])
			}
		}
		for n := range len(whole) - 3 {
			if _, refused, _ := opened(whole[:n], form); refused == nil {
				t.Errorf("%s: it was taken although it was cut at %d of %d", form, n, len(whole))
			}
		}
	}
}

// TestForgedManifestsHaveNoSeal: who knows the format but not the run's directory can write a list whose digest fits.
func TestForgedManifestsHaveNoSeal(t *testing.T) {
	forged := aList()
	forged.vehicles = append(forged.vehicles, Vehicle{VehicleID: "vehicle-x", UserID: "user-x", Wave: 3, Proof: "full", EvidenceAt: measured, Evidence: hashOf(nil)})
	forged.count()
	for _, form := range []Form{YAML, JSONL, CSV} {
		for _, key := range []string{"", "00", "00fe"} {
			raw, _ := hex.DecodeString(key)
			v, refused, err := opened(forged.written(t, form, raw), form)
			if refused != nil || err != nil {
				t.Fatalf("the forger's digest does not fit: %v, %v", refused, err)
			}
			if err := v.Written(theRun()); err == nil || !contains(err.Error(), "its seal is not that of the run") {
				t.Errorf("%s, key %q: %v", form, key, err)
			}
		}
		v, _, _ := opened(aList().sealed(t, form), form)
		if err := v.Written(theRun()); err != nil {
			t.Errorf("%s: its own run: %v", form, err)
		}
		other := theRun()
		other.RunID = "run-b"
		if err := v.Written(other); err == nil || !contains(err.Error(), `it was made of run "run-a"`) {
			t.Errorf("%s: another run: %v", form, err)
		}
	}
}

// TestForgersRulesHold: what no digest shows is refused all the same, even with the right seal.
func TestForgersRulesHold(t *testing.T) {
	for name, change := range map[string]func(*list){
		"stands in it twice":            func(l *list) { l.vehicles[6] = l.vehicles[5] },
		"a wave holds whole users":      func(l *list) { l.vehicles[1].Wave = 1; l.vehicles[2].Wave = 3 },
		"to be switched and left out":   func(l *list) { l.leftOut[0].VehicleID, l.leftOut[0].UserID = "VEHICLE-0", "User-1" },
		"is not as scmigrate writes it": func(l *list) { l.vehicles[2].Evidence = "zz" },
	} {
		l := aList()
		change(&l)
		slices.SortStableFunc(l.vehicles, func(a, b Vehicle) int { return a.Wave - b.Wave })
		if _, refused, err := opened(l.sealed(t, JSONL), JSONL); refused == nil || !contains(refused.Error(), name) {
			t.Errorf("%s: %v, %v", name, refused, err)
		}
	}
}

func TestHostileFilesAreRefused(t *testing.T) {
	deep := strings.Repeat("[", 200_000) + strings.Repeat("]", 200_000)
	for name, text := range map[string]string{
		"one endless line":    strings.Repeat("a", 8<<20),
		"endless lines":       strings.Repeat("# nothing\n", 1_000_000) + "x",
		"deep":                deep,
		"deep in a head":      `{"schema":"scmigrate/manifest/1","tool":` + deep + "}",
		"deep in YAML":        "schema: " + deep + "\nvehicles:\n",
		"aliases":             "a: &a [x,x]\nb: &b [*a,*a]\nvehicles: *b\n",
		"binary":              "\x00\x01\xff\xfe" + strings.Repeat("\x00", 100_000),
		"another document":    "version: 1\nvehicles:\n  - vehicleId: a\n",
		"a byte order mark":   "\ufeff" + string(aList().sealed(t, YAML)),
		"UTF-16":              strings.Join(strings.Split(string(aList().sealed(t, JSONL)), ""), "\x00"),
		"a head of no end":    "schema: \"scmigrate/manifest/1\"\n" + strings.Repeat("a: 1\n", 1_000_000),
		"numbers of no sense": `{"schema":"scmigrate/manifest/1","tool":{"name":"scmigrate","version":""},"run":{"id":"","startedAt":"","finishedAt":"","inventoryDigest":"","rulesDigest":"","legacyApi":"","fields":""},"seed":1,"counts":{"vehicles":9223372036854775807,"users":-1,"leftOut":1,"held":0},"waves":[{"wave":1,"share":"100%","vehicles":-1,"users":-1}]}`,
	} {
		for _, form := range []Form{YAML, JSONL, CSV} {
			began := time.Now()
			if _, refused, err := opened([]byte(text), form); refused == nil || len(refused.Error()) > 1000 {
				t.Errorf("%s as %s: %.300v, %v", name, form, refused, err)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("%s as %s took %s", name, form, took)
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{"", "{}", yamlIntro + "vehicles:\n", `{"schema":"scmigrate/manifest/1"}`, "record,vehicleId\n"} {
		f.Add([]byte(seed), 0)
	}
	f.Fuzz(func(t *testing.T, text []byte, which int) {
		form := []Form{YAML, JSONL, CSV}[uint(which)%3]
		if v, refused, err := opened(text, form); v != nil || refused == nil && err == nil {
			t.Errorf("%s took %q", form, text)
		}
	})
}

// TestTimeSpeaksAgainstEntries: by itself, at its very bounds.
func TestTimeSpeaksAgainstEntries(t *testing.T) {
	lastDay := time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC)
	for _, c := range []struct {
		now    time.Time
		maxAge time.Duration
		want   int
	}{
		{today, 24 * time.Hour, 0}, {today.Add(time.Second), 24 * time.Hour, 7}, {measured, time.Hour, 0}, {measured.Add(-5 * time.Minute), time.Hour, 0}, {measured.Add(-6 * time.Minute), time.Hour, 7},
		{lastDay, 1000 * time.Hour, 0}, {lastDay.Add(time.Second), 1000 * time.Hour, 1},
	} {
		v, err := Open(bytes.NewReader(aList().sealed(t, JSONL)), JSONL, Terms{Now: c.now, MaxAge: c.maxAge})
		if err != nil {
			t.Fatal(err)
		}
		if got := v.Account().Refused; got != c.want {
			t.Errorf("at %s with %s: %d are refused, want %d", c.now, c.maxAge, got, c.want)
		}
	}
}
