package migrate

import "slices"

// Verdict is what a vehicle came to (CONTRACT §6, a closed list). Only Ready counts as ready.
type Verdict string

// The verdicts, with their marks in reports.
const (
	Ready        Verdict = "ready"        // =
	Blocked      Verdict = "blocked"      // ! cutting over would lose or change something
	Broken       Verdict = "broken"       // - does not work on the legacy side either
	Inconclusive Verdict = "inconclusive" // ? could not be measured
)

// Verdicts are all of them, in the order of reports.
func Verdicts() []Verdict { return []Verdict{Ready, Blocked, Broken, Inconclusive} }

// Proof is how much of a ready vehicle was proved.
type Proof string

// The proofs. A vehicle that is not ready has none.
const (
	ProofNone    Proof = ""
	ProofFull    Proof = "full"     // every required field matches or drifted
	ProofPartial Proof = "partial"  // some could be neither confirmed nor refuted
	ProofAppOnly Proof = "app-only" // measured against a baseline, without the legacy leg
)

// Code is a cause's stable name.
type Code string

// CauseRef is one root cause of one vehicle.
type CauseRef struct {
	Code   Code   `json:"code"`
	Field  string `json:"field,omitempty"`  // a field, "security.doors.*" for several of one signal, "" for the whole vehicle
	Detail string `json:"detail,omitempty"` // an error code, a permission, a short reason in our words
	Waived bool   `json:"waived,omitempty"`
	Waiver string `json:"waiver,omitempty"` // the id of the waiver that lets it stand
}

// Common is the detail as far as many vehicles can share it: "" where it names an id. Causes are grouped by it.
func (c CauseRef) Common() string {
	if c.Code == VehicleIDChanged {
		return ""
	}
	return c.Detail
}

// Judgement is the judge's word about one vehicle.
type Judgement struct {
	Verdict Verdict    `json:"verdict"`
	Proof   Proof      `json:"proof,omitempty"`
	Causes  []CauseRef `json:"causes,omitempty"` // gravest first
	Notes   []CauseRef `json:"notes,omitempty"`  // change no verdict

	WaivedFields []string `json:"waivedFields,omitempty"` // whose difference or loss a waiver lets stand
}

// Has tells whether the judgement carries a cause.
func (j Judgement) Has(code Code) bool {
	return slices.ContainsFunc(j.Causes, func(c CauseRef) bool { return c.Code == code })
}

// Waived tells whether the vehicle is ready by a waiver only.
func (j Judgement) Waived() bool {
	return j.Verdict == Ready && slices.ContainsFunc(j.Causes, func(c CauseRef) bool { return c.Waived })
}
