package migrate

import (
	"fmt"
	"time"

	"scmigrate/compare"
)

// budgetLines say how far --max-requests and --time-box reach.
func (f *Forecast) budgetLines(took time.Duration) (lines []string) {
	legacy, app, iam := f.Requests()
	total, most := legacy+app+iam, f.o.Bucket.MaxRequests
	if most > 0 && most < total {
		lines = append(lines, fmt.Sprintf("budget              --max-requests %d reaches %d of %d vehicles; %s", most, f.reach(func(n int) bool {
			legacy, app, iam := f.requests(f.o.Legs, n)
			return legacy+app+iam <= most
		}), f.vehicles, runsText(total, most)))
	}
	if box := f.o.TimeBox; box > 0 && box < took {
		lines = append(lines, fmt.Sprintf("budget              --time-box %s reaches %d of %d vehicles; %s", box, f.reach(func(n int) bool { return f.duration(f.requests(f.o.Legs, n)) <= box }),
			f.vehicles, runsText(int(took/time.Second), int(box/time.Second))))
	}
	return lines
}

// runsText says how many runs it takes; each goes on where the one before it ended.
func runsText(total, each int) string {
	return fmt.Sprintf("start the same command again until it is done: about %d runs", (total+max(1, each)-1)/max(1, each))
}

// reach is the largest number of vehicles that fits, 0 where not even one does.
func (f *Forecast) reach(fits func(vehicles int) bool) int {
	low, high := 0, f.vehicles
	for low < high {
		if middle := (low + high + 1) / 2; fits(middle) {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return low
}

// The sample that is offered where a whole run is long.
const offeredSample = 300

// cheaper are other ways to an answer, where a run takes long, with what they cost.
func (f *Forecast) cheaper(took time.Duration) (lines []string) {
	if took < 2*time.Hour || f.o.Earlier != nil {
		return nil
	}
	say := func(what string, legs string, vehicles int, gives string) {
		legacy, app, iam := f.requests(legs, vehicles)
		lines = append(lines, fmt.Sprintf("cheaper             %s: %d requests, %s; %s", what, legacy+app+iam, roundUp(f.duration(legacy, app, iam)), gives))
	}
	say("--legs connections", "connections", 0, "decides users, connections and permissions of the whole fleet, without a token or a billed read")
	if f.o.Legs == "both" && f.o.LegacyAPI != LegacyNone {
		say("--legs app", "app", f.vehicles, fmt.Sprintf("tells whether v3 serves each vehicle, for 1 billed read instead of up to %d", f.mostReads))
	}
	lines = append(lines, f.cheaperReads()...)
	if n := f.vehicles; f.leftOut == 0 && n > 2*offeredSample {
		bound := UpperBound(0, SampleFrame{Of: n, Vehicles: offeredSample, Users: offeredSample, LargestUser: 1}, Confidence)
		say(fmt.Sprintf("--sample %d", offeredSample), f.o.Legs, offeredSample, fmt.Sprintf("none blocked would mean at most %.1f %% of the fleet, with 95 %% confidence, where each user has one vehicle", 100*bound))
	}
	if share := f.o.Bucket.Share; share > 0 && share < 1 {
		whole := f.o
		whole.Bucket.Share, whole.Buckets = 1, nil
		w := NewForecast(whole)
		w.vehicles, w.faulty, w.tokenless, w.leftOut, w.elsewhere, w.carried = f.vehicles, f.faulty, f.tokenless, f.leftOut, f.elsewhere, f.carried
		legacy, app, iam := w.Requests()
		lines = append(lines, fmt.Sprintf("faster              --limit-share 100%%: %s, where production can do without its part meanwhile", roundUp(w.duration(legacy, app, iam))))
	}
	if f.carried == 0 {
		lines = append(lines, fmt.Sprintf("the next time       --only VERDICT|CAUSE --previous DIR0: 2 requests for each vehicle that is chosen, and %d for the lists, the controls and the token", f.lead()+1))
	}
	return lines
}

// cheaperReads says what the smallest set of fields that proves anything costs: the same requests, fewer billed reads.
func (f *Forecast) cheaperReads() []string {
	const fewest = "odometer.distance,vin"
	fields, err := compare.Select(fewest)
	if err != nil || f.o.Legs != "both" || f.o.LegacyAPI == LegacyV3 || f.o.LegacyAPI == LegacyNone {
		return nil
	}
	n := len(compare.Paths(fields, "")) + 1
	if n >= f.mostReads {
		return nil
	}
	return []string{fmt.Sprintf("cheaper             --fields %s: as many requests, %d billed reads a vehicle instead of up to %d; the other fields stay unproved", fewest, n, f.mostReads)}
}
