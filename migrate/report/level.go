package report

import "fmt"

// listLevel is the level of --legs that reads the connections list and calls no vehicle.
const listLevel = "connections"

// level says what a run of one level of --legs proves and what it does not; nothing of a run of both legs.
func (r Run) level() []fact {
	switch r.Legs {
	case "", "both":
		return nil
	case listLevel:
		return []fact{
			{"legs", "only the connections list was read: no vehicle was called and no legacy token used, so none can be ready"},
			{"proves", "which user is connected to which vehicle and what he has granted; every blocked vehicle here stays blocked until its entry or its connection changes"},
			{"proves not", "that v3 has any signal of a vehicle, that the values agree, that a legacy token works; of permissions, only those that the rules or the vehicle's fields name are judged"},
			{"next", "correct what is blocked; then the same command on the same directory with --legs both"},
		}
	}
	return []fact{{"legs", fmt.Sprintf("only %q was run, so no vehicle can be ready", r.Legs)}}
}

// listReason is why the list alone decides nothing in favour of a vehicle.
func (s Summary) listReason() string {
	text := fmt.Sprintf("The connections list has nothing against %s of %s; whether v3 serves them was not asked.", count(s.Verdicts.Inconclusive), s.drawn(s.Total))
	if n := s.Verdicts.Blocked; n > 0 {
		text += fmt.Sprintf(" It blocks %s.", count(n))
	}
	return text
}

// unexaminedLegs are what a level of --legs left out.
func unexaminedLegs(legs string) []string {
	switch legs {
	case listLevel:
		return []string{"signals", "values", "legacy tokens"}
	case "app":
		return []string{"values", "legacy tokens"}
	}
	return nil
}
