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
	all := []chart{causesChart(causes), groupsChart("makes", "make", makes), groupsChart("cohorts", "cohort", s.Cohorts), wavesChart(s), agesChart(s.Ages)}
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
