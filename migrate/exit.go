package migrate

// Exit codes (CONTRACT §3).
const (
	ExitReady       = 0
	ExitTool        = 1
	ExitUsage       = 2
	ExitGate        = 3
	ExitUndecided   = 4
	ExitCredentials = 5
	ExitBreach      = 6
	ExitInterrupted = 130
)

// Together is what evaluated gates come to: "no" if one fails, "yes" if all hold and a vehicle is ready, else "undecided".
// The exit code and every report read this.
func Together(gates []Gate, ready int) string {
	undecided := len(gates) == 0 || ready == 0
	for _, g := range gates {
		if g.Met == metNo {
			return metNo
		}
		undecided = undecided || g.Met != metYes
	}
	if undecided {
		return metUndecided
	}
	return metYes
}

// ExitCode is the exit code of a run that ended so.
func ExitCode(stop Stop, gates []Gate, ready int) int {
	switch stop {
	case StopBreach:
		return ExitBreach
	case StopCredentials:
		return ExitCredentials
	case StopInterrupted:
		return ExitInterrupted
	}
	// A budget or a time box that ends with nothing left to measure has finished; a run that could not call has not.
	finished := stop == StopNone || stop == StopTimeBox || stop == StopBudget
	switch met := Together(gates, ready); {
	case met == metNo:
		return ExitGate
	case met == metYes && finished:
		return ExitReady
	}
	return ExitUndecided
}
