package rotate

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
)

// begin takes over what the journal belongs to from now on. What another application or host refused says nothing here.
func (j *journal) begin(o Origin) {
	if j.origin.Application != o.Application || j.origin.Auth != o.Auth {
		j.order = slices.DeleteFunc(j.order, func(i *item) bool {
			if i.state == eventRetired {
				return false
			}
			delete(j.items, i.token)
			return true
		})
	}
	j.origin = o
}

// share adds rows to a token's.
func (i *item) share(more []Vehicle) error {
	switch i.vehicles = append(i.vehicles, more...); i.state {
	case eventStored:
		i.state = eventPair
	case "":
		return errors.New("rows share a token that the journal does not know")
	}
	return nil
}

// open tells whether a token is at stake, or a pair not where it belongs in the end.
func (j *journal) open() bool { return j.any(eventIntent, eventPair, eventStored) }

// any tells whether a token is in one of these states.
func (j *journal) any(states ...string) bool {
	return slices.ContainsFunc(j.order, func(i *item) bool { return slices.Contains(states, i.state) })
}

// retire gives what a finished journal is replaced with: which tokens are spent, and no secret.
func (j *journal) retire(out io.Writer) error {
	lines := json.NewEncoder(out)
	if err := lines.Encode(record{Event: eventBegin, At: j.now().UTC(), Origin: &j.origin}); err != nil { //nolint:gosec // no token is in it
		return err
	}
	for _, i := range j.order {
		if i.state != eventStored && i.state != eventRetired || i.successor == i.token {
			continue // a token that followed itself is not spent
		}
		if err := lines.Encode(record{Event: eventRetired, At: i.ended, Token: i.token, Successor: i.successor}); err != nil { //nolint:gosec // no token is in it
			return err
		}
	}
	return nil
}
