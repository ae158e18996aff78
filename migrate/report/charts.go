package report

import (
	"fmt"
	"slices"
)

// The charts show this much at most; their tables end there too, and report.json has more.
const (
	chartedCauses = 8
	chartedGroups = 10
)

// charts are those for which the run has something to show.
func charts(s Summary, causes []causeRow) []chart {
	makes := make([]Group, 0, len(s.Makes))
	for _, m := range s.Makes {
		makes = append(makes, m.Group)
	}
	all := []chart{burnDown(s), causesChart(causes), groupsChart("makes", "make", makes), groupsChart("cohorts", "cohort", s.Cohorts), agesChart(s.Ages)}
	return slices.DeleteFunc(all, func(c chart) bool { return len(c.Rows) == 0 })
}

func causesChart(causes []causeRow) chart {
	c := chart{ID: "chart-causes", Title: "Causes by vehicles", Note: "Those at the top free the most vehicles by themselves.", Columns: []string{"Cause", "Verdict", "Vehicles", "Freed by it alone"}}
	shown := causes[:min(len(causes), chartedCauses)]
	most := 0
	for _, row := range shown {
		most = max(most, row.Vehicles)
	}
	for _, row := range shown {
		name := joined(" · ", row.Code, row.Where)
		c.add(name, count(row.Vehicles), length(segment{Class: row.Verdict, Name: row.Verdict, Mark: markOf(row.Verdict), Count: row.Vehicles}, most))
		c.Table = append(c.Table, []string{name, row.Verdict, count(row.Vehicles), count(row.Unblocks)})
	}
	return c
}

// groupsChart is empty for a fleet of one nameless group.
func groupsChart(id, noun string, groups []Group) chart {
	c := chart{ID: "chart-" + id, Title: "Verdicts by " + noun, Note: "Each bar is the whole " + noun + ".", Columns: []string{sentence(noun), "Vehicles", "Ready", "Proved in full", "Blocked", "Broken", "Inconclusive"}}
	if len(groups) == 1 && groups[0].Name == "" {
		return c
	}
	for _, g := range foldGroups(groups, chartedGroups) {
		name, v := g.title(noun), g.Verdicts
		c.add(name, fmt.Sprintf("%s ready of %s", count(v.Ready), count(g.Vehicles)), layOut(verdictParts(v, g.Proof), chartWide))
		c.Table = append(c.Table, []string{name, count(g.Vehicles), count(v.Ready), count(g.Proof.Full), count(v.Blocked), count(v.Broken), count(v.Inconclusive)})
	}
	return c
}

// title is what a group is called: its name, or what it stands for.
func (g Group) title(noun string) string {
	switch {
	case g.Others > 0:
		return counted(g.Others, "other "+noun)
	case g.Name == "":
		return noun + " not known"
	}
	return g.Name
}

func agesChart(a Ages) chart {
	c := chart{ID: "chart-ages", Title: "Age of v3's values against v2's", Columns: []string{"v3's value is", "Pairs of values"},
		Note: fmt.Sprintf("%s of values of which both times are known; %s without a time are left out.", counted(a.Compared, "pair"), count(a.Unknown))}
	if a.Compared == 0 {
		return c
	}
	most := 0
	for _, step := range a.Steps {
		most = max(most, step.Values)
	}
	for _, step := range a.Steps {
		share := percent(float64(step.Values) / float64(a.Compared))
		c.add(step.Name, count(step.Values)+" · "+share, length(segment{Class: "age", Name: step.Name, Count: step.Values}, most))
		c.Table = append(c.Table, []string{step.Name, count(step.Values)})
	}
	return c
}

// burnDown is the fleet then and now; without an earlier run it has no rows.
func burnDown(s Summary) chart {
	c := chart{ID: "chart-burn-down", Title: "Since the earlier run", Note: "Each bar is the whole run.", Columns: []string{"Run of", "Vehicles", "Ready", "Blocked", "Broken", "Inconclusive"}}
	if s.Changes == nil {
		return c
	}
	row := func(name string, v Verdicts, parts []segment) {
		all := v.Ready + v.Blocked + v.Broken + v.Inconclusive
		c.add(name, fmt.Sprintf("%s ready of %s", count(v.Ready), count(all)), layOut(parts, chartWide))
		c.Table = append(c.Table, []string{name, count(all), count(v.Ready), count(v.Blocked), count(v.Broken), count(v.Inconclusive)})
	}
	then := verdictParts(s.Changes.Previous.Verdicts, Proof{Full: s.Changes.Previous.Verdicts.Ready})
	then = slices.DeleteFunc(then, func(p segment) bool { return p.Class == "ready-part" })
	then[0].Name = "ready" // how they were proved is that run's own report
	row(stamp(s.Changes.Previous.FinishedAt), s.Changes.Previous.Verdicts, then)
	row(stamp(s.Run.FinishedAt)+" (this run)", s.Verdicts, verdictParts(s.Verdicts, s.Proof))
	return c
}
