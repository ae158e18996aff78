package compare

import (
	"encoding/json"
	"strings"
	"time"
)

// earliest is the first year that can be an observation: 0 and 1970 mean "unknown" (smartcar-v3.md §5).
const earliest = 2000

// milliseconds are told from seconds by size: 1e11 seconds is the year 5138, 1e11 milliseconds is 1973.
const milliseconds = 1e11

// parseTime reads every form of timestamp seen on either leg: ISO 8601 text, epoch seconds, epoch milliseconds, as
// number or digits (smartcar-v3.md §5 "meta timestamps: the conflict"). Zero, absent, unreadable and anything before
// the year 2000 or after 9999 is the zero time.
func parseTime(raw any) time.Time {
	var t time.Time
	switch v := raw.(type) {
	case json.Number:
		t = epochTime(v)
	case string:
		if v == "" {
			return time.Time{}
		}
		t = textTime(strings.TrimSpace(v))
	}
	if t = t.UTC(); t.Year() < earliest || t.Year() > 9999 { // in UTC: a zone can carry 9999 into a year that has no JSON form
		return time.Time{}
	}
	return t
}

func epochTime(n json.Number) time.Time {
	f, err := n.Float64()
	if err != nil || f <= 0 || f > 1e15 {
		return time.Time{}
	}
	if f < milliseconds {
		f *= 1000
	}
	return time.UnixMilli(int64(f))
}

func textTime(s string) time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04:05Z0700", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t
		}
	}
	return epochTime(json.Number(s))
}
