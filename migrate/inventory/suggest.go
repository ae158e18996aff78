package inventory

import (
	"fmt"
	"regexp"
	"strings"
)

// aliases are names other tools and SDKs use for our keys, folded.
var aliases = map[string]string{
	"id": "vehicleId", "vehicle": "vehicleId", "user": "userId", "owner": "userId",
	"token": "accessToken", "access": "accessToken", "refresh": "refreshToken",
	"expiresat": "accessTokenExpiresAt", "expiration": "accessTokenExpiresAt", "expiry": "accessTokenExpiresAt", "expires": "accessTokenExpiresAt",
	"name": "label", "group": "cohort", "command": "legacyTokens", "signals": "fields", "required": "fields",
}

// keyShape is what a misspelt key looks like; anything else might be a token and is not shown.
var keyShape = regexp.MustCompile(`^[A-Za-z][A-Za-z_-]{0,23}$`)

// unknownKey says that key is not one of known, and which was probably meant.
func unknownKey(key string, known []string) complaint {
	message := "unknown key"
	if keyShape.MatchString(key) {
		message = fmt.Sprintf("unknown key %q", key)
	}
	if near := nearest(key, known); near != "" {
		return complaint{message, fmt.Sprintf("did you mean %s?", near)}
	}
	return complaint{message, "known here: " + strings.Join(known, ", ")}
}

func nearest(key string, known []string) string {
	folded := fold(key)
	best, distance := "", max(2, len(folded)/3)+1
	for _, k := range known {
		if aliases[folded] == k {
			return k
		}
		if d := edits(folded, fold(k)); d < distance {
			best, distance = k, d
		}
	}
	return best
}

// fold drops case and separators: vehicle_id, VehicleID and vehicle-id are one name.
func fold(key string) string {
	if len(key) > 40 {
		key = key[:40]
	}
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "").Replace(key))
}

// edits is the Levenshtein distance of two short names.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
