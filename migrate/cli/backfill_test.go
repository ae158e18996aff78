package cli_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"filippo.io/age"

	"scmigrate/fixtures"
	"scmigrate/migrate/inventory"
)

// orphaned is the bench's inventory without any userId, in a hand's writing.
func (b *bench) orphaned() {
	b.t.Helper()
	b.orphanedEvery(1)
}

// orphanedEvery takes the userId of every n-th row.
func (b *bench) orphanedEvery(n int) {
	b.t.Helper()
	row := 0
	text := regexp.MustCompile(`(?m)^    userId: .*\n`).ReplaceAllStringFunc(b.inventory(), func(line string) string {
		if row++; row%n == 0 {
			return "    # whose?\n"
		}
		return line
	})
	b.write("inventory.yaml", text)
}

func (b *bench) backfill(more ...string) (code int, stdout, stderr string) {
	b.t.Helper()
	args := []string{"inventory", "backfill", "-i", b.path("inventory.yaml"), "-o", b.path("new.yaml"), "--overwrite", "--limit", "unlimited", "--timeout-legacy", "2s", "--timeout-app", "2s"}
	return b.call(append(args, more...)...)
}

// users reads vehicle and user of every row of a file.
func (b *bench) users(name string) (list [][2]string) {
	b.t.Helper()
	f, err := inventory.Open(b.path(name), inventory.Options{})
	if err != nil {
		b.t.Fatal(err)
	}
	defer f.Close()
	_ = f.Each(b.t.Context(), func(e inventory.Entry) error {
		list = append(list, [2]string{e.VehicleID, e.UserID})
		return nil
	})
	return list
}

// hostile is an application whose list moves: it deletes connections while the first pages are read, one page fails once,
// and connections are issued anew.
type hostile struct {
	b       *bench
	pages   atomic.Int32
	victims []fixtures.Row
}

func (h *hostile) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/connections") {
		if h.pages.Add(1) > 2 && len(h.victims) > 0 {
			gone := h.victims[0]
			h.victims = h.victims[1:]
			h.b.world.Disconnect(gone.VehicleID, h.b.world.Owners(gone.VehicleID)[0])
		}
	}
	return h.b.world.Transport().RoundTrip(r)
}

// TestBackfillOfAMovingFleet: whatever moves, a userId is right or the row is reported as undecided.
func TestBackfillOfAMovingFleet(t *testing.T) {
	for _, c := range []struct {
		from      string
		vehicles  int
		every     int // the rows without a userId
		undecided int // at the most
	}{
		{"connections,user", backfillCars, 1, 10}, {"connections,user,management", backfillCars / 4, 1, 10},
		{"connections", backfillCars / 4, 1, backfillCars/60 + 10}, {"management", backfillCars / 4, 1, backfillCars/60 + 10},
		{"connections,user", backfillCars / 4, 100, 10}, // few enough to be asked for by themselves, if the server heeded the filter
	} {
		b := newBench(t, fixtures.Scenario{Seed: 11, Vehicles: c.vehicles, Simulated: fixtures.Amount{Share: 0.06},
			Defects:  map[string]fixtures.Amount{"two-users": {Count: c.vehicles * 3 / 47}},
			Switches: fixtures.Switches{FilterIgnored: true},
			Faults:   []fixtures.Fault{{Kind: "truncate", Leg: "connections", First: 1}, {Kind: "cut", Leg: "management", First: 1}},
		})
		b.orphanedEvery(c.every)
		b.env["SMARTCAR_MANAGEMENT_TOKEN"] = b.world.ManagementToken()
		rows := b.world.Inventory()
		for i := 0; i < len(rows); i += 7 {
			b.world.Reissue(rows[i].VehicleID, rows[i].UserID)
		}
		b.transport = &hostile{b: b, victims: victims(b, rows, strings.Contains(c.from, "user"))}
		code, stdout, stderr := b.backfill("--from", c.from)
		if code != 4 && code != 0 {
			t.Fatalf("%s: code %d, %s", c.from, code, stderr)
		}
		undecided := 0
		for i, got := range b.users("new.yaml") {
			if got[0] != rows[i].VehicleID {
				t.Fatalf("%s: row %d is another", c.from, i)
			}
			if got[1] == "" {
				undecided++
				if !strings.Contains(stdout, rows[i].VehicleID+":") {
					t.Errorf("%s: %s is not reported", c.from, rows[i].VehicleID)
				}
			} else if got[1] != rows[i].UserID {
				t.Errorf("%s: %s is %s's, the file says %s", c.from, rows[i].VehicleID, rows[i].UserID, got[1])
			}
		}
		t.Logf("%s: %d of %d undecided, 0 wrong; %d pages of lists", c.from, undecided, len(rows), b.transport.(*hostile).pages.Load())
		if undecided > c.undecided {
			t.Errorf("%s: %d undecided", c.from, undecided)
		}
	}
}

// victims are rows whose user disconnects. Where a car has another user, only the row's token tells that the row is not his:
// lists know the connections of today alone.
func victims(b *bench, rows []fixtures.Row, shared bool) (list []fixtures.Row) {
	for _, r := range rows[len(rows)/3:] {
		if owners := b.world.Owners(r.VehicleID); len(list) < max(2, len(rows)/470) && len(owners) > 0 && (len(owners) == 1) == (!shared || len(list)%2 == 0) {
			list = append(list, r)
		}
	}
	return list
}

func TestBackfillKeepsTheFile(t *testing.T) {
	b := newBench(t, fixtures.Scenario{Seed: 4, Vehicles: 12, Defects: map[string]fixtures.Amount{"two-users": {Count: 2}}})
	b.orphaned()
	before, _ := os.ReadFile(b.path("inventory.yaml"))
	code, stdout, stderr := b.backfill("--csv", b.path("users.csv"))
	if code != 0 {
		t.Fatalf("code %d, %s\n%s", code, stderr, stdout)
	}
	after, err := os.ReadFile(b.path("new.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if without := regexp.MustCompile(`(?m)^    userId: .*\n`).ReplaceAllString(string(after), ""); without != string(before) {
		t.Errorf("more than userIds was changed:\n%s", without)
	}
	table, err := os.Open(b.path("users.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	records, err := csv.NewReader(table).ReadAll()
	if err != nil || len(records) != 13 || !slices.Equal(records[0], []string{"vehicleId", "userId"}) {
		t.Errorf("%v %v", records, err)
	}
	for i, row := range b.world.Inventory() {
		if !slices.Equal(records[i+1], []string{row.VehicleID, row.UserID}) {
			t.Errorf("row %d: %v", i, records[i+1])
		}
		if strings.Contains(stdout+stderr, row.AccessToken) || strings.Contains(stdout+stderr, row.RefreshToken) {
			t.Fatal("a token is shown")
		}
		if !strings.Contains(stdout, `+    userId: "`+row.UserID+`"`) {
			t.Errorf("the diff does not show %s:\n%s", row.UserID, stdout)
		}
	}
	for _, name := range []string{"new.yaml", "users.csv"} {
		if info, err := os.Stat(b.path(name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
	if v := b.world.Violations(); len(v) > 0 {
		t.Errorf("more than reads was sent: %v", v)
	}
}

func TestBackfillFromWebhooks(t *testing.T) {
	b := newBench(t, fixtures.Scenario{Seed: 4, Vehicles: 12})
	b.orphaned()
	if err := os.Mkdir(b.path("hooks"), 0o700); err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for i, d := range b.world.Webhooks() {
		if i%2 == 0 {
			b.write(fmt.Sprintf("hooks/%d.json", i), string(d.Body))
			b.write(fmt.Sprintf("hooks/%d.json.sig", i), d.Signature)
			continue
		}
		lines.WriteString(d.Record() + "\n" + d.Record() + "\n")
	}
	b.write("hooks/log.jsonl", lines.String())
	b.env = map[string]string{"SMARTCAR_MANAGEMENT_TOKEN": b.world.ManagementToken()}
	code, stdout, stderr := b.backfill("--from", "webhooks:"+b.path("hooks"))
	if code != 0 || !strings.Contains(stdout, "12 by webhooks") || !strings.Contains(stderr, "12 payloads used") || !strings.Contains(stderr, "6 repeated, 1 VERIFY, 2 TEST samples") {
		t.Fatalf("code %d, %s\n%s", code, stderr, stdout)
	}
	for i, row := range b.world.Inventory() {
		if got := b.users("new.yaml")[i]; got[1] != row.UserID {
			t.Errorf("%v is %s's", got, row.UserID)
		}
	}
	b.env["SMARTCAR_MANAGEMENT_TOKEN"] = "another-token"
	code, _, stderr = b.backfill("--from", "webhooks:"+b.path("hooks"))
	if code != 4 || !strings.Contains(stderr, "not the application's") {
		t.Errorf("code %d, %s", code, stderr)
	}
}

func TestBackfillOfNothing(t *testing.T) {
	b := newBench(t, fixtures.Scenario{Seed: 4, Vehicles: 3})
	b.env, b.transport = nil, nil
	code, stdout, stderr := b.backfill()
	after, err := os.ReadFile(b.path("new.yaml"))
	if code != 0 || err != nil || string(after) != b.inventory() || !strings.Contains(stdout, "Every row has a userId") {
		t.Errorf("code %d, %s\n%s", code, stderr, stdout)
	}
}

func TestBackfillTellsUsersApart(t *testing.T) {
	b := newBench(t, fixtures.Scenario{Seed: 4, Vehicles: 6, Defects: map[string]fixtures.Amount{"two-users": {Count: 1}}})
	b.orphaned()
	code, stdout, stderr := b.backfill("--from", "connections")
	if code != 4 || !strings.Contains(stdout, "several users have the vehicle") || strings.Count(stdout, "connections: connected 20") != 2 || !strings.Contains(stderr, "1 row still without a userId") {
		t.Errorf("code %d, %s\n%s", code, stderr, stdout)
	}
}

func TestBackfillExitCodes(t *testing.T) {
	b := newBench(t, fixtures.Scenario{Seed: 4, Vehicles: 3})
	b.orphaned()
	for _, c := range []struct {
		reason string
		args   []string
		env    map[string]string
		code   int
		want   string
	}{
		{"an unknown source", []string{"--from", "oracle"}, nil, 2, "unknown source \"oracle\""},
		{"webhooks without a path", []string{"--from", "webhooks:"}, nil, 2, "unknown source"},
		{"no management token", []string{"--from", "management"}, nil, 2, "needs SMARTCAR_MANAGEMENT_TOKEN"},
		{"no such webhooks", []string{"--from", "webhooks:" + b.path("none")}, nil, 2, "cannot read the recorded webhooks"},
		{"no credentials", []string{"--from", "connections"}, map[string]string{}, 2, "no client id"},
		{"refused credentials", []string{"--from", "connections"}, map[string]string{"SMARTCAR_CLIENT_ID": "client_x", "SMARTCAR_CLIENT_SECRET": "c0ffee"}, 5, "credentials are refused"},
		{"a refused management token", []string{"--from", "management"}, map[string]string{"SMARTCAR_MANAGEMENT_TOKEN": "c0ffee"}, 4, "3 rows still"},
		{"nothing wrong", nil, nil, 0, ""},
	} {
		kept := b.env
		if c.env != nil {
			b.env = c.env
		}
		code, stdout, stderr := b.backfill(c.args...)
		b.env = kept
		if code != c.code || !strings.Contains(stderr, c.want) || strings.Contains(stdout+stderr, "c0ffee") {
			t.Errorf("%s: code %d, %s\n%s", c.reason, code, stderr, stdout)
		}
	}
	code, _, stderr := b.call("inventory", "backfill", "-i", b.path("inventory.yaml"), "-o", b.path("new.yaml"))
	if code != 2 || !strings.Contains(stderr, "is there already") {
		t.Errorf("code %d, %s", code, stderr)
	}
	if code, _, stderr := b.call("inventory", "backfill", "-i", b.path("inventory.yaml")); code != 2 || !strings.Contains(stderr, "the file to write") {
		t.Errorf("code %d, %s", code, stderr)
	}
}

// TestBackfillOfAnEncryptedInventory: no step of it leaves plain text on the disk.
func TestBackfillOfAnEncryptedInventory(t *testing.T) {
	b := newBench(t, fixtures.Scenario{Seed: 4, Vehicles: 5})
	rows := b.world.Inventory()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	table := "vehicleId,accessToken\n"
	for _, r := range rows {
		table += r.VehicleID + "," + r.AccessToken + "\n"
	}
	keys := t.TempDir()
	if err := os.WriteFile(keys+"/key", []byte(id.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(b.path("inventory.yaml")); err != nil {
		t.Fatal(err)
	}
	b.stdin = table
	if code, _, stderr := b.call("inventory", "import", "--csv", "-", "-o", b.path("inventory.yaml"), "--recipient", id.Recipient().String()); code != 0 {
		t.Fatal(stderr)
	}
	if code, stdout, _ := b.call("inventory", "check", "-i", b.path("inventory.yaml")); code != 2 || !strings.Contains(stdout, "encrypted with age") {
		t.Errorf("without the key: code %d, %s", code, stdout)
	}
	b.env["SCMIGRATE_AGE_IDENTITY_FILE"] = keys + "/key"
	if code, _, stderr := b.backfill(); code != 2 || !strings.Contains(stderr, "--recipient age1") {
		t.Errorf("to plain text: code %d, %s", code, stderr)
	}
	if code, stdout, stderr := b.backfill("--recipient", id.Recipient().String()); code != 0 {
		t.Fatalf("code %d, %s\n%s", code, stderr, stdout)
	}
	for _, args := range [][]string{{"plan", "-i", b.path("new.yaml")}, {"inventory", "check", "-i", b.path("new.yaml")}} {
		if code, stdout, stderr := b.call(args...); code != 0 || !strings.Contains(stdout, "5") {
			t.Errorf("%v: code %d, %s", args, code, stderr)
		}
	}
	f, err := inventory.Open(b.path("new.yaml"), inventory.Options{AgeIdentityFile: keys + "/key"})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_ = f.Each(t.Context(), func(e inventory.Entry) error {
		if e.UserID != rows[e.Ordinal].UserID {
			t.Errorf("%s is %s's", e.VehicleID, e.UserID)
		}
		return nil
	})
	eachFile(t, b.dir, func(path, text string) {
		for _, r := range rows {
			if strings.Contains(text, r.AccessToken) || strings.Contains(text, r.VehicleID) {
				t.Errorf("%s holds plain text", path)
			}
		}
	})
}

// TestBackfillGoesOnWhereItWasInterrupted: what was found is written, and the next call asks for the rest alone.
func TestBackfillGoesOnWhereItWasInterrupted(t *testing.T) {
	b := newBench(t, fixtures.Scenario{Seed: 4, Vehicles: 12})
	b.orphaned()
	rows := b.world.Inventory()
	var asked atomic.Int32
	ctx, cancel := context.WithCancel(t.Context())
	b.ctx = ctx
	b.transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.URL.Path == "/v2.0/user" && asked.Add(1) == 5 {
			cancel()
		}
		return b.world.Transport().RoundTrip(r)
	})
	code, stdout, stderr := b.backfill()
	if code != 130 || !strings.Contains(stdout, "its token was not asked yet") || !strings.Contains(stderr, "go on with what was written: -i "+b.path("new.yaml")) {
		t.Fatalf("code %d, %s\n%s", code, stderr, stdout)
	}
	found := 0
	for i, got := range b.users("new.yaml") {
		if got[1] != "" {
			found++
		}
		if got[1] != "" && got[1] != rows[i].UserID {
			t.Errorf("%v is %s's", got, rows[i].UserID)
		}
	}
	if found < 4 || found == len(rows) {
		t.Errorf("%d were found", found)
	}
	b.ctx = t.Context()
	before := asked.Load()
	code, _, stderr = b.call("inventory", "backfill", "-i", b.path("new.yaml"), "-o", b.path("new.yaml"), "--overwrite", "--limit", "unlimited")
	if code != 0 || int(asked.Load()-before) > len(rows)-found {
		t.Errorf("code %d, %d asked, %s", code, asked.Load()-before, stderr)
	}
	for i, got := range b.users("new.yaml") {
		if got[1] != rows[i].UserID {
			t.Errorf("%v is %s's", got, rows[i].UserID)
		}
	}
}

// TestBackfillShowsNoTokenThatComesBack: a server that names a token as a user is not believed on the terminal.
func TestBackfillShowsNoTokenThatComesBack(t *testing.T) {
	b := newBench(t, fixtures.Scenario{Seed: 4, Vehicles: 2})
	b.orphaned()
	token := ""
	b.transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		response, err := b.world.Transport().RoundTrip(r)
		if err == nil && r.URL.Path == "/v2.0/user" {
			token = strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
			response.Body, response.ContentLength = io.NopCloser(strings.NewReader(`{"id":"`+token+`"}`)), -1
		}
		return response, err
	})
	code, stdout, stderr := b.backfill("--from", "user")
	if code != 4 || token == "" || strings.Contains(stdout+stderr, token) || !strings.Contains(stdout, "answered with the token itself") {
		t.Errorf("code %d, %s\n%s", code, stderr, stdout)
	}
}
