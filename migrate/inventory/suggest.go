package inventory

import (
	"fmt"
	"regexp"
	"strings"

	"scmigrate/migrate/document"
)

// Problem and Problems are what is wrong with an inventory: the error of Open and NewResolver for trouble with the
// content (exit 2).
type (
	Problem  = document.Problem
	Problems = document.Problems
)

// complaint is what is wrong with a single value, before it is known where the value stands. The zero complaint is none.
type complaint struct{ message, hint string }

func (c complaint) none() bool { return c.message == "" }

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
	if near := document.Nearest(key, known, aliases); near != "" {
		return complaint{message, fmt.Sprintf("did you mean %s?", near)}
	}
	return complaint{message, "known here: " + strings.Join(known, ", ")}
}
