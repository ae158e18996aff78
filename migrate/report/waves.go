package report

import (
	"fmt"
	"strings"
)

// Waves are the steps in which a manifest of the run would switch its ready vehicles, by whole users, as judged at the run's
// end: nobody is named, and nothing is decided before the manifest is written.
type Waves struct {
	Steps []Wave   `json:"steps"` // cumulative; the last holds everybody who can be switched
	Held  HeldBack `json:"held"`
}

// Wave is one step.
type Wave struct {
	Wave     int    `json:"wave"`
	Share    string `json:"share"` // of the vehicles, as asked for: "10%"
	Users    int    `json:"users"`
	Vehicles int    `json:"vehicles"`
}

// HeldBack are the users of whom a vehicle is ready, and another one is blocked or could not be measured.
type HeldBack struct {
	Users    int `json:"users"`
	Vehicles int `json:"vehicles"` // of theirs that are ready
}

// wavesChart is empty where nobody could be switched or is held back.
func wavesChart(s Summary) chart {
	c := chart{ID: "chart-waves", Title: "Waves", Columns: []string{"Switched up to", "Ready vehicles", "Users"},
		Note: "Ready vehicles by whole users, as scmigrate manifest would draw them by default; each wave holds those before it."}
	if s.Waves == nil {
		return c
	}
	for _, w := range s.Waves.Steps {
		name := fmt.Sprintf("Wave %d (%s)", w.Wave, w.Share)
		c.add(name, ofUsers(w.Vehicles, w.Users), length(segment{Class: "ready", Name: name, Mark: "=", Count: w.Vehicles}, s.Verdicts.Ready))
		c.Table = append(c.Table, []string{name, count(w.Vehicles), count(w.Users)})
	}
	if held := s.Waves.Held; held.Vehicles > 0 {
		name := "Ready, but held back"
		c.add(name, ofUsers(held.Vehicles, held.Users), length(segment{Class: "held", Name: name, Count: held.Vehicles}, s.Verdicts.Ready))
		c.Table = append(c.Table, []string{name, count(held.Vehicles), count(held.Users)})
		c.Note += " Held back are those whose user has another vehicle that is blocked or could not be measured."
	}
	return c
}

func ofUsers(n, users int) string {
	return vehicles(n) + " of " + counted(users, "user")
}

// wavesFacts are the waves as a list of one; none where nobody could be switched or is held back.
func (s Summary) wavesFacts() []fact {
	if s.Waves == nil {
		return nil
	}
	var steps []string
	all := 0
	for _, w := range s.Waves.Steps {
		steps, all = append(steps, w.Share+": "+ofUsers(w.Vehicles, w.Users)), w.Vehicles
	}
	text := "as a manifest would draw them, " + strings.Join(steps, "; ")
	if all == 0 {
		text = "nobody can be switched"
	}
	if held := s.Waves.Held; held.Vehicles > 0 {
		text += fmt.Sprintf("; held back with another vehicle of the same user: %s of %s", counted(held.Vehicles, "ready vehicle"), counted(held.Users, "user"))
	}
	return []fact{{"waves", text}}
}
