package owners

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"scmigrate/migrate/secret"
)

const managementToken = "canary-management-token"

func sign(body string) string {
	mac := hmac.New(sha256.New, []byte(managementToken))
	mac.Write([]byte(body))
	return hex.EncodeToString(mac.Sum(nil))
}

func state(event, user string) string {
	return `{"eventId":"` + event + `","eventType":"VEHICLE_STATE","data":{"user":{"id":"` + user + `","externalId":"crm-1"},"vehicle":{"id":"` + car + `","mode":"live"}},"meta":{"version":"4.0","mode":"LIVE","deliveredAt":1765157664581}}`
}

func TestReadWebhooks(t *testing.T) {
	signed := func(body string) string {
		return `{"headers":{"Sc-Signature":["` + sign(body) + `"]},"body":` + strconv.Quote(body) + `}`
	}
	verify := `{"eventType":"VERIFY","data":{"challenge":"x"},"meta":{"version":"4.0"}}`
	for _, c := range []struct {
		reason, name, text string
		token              string
		want               Deliveries
		faulty             string
	}{
		{"one payload", "a.json", "\n" + state("e1", ann) + "\n", "", Deliveries{Used: 1}, ""},
		{"a list", "a.json", "[" + state("e1", ann) + ",\n" + state("e2", ann) + "," + verify + "]", "", Deliveries{Used: 2, Verify: 1}, ""},
		{"one behind the other", "a.json", state("e1", ann) + "\n" + state("e1", ann), "", Deliveries{Used: 1, Repeated: 1}, ""},
		{"lines", "a.jsonl", state("e1", ann) + "\n\n" + verify + "\n", "", Deliveries{Used: 1, Verify: 1}, ""},
		{"an error tells the user, too", "a.jsonl", strings.Replace(state("e1", ann), "VEHICLE_STATE", "VEHICLE_ERROR", 1), "", Deliveries{Used: 1}, ""},
		{"the older place of the vehicle", "a.jsonl", strings.Replace(state("e1", ann), `"vehicle":{"id":"`+car+`","mode":"live"}}`, `"vehicle":{}},"vehicleId":"`+car+`"`, 1), "", Deliveries{Used: 1}, ""},
		{"a sample", "a.jsonl", strings.Replace(state("e1", ann), "LIVE", "TEST", 1), "", Deliveries{Sample: 1}, ""},
		{"version 2.0", "a.jsonl", `{"version":"2.0","eventName":"scheduled","mode":"live","payload":{}}`, "", Deliveries{Older: 1}, ""},
		{"signed", "a.jsonl", signed(state("e1", ann)), managementToken, Deliveries{Used: 1}, ""},
		{"forged", "a.jsonl", strings.Replace(signed(state("e1", ann)), ann, bob, 1), managementToken, Deliveries{Forged: 1}, ""},
		{"not signed", "a.jsonl", state("e1", ann), managementToken, Deliveries{Unsigned: 1}, ""},
		{"not signed, and nobody asks", "a.jsonl", signed(state("e1", ann)), "", Deliveries{Used: 1}, ""},
		{"no user", "a.jsonl", state("e1", ""), "", Deliveries{}, "a.jsonl:1: it names no user"},
		{"no JSON", "a.jsonl", state("e1", ann) + "\ncanary", "", Deliveries{Used: 1}, "a.jsonl:2: it is not a JSON object"},
		{"cut off", "a.json", state("e1", ann) + "\n" + state("e2", ann)[:90], "", Deliveries{Used: 1}, "a.json:1: what follows is not JSON"},
		{"something else", "a.json", `{"canary":1}`, "", Deliveries{}, "a.json: it is no webhook payload"},
		{"another event", "a.json", strings.Replace(state("e1", ann), "VEHICLE_STATE", "OTHER", 1), "", Deliveries{}, "not one that names a user"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, c.name), []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{dir, filepath.Join(dir, c.name)} {
			b := NewBook([]string{car})
			got, err := b.ReadWebhooks(path, secret.New(c.token))
			faulty := strings.Join(got.Faulty, "\n")
			got.Faulty = nil
			if err != nil || got.String() != c.want.String() && c.faulty == "" || got.Used != c.want.Used || !strings.Contains(faulty, c.faulty) || (c.faulty == "") != (faulty == "") || strings.Contains(faulty, "canary\"") {
				t.Errorf("%s: %v %+v %s", c.reason, err, got, faulty)
			}
			if users := users(b.vehicles[car].sightings); len(users) != min(1, c.want.Used) {
				t.Errorf("%s: users %v", c.reason, users)
			}
		}
	}
}

func TestSignatureBesideTheFile(t *testing.T) {
	dir := t.TempDir()
	body := state("e1", ann)
	for name, text := range map[string]string{"a.json": body, "a.json.sig": sign(body) + "\n", "b.json": strings.Replace(body, "e1", "e2", 1), "b.json.sig": sign(body)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := NewBook([]string{car}).ReadWebhooks(dir, secret.New(managementToken))
	if err != nil || got.Used != 1 || got.Forged != 1 {
		t.Errorf("%v %+v", err, got)
	}
}

func TestReadWebhooksOfNothing(t *testing.T) {
	if _, err := NewBook(nil).ReadWebhooks(t.TempDir(), secret.Secret{}); err == nil || !strings.Contains(err.Error(), "holds no recorded webhooks") {
		t.Error(err)
	}
}

func FuzzWebhooks(f *testing.F) {
	f.Add([]byte(state("e1", ann)))
	f.Add([]byte(`{"headers":{"sc-signature":"00"},"body":"{}"}`))
	f.Fuzz(func(t *testing.T, record []byte) {
		b := NewBook([]string{car})
		r := &recorder{book: b, token: secret.New(managementToken), events: map[string]bool{}}
		if r.take("a", record, ""); r.done.Used > 0 {
			t.Errorf("unsigned, and used: %q", record)
		}
	})
}
