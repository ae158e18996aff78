package inventory

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

var (
	lowerUUID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	modernVIN = regexp.MustCompile(`^[A-HJ-NPR-Z0-9]{17}$`)
)

// ids judges the form of the ids. Ids are opaque and one of the recorded forms is no UUID, so nothing here is a problem.
func (w *watch) ids(r row) {
	for _, name := range []string{"vehicleId", "userId"} {
		switch id := w.values[name]; {
		case id == "", lowerUUID.MatchString(id), !idComplaint(id).none():
		case uuidShape.MatchString(id):
			w.note(r.Line, complaint{name + " is written in capital letters", "Smartcar writes ids in small letters"})
		default:
			w.note(r.Line, complaint{name + " is not a UUID, as Smartcar's ids are", "was it copied whole, and is it Smartcar's id rather than your own?"})
		}
	}
	if r.UserID == "" {
		w.noUser++
		w.note(r.Line, complaint{"has no userId, which the application token needs", "scmigrate inventory backfill finds it"})
	} else if strings.EqualFold(r.UserID, r.VehicleID) {
		w.note(r.Line, complaint{"userId is the same as vehicleId", "one of them was copied into the wrong place"})
	}
	if r.VIN != "" && !modernVIN.MatchString(r.VIN) {
		w.note(r.Line, complaint{"vin is not of the usual form", "17 letters and digits without I, O and Q since 1981"})
	}
}

// longestLife is more than any access token lives: two hours, and some for clocks that differ.
const longestLife = 3 * time.Hour

func (w *watch) times(r row) {
	switch {
	case r.ExpiresAt.IsZero():
	case r.ExpiresAt.Before(w.now):
		w.note(r.Line, complaint{"accessToken is dead by its accessTokenExpiresAt", "a run never sends it; fetch a fresh one, or let legacyTokens.command do so"})
	case r.ExpiresAt.After(w.now.Add(longestLife)):
		w.note(r.Line, complaint{"accessTokenExpiresAt is further away than any access token lives (two hours)", "is it the refresh token's?"})
	}
}

func (w *watch) tokens(r row) {
	if !r.HasToken && w.values["accessToken"] == "" {
		w.noToken++
	}
	access, refresh := w.literal(r, "accessToken"), w.literal(r, "refreshToken")
	w.references(r)
	if access != "" && access == refresh {
		w.note(r.Line, complaint{"accessToken and refreshToken are the same", "one of them was copied into the wrong place"})
	}
	me := holder{int32(r.Line), w.hash(strings.ToLower(r.UserID)), w.hash(r.Grant)}
	if first := w.first(w.access, access, me); first.user != me.user && first.user != 0 && me.user != 0 {
		w.note(r.Line, complaint{"accessToken is that of another row with another userId", "a token belongs to one user; scmigrate inventory backfill --from user tells to whom"})
	}
	if first := w.first(w.refresh, refresh, me); first.line != me.line && (first.grant != me.grant || me.grant == 0) {
		w.note(r.Line, complaint{"refreshToken is that of another row, and no common grant says so", "give both rows the same grant: a refresh token works once"})
	}
	if first := w.first(w.grants, r.Grant, me); first.user != me.user && first.user != 0 && me.user != 0 {
		w.note(r.Line, complaint{"the grant is shared with a row of another userId", "vehicles of one grant share one token pair, which belongs to one user"})
	}
}

// literal gives the token that stands in the row under name, and judges its form; "" where there is none.
func (w *watch) literal(r row, name string) string {
	text := w.values[name]
	if text == "" {
		return ""
	}
	ref, c := parseReference(text)
	if ref.kind != KindLiteral {
		return ""
	}
	if w.literals++; w.literalLine == 0 {
		w.literalLine = r.Line
	}
	switch {
	case !c.none():
	case text == r.VehicleID, text == r.UserID:
		w.note(r.Line, complaint{name + " is one of the row's ids", "it was copied into the wrong place"})
	case !uuidShape.MatchString(text):
		w.note(r.Line, complaint{name + " is not a UUID, as opaque tokens are", "was it copied whole?"})
	}
	return text
}

// references looks at where tokens come from instead.
func (w *watch) references(r row) {
	for _, name := range []string{"accessToken", "refreshToken"} {
		ref, c := parseReference(w.values[name])
		switch {
		case w.values[name] == "" || !c.none():
		case ref.kind == KindExec:
			w.execLine = cmp.Or(w.execLine, r.Line)
			if why := unstartable(w.dir, ref.argv[0]); why != "" {
				w.note(r.Line, complaint{name + " names a program that " + why, "a relative path counts from the inventory's folder"})
			}
		case ref.kind == KindFile:
			w.tokenFile(r, name, (&environment{dir: w.dir}).path(ref.name))
		}
	}
}

// tokenFile looks at where a file with a token lies and who may read it.
func (w *watch) tokenFile(r row, name, path string) {
	if mode, open := readable(path); open {
		w.note(r.Line, complaint{name + " lies in a file that may be read by others than its owner (mode " + mode + ")", "chmod 600 it"})
	}
	dir := filepath.Dir(path)
	tree, known := w.trees[dir]
	if !known {
		tree = workTree(path)
		w.trees[dir] = tree
	}
	if _, err := os.Stat(path); tree != "" && err == nil {
		w.tree = tree
		w.note(r.Line, complaint{name + " lies in a file inside a git work tree", "git check-ignore -v tells whether git leaves it alone; keep it outside, or use ${NAME} or a token command"})
	}
}

// mostCompared bounds what is remembered of tokens and grants: some 100 MiB.
const mostCompared = 400_000

// first gives the row that has this value already, or me.
func (w *watch) first(all map[uint64]holder, value string, me holder) holder {
	if value == "" {
		return me
	}
	k := w.hash(value)
	if h, ok := all[k]; ok {
		return h
	}
	if len(all) < mostCompared {
		all[k] = me
	} else {
		w.note(0, complaint{fmt.Sprintf("holds more tokens than are compared with each other: only the first %d are", mostCompared), ""})
	}
	return me
}
