package migrate

import (
	"slices"
	"strings"
	"testing"
	"time"

	"scmigrate/migrate/inventory"
	"scmigrate/migrate/smartcar"
)

// slow is a bucket of 20 with one request a minute: figures that can be counted by hand.
var slow = smartcar.LimiterOptions{Burst: 20, PerMinute: 1}

func forecast(o ForecastOptions, entries ...inventory.Entry) *Forecast {
	f := NewForecast(o)
	for _, e := range entries {
		f.Add(e)
	}
	return f
}

func cars(n int, change func(i int, e *inventory.Entry)) []inventory.Entry {
	list := make([]inventory.Entry, n)
	for i := range list {
		list[i] = inventory.Entry{Ordinal: i, VehicleID: carID, UserID: userID, HasToken: true}
		if change != nil {
			change(i, &list[i])
		}
	}
	return list
}

// TestForecastRequests: a batch and a signals call per car, a page per 100 cars and one for the simulated list, the
// controls, a token an hour.
func TestForecastRequests(t *testing.T) {
	unlimited := smartcar.LimiterOptions{Unlimited: true}
	for _, c := range []struct {
		reason           string
		o                ForecastOptions
		entries          []inventory.Entry
		legacy, app, iam int
	}{
		{"nobody", ForecastOptions{Legs: "both", Bucket: unlimited}, nil, 0, 2, 1},
		{"one car", ForecastOptions{Legs: "both", Bucket: unlimited}, cars(1, nil), 1, 3, 1},
		{"one car and three controls", ForecastOptions{Legs: "both", Bucket: unlimited, Controls: 3}, cars(1, nil), 1, 6, 1},
		{"a full page", ForecastOptions{Legs: "both", Bucket: unlimited}, cars(100, nil), 100, 102, 1},
		{"a page and a car", ForecastOptions{Legs: "both", Bucket: unlimited}, cars(101, nil), 101, 104, 1},
		{"the app leg only", ForecastOptions{Legs: "app", Bucket: unlimited}, cars(5, nil), 0, 7, 1},
		{"the list only", ForecastOptions{Legs: "connections", Bucket: unlimited}, cars(250, nil), 0, 4, 1},
		{"50 cars: 103 requests, 83 of them after the bucket, 83 minutes: a second token", ForecastOptions{Legs: "both", Bucket: slow}, cars(50, nil), 50, 52, 2},
		{"no token, no call", ForecastOptions{Legs: "both", Bucket: unlimited}, cars(3, func(i int, e *inventory.Entry) { e.HasToken = i > 0 }), 2, 4, 1},
		{"no token, but a command", ForecastOptions{Legs: "both", Bucket: unlimited, Command: true}, cars(3, func(_ int, e *inventory.Entry) { e.HasToken = false }), 3, 5, 1},
		{"no token, the app leg needs none", ForecastOptions{Legs: "app", Bucket: unlimited}, cars(3, func(_ int, e *inventory.Entry) { e.HasToken = false }), 0, 5, 1},
		{"faulty rows are not called", ForecastOptions{Legs: "both", Bucket: unlimited}, cars(4, func(i int, e *inventory.Entry) { e.Duplicate = i == 1; e.Invalid = strings.Repeat("x", i/3) }), 2, 4, 1},
	} {
		legacy, app, iam := forecast(c.o, c.entries...).Requests()
		if legacy != c.legacy || app != c.app || iam != c.iam {
			t.Errorf("%s: legacy %d, app %d, iam %d; want %d, %d, %d", c.reason, legacy, app, iam, c.legacy, c.app, c.iam)
		}
	}
}

// TestForecastDuration: the bucket is full at the start and refills steadily.
func TestForecastDuration(t *testing.T) {
	half := smartcar.LimiterOptions{Burst: 120, PerMinute: 2, Share: 0.5}
	for _, c := range []struct {
		bucket   smartcar.LimiterOptions
		requests int
		want     time.Duration
	}{
		{slow, 0, 0}, {slow, 20, 0}, {slow, 21, time.Minute}, {slow, 80, time.Hour},
		{half, 60, 0}, {half, 61, time.Minute}, {half, 20060, 20000 * time.Minute}, // 10,000 cars: a fortnight
		{smartcar.LimiterOptions{Unlimited: true}, 1_000_000, 0},
	} {
		if got := forecast(ForecastOptions{Bucket: c.bucket}).duration(c.requests, 0, 0); got.Round(time.Second) != c.want {
			t.Errorf("%d requests of %+v take %v, want %v", c.requests, c.bucket, got, c.want)
		}
	}
}

// TestForecastDeadTokens: with a bucket of 20 and 1 a minute, without controls, three requests come first; car k ends
// with request 3+2k, so cars 1 to 8 are called at once and car 8+j after 2j-1 minutes.
func TestForecastDeadTokens(t *testing.T) {
	at := func(minutes ...int) []inventory.Entry {
		return cars(len(minutes), func(i int, e *inventory.Entry) { e.ExpiresAt = noon.Add(time.Duration(minutes[i]) * time.Minute) })
	}
	same := func(n, minutes int) []inventory.Entry { return at(slices.Repeat([]int{minutes}, n)...) }
	for _, c := range []struct {
		reason  string
		entries []inventory.Entry
		command bool
		want    int
	}{
		{"none states an expiry", cars(30, nil), false, 0},
		{"eight fit into the bucket", same(8, 1), false, 0},
		{"the ninth is called after a minute: too late", same(9, 1), false, 1},
		{"a dead token frees its turn: only eight of twelve are called", same(12, 1), false, 4},
		{"later ends are called later", append(same(8, 1), at(2, 4, 6)...), false, 0},
		{"expired before the start", at(-60, 60), false, 1},
		{"a command has fresh ones", same(12, 1), true, 0},
		{"three pages of connections and one of simulated come first: only seven fit", same(250, 1), false, 243},
	} {
		f := forecast(ForecastOptions{Legs: "both", Bucket: slow, Start: noon, Command: c.command}, c.entries...)
		if got := f.dead(); got != c.want {
			t.Errorf("%s: %d dead, want %d", c.reason, got, c.want)
		}
	}
}

// TestForecastLines: the sentences hold the figures, once each, and the end's date.
func TestForecastLines(t *testing.T) {
	o := ForecastOptions{Legs: "both", Bucket: slow, Start: noon, Reads: func(inventory.Entry) int { return 12 }, Controls: 3}
	lines := forecast(o, cars(100, func(i int, e *inventory.Entry) {
		e.Duplicate, e.HasToken = i == 0, i != 1
		if i < 4 {
			e.UserID = ""
		}
		e.ExpiresAt = noon.Add(time.Minute)
	})...).Lines()
	text := strings.Join(lines, "\n")
	// 98 to call: legacy 98, app 2 pages + 3 controls + 98 = 103; 202 in 182 minutes: 4 tokens, 205 in all, 185 minutes.
	for _, want := range []string{
		"98 to call, 1 without a token, 1 faulty rows, 2 without a userId", "205: legacy 98, app 103, token endpoint 4",
		"at most 12 a vehicle, 1176 in all", "3h5m0s at the limit", "2026-11-01 15:05 UTC", "tokens expire before their turn", "--legs connections", "anything but reads",
	} {
		if strings.Count(text, want) != 1 {
			t.Errorf("want %q once in\n%s", want, text)
		}
	}
}

// TestForecastOfAShard: its own cars, the whole fleet's pages, and what the other shards pay once more.
func TestForecastOfAShard(t *testing.T) {
	f := forecast(ForecastOptions{Legs: "both", Bucket: slow, Controls: 3, Shard: Shard{2, 4}}, cars(50, nil)...)
	for range 150 {
		f.Elsewhere()
	}
	if legacy, app, _ := f.Requests(); legacy != 50 || app != 50+2+1+3 {
		t.Errorf("legacy %d, app %d; want 50 and 50 + 2 pages + 1 simulated + 3 controls", legacy, app)
	}
	const want = "shard               2 of 4: 50 of 200 vehicles, whole users; the figures are this shard's, at its part of the limit; " +
		"each shard reads the connections list, makes the controls and renews the token itself, about 24 requests more in all shards than in one run"
	if got := f.Lines()[0]; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}
