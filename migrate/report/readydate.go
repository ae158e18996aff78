package report

import (
	"fmt"
	"math"
	"time"
)

// changedFacts is what became of the fleet since an earlier run, in one sentence; none without such a run.
func (s Summary) changedFacts() []fact {
	if s.Changes == nil {
		return nil
	}
	return s.Changes.facts()[:1]
}

// readyDateFacts hold the fleet's pace against the day on which v2.0 ends, where the rules name one; none where there is
// neither that day nor an earlier run.
func (s Summary) readyDateFacts() []fact {
	end, err := time.Parse(time.DateOnly, s.Run.Retirement)
	text := ""
	if err == nil {
		text = s.endText(end)
	} else if s.Changes == nil {
		return nil
	}
	return []fact{{"ready date", joined("; ", text, s.paceText(end))}}
}

func (s Summary) endText(end time.Time) string {
	left := daysBetween(s.Run.FinishedAt, end)
	if left < 0 {
		return fmt.Sprintf("v2.0 ended on %s, %s before this run", s.Run.Retirement, counted(-left, "day"))
	}
	return fmt.Sprintf("v2.0 ends on %s, %s after this run", s.Run.Retirement, counted(left, "day"))
}

// daysBetween counts midnights, in UTC.
func daysBetween(from, to time.Time) int {
	const day = 24 * time.Hour
	return int(to.UTC().Truncate(day).Sub(from.UTC().Truncate(day)) / day)
}

// paceText projects the day on which nothing would be blocked or unmeasured any more, if that went on as between the two
// runs. It says why not where that would be made up. end is zero where nobody stated a day.
func (s Summary) paceText(end time.Time) string {
	now := s.Verdicts.Blocked + s.Verdicts.Inconclusive
	switch {
	case s.Decision() == Go && now == 0:
		return "the fleet is ready now"
	case s.Decision() == Go:
		return "the gates hold now, with " + vehicles(now) + " left behind"
	case s.Changes == nil:
		return "when the fleet will be ready cannot be told from one run (--previous)"
	case s.Run.Sample != nil || s.Run.Shard != nil || !s.Run.Complete || !s.Changes.Previous.Complete || len(s.Changes.Unlike) > 0:
		return "when the fleet will be ready cannot be told: the two runs are not alike and whole"
	}
	was, took := s.Changes.Previous.Verdicts.Blocked+s.Changes.Previous.Verdicts.Inconclusive, s.Run.FinishedAt.Sub(s.Changes.Previous.FinishedAt)
	if now >= was || took <= 0 {
		return fmt.Sprintf("no ready date: %s are blocked or not measured, %s were in the earlier run", count(now), count(was))
	}
	left := took.Hours() / 24 * float64(now) / float64(was-now)
	if left > 3650 {
		return "no ready date within ten years at the pace since the earlier run"
	}
	ready := s.Run.FinishedAt.UTC().Add(time.Duration(math.Ceil(left)) * 24 * time.Hour)
	text := fmt.Sprintf("ready about %s if it goes on as since the earlier run (blocked or not measured: %s, then %s)", ready.Format(time.DateOnly), count(was), count(now))
	if over := daysBetween(end, ready); !end.IsZero() && over > 0 {
		text += ", " + counted(over, "day") + " too late"
	}
	return text
}
