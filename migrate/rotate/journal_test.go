package rotate

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"scmigrate/migrate/inventory"
	"scmigrate/migrate/secret"
)

func written(t *testing.T, steps ...record) (path string, text []byte) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "new.yaml.rotation")
	j, err := readJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.hold(Origin{Application: "a", Auth: "https://auth.example", Store: "inventory", Inventory: "old.yaml"}); err != nil {
		t.Fatal(err)
	}
	for _, r := range steps {
		if err := j.add(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	text, err = os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, text
}

func steps(t *testing.T) []record {
	t.Helper()
	pair, err := inventory.Pair{Access: secret.New("access-1"), Refresh: secret.New("refresh-1"), ExpiresAt: time.Unix(1_800_000_000, 0)}.Disclose()
	if err != nil {
		t.Fatal(err)
	}
	hash := secret.New("refresh-0").Hash()
	return []record{
		{Event: eventIntent, Token: hash, Old: "refresh-0", Grant: "g", Vehicles: []Vehicle{{"v1", "u1"}, {"v2", "u1"}}},
		{Event: eventPair, Token: hash, Pair: pair},
		{Event: eventStored, Token: hash},
	}
}

// A process or a machine may die within any byte. Wherever the file ends, or is filled with the room it keeps, it reads as one
// of the states it went through.
func TestJournalIsReadableCutAtAnyByte(t *testing.T) {
	_, text := written(t, steps(t)...)
	text = append(bytes.TrimRight(text, "\n"), '\n')
	states := []string{"", "", eventIntent, eventPair, eventStored} // by whole records, the first of which is the beginning
	for cut := range len(text) + 1 {
		for _, tail := range []string{"", strings.Repeat("\n", 40)} {
			j := &journal{items: map[string]*item{}}
			if err := j.replay(append(bytes.Clone(text[:cut]), tail...)); err != nil {
				t.Fatalf("cut at %d: %v", cut, err)
			}
			state, whole := "", bytes.Count(text[:cut], []byte("\n"))
			if tail != "" && cut < len(text) && text[cut] == '\n' {
				whole++ // the room ends the record as its own line break would
			}
			if len(j.order) > 0 {
				state = j.order[0].state
			}
			if state != states[whole] {
				t.Fatalf("cut at %d: state %q, want %q", cut, state, states[whole])
			}
		}
	}
}

// Writing goes on behind the last whole record.
func TestJournalGoesOnBehindWhatWasCutOff(t *testing.T) {
	_, text := written(t, steps(t)...)
	text = bytes.TrimRight(text, "\n")
	for _, cut := range []int{0, 1, 40, len(text) / 2, len(text) - 1, len(text)} {
		path := filepath.Join(t.TempDir(), "j")
		if err := os.WriteFile(path, append(bytes.Clone(text[:cut]), strings.Repeat("\n", 40)...), 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := readJournal(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := j.hold(Origin{Application: "a"}); err != nil {
			t.Fatal(err)
		}
		if err := j.add(record{Event: eventUnspent, Token: "x"}); err != nil {
			t.Fatal(err)
		}
		_ = j.close()
		if again, err := readJournal(path); err != nil || again.items["x"] == nil || len(again.order) != len(j.order) {
			t.Errorf("cut at %d: what was written behind it cannot be read: %v", cut, err)
		}
	}
}

func TestJournalHoldsThePairForItsOwnerOnly(t *testing.T) {
	path, text := written(t, steps(t)...)
	for _, want := range []string{"refresh-0", "refresh-1", "access-1", `"vehicleId":"v2"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the journal lacks %s", want)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	j, err := readJournal(path)
	if err != nil || !j.open() {
		t.Fatal("an unfinished journal reads as finished", err)
	}
	var rest bytes.Buffer
	if err := j.retire(&rest); err != nil || strings.Contains(rest.String(), "refresh-") || strings.Contains(rest.String(), "access-") || !strings.Contains(rest.String(), secret.New("refresh-1").Hash()) {
		t.Errorf("what is kept of it: %v %s", err, rest.String())
	}
}

func TestJournalThatIsDamagedIsNotGuessed(t *testing.T) {
	path, text := written(t, steps(t)...)
	text[bytes.Index(text, []byte(`"intent"`))] = 'x'
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readJournal(path); err == nil || strings.Contains(err.Error(), "refresh-0") {
		t.Errorf("a line in the middle that cannot be read: %v", err)
	}
}

// The room for the pair is there before a token is at stake.
func TestJournalKeepsRoom(t *testing.T) {
	path, text := written(t, steps(t)[0])
	if room := len(text) - len(bytes.TrimRight(text, "\n")); room < reserve-1 {
		t.Errorf("%s: %d bytes of room behind the intent, want %d", path, room, reserve)
	}
}
