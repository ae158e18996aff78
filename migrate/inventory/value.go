package inventory

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The longest values taken, in bytes. They bound what a row can make the reports carry.
const (
	maxID     = 256
	maxLabel  = 200
	maxCohort = 64
	maxVIN    = 32
	maxToken  = 8 << 10
	maxFields = 200
	maxField  = 100
)

// misplaced finds credentials of another kind by their look: they are the commonest mix-ups, and sending them would
// only give a 401 per vehicle.
func misplaced(s string) complaint {
	switch {
	case strings.HasPrefix(s, "eyJ") && strings.Count(s, ".") >= 2:
		return complaint{"holds a JWT, as v3 application tokens are", "the inventory takes the vehicle's own opaque v2 token; the application token is fetched by the run itself"}
	case strings.HasPrefix(s, "client_"):
		return complaint{"holds an application's client id or secret", "those come from SMARTCAR_CLIENT_ID and SMARTCAR_CLIENT_SECRET"}
	case len(s) > 7 && strings.EqualFold(s[:7], "bearer "):
		return complaint{`starts with "Bearer "`, "give the token alone"}
	}
	return complaint{}
}

// plain refuses white space, control and invisible characters, and anything longer than limit bytes.
func plain(s string, limit int) complaint {
	if len(s) > limit {
		return complaint{fmt.Sprintf("is longer than %d bytes", limit), ""}
	}
	if strings.ContainsFunc(s, unseen) {
		return complaint{"holds white space or a control character", "write it on one line, in quotes, without blanks around it"}
	}
	return complaint{}
}

func unseen(r rune) bool {
	return unicode.IsSpace(r) || !unicode.IsGraphic(r) || r == utf8.RuneError
}

// idComplaint judges vehicleId and userId. Ids are opaque: no UUID is demanded, only what can stand in a header and in one
// segment of an address.
func idComplaint(s string) complaint {
	if c := misplaced(s); !c.none() {
		return c
	}
	if c := plain(s, maxID); !c.none() {
		return c
	}
	if strings.ContainsAny(s, `/\?#%`) || strings.Trim(s, ".") == "" || s[0] == '-' {
		return complaint{"cannot be a Smartcar id", `an id holds none of / \ ? # % and does not start with "-"`}
	}
	return complaint{}
}

// IsID tells whether a text could be a userId or vehicleId of an inventory.
func IsID(s string) bool { return s != "" && idComplaint(s).none() }

// grantComplaint judges grant, a name of the user's own that is handed to the token command as an argument.
func grantComplaint(s string) complaint {
	if s[0] == '-' {
		return complaint{`starts with "-"`, "a token command would take it for an option"}
	}
	return plain(s, maxID)
}

// tokenComplaint judges an opaque token wherever it came from.
func tokenComplaint(s string) complaint {
	if c := misplaced(s); !c.none() {
		return c
	}
	if c := plain(s, maxToken); !c.none() {
		return c
	}
	if strings.ContainsAny(s, `<>{}[]"`) { // RFC 6750 §2.1
		return complaint{"holds characters that no bearer token has", "a page or an error message in its place?"}
	}
	return complaint{}
}

func labelComplaint(s string) complaint {
	if len(s) > maxLabel {
		return complaint{fmt.Sprintf("is longer than %d bytes", maxLabel), ""}
	}
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) || r == utf8.RuneError }) {
		return complaint{"holds a line break or a control character", "write it on one line"}
	}
	return complaint{}
}

func cohortComplaint(s string) complaint { return plain(s, maxCohort) }

var vinShape = regexp.MustCompile(`^[A-Za-z0-9]+$`)

func vinComplaint(s string) complaint {
	if len(s) > maxVIN || !vinShape.MatchString(s) {
		return complaint{"is not a VIN", "a VIN holds letters and digits only, 17 of them since 1981"}
	}
	return complaint{}
}

var fieldShape = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*(\.[A-Za-z0-9]+)*$`)

func fieldComplaint(s string) complaint {
	if len(s) > maxField || !fieldShape.MatchString(s) {
		return complaint{"holds something that is not a field name", "names look like odometer.distance; `scmigrate fields` lists them"}
	}
	return complaint{}
}

const timeHint = "write it as 2026-11-23T12:00:00Z"

// parseTime takes RFC 3339 alone: a time without a zone, or a number, would be a guess of hours or of a factor 1000.
func parseTime(s string) (time.Time, complaint) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, complaint{"is not a time with its zone", timeHint}
	}
	if t.Year() < 2015 || t.Year() > 2100 {
		return time.Time{}, complaint{"is not a likely time", timeHint}
	}
	return t.UTC(), complaint{}
}
