package report

import "time"

// Vehicle is one inventory entry.
type Vehicle struct {
	VehicleID          string     `json:"vehicleId"`
	UserID             string     `json:"userId"`
	SuggestedUserID    *string    `json:"suggestedUserId"`    // nil: none to suggest
	SuggestedVehicleID *string    `json:"suggestedVehicleId"` // under which the same VIN is connected; nil: none
	Label              string     `json:"label"`
	Cohort             string     `json:"cohort"`
	Make               string     `json:"make"`
	Model              string     `json:"model"`
	Year               int        `json:"year"` // 0: not known
	Mode               string     `json:"mode"` // live, simulated or "" where not known
	Verdict            string     `json:"verdict"`
	Proof              *string    `json:"proof"`             // full, partial or app-only; nil where not ready
	Identity           string     `json:"identity"`          // what proves whose car it is: vin, user, list or ""
	Waived             bool       `json:"waived"`            // ready by a waiver
	Undrawn            bool       `json:"undrawn,omitempty"` // the sample left it out: not called, on purpose, and not counted
	EvidenceAt         *time.Time `json:"evidenceAt"`        // nil: never measured
	Causes             []CauseRef `json:"causes"`            // gravest first
	Notes              []CauseRef `json:"notes"`
	Fields             []Field    `json:"fields"` // for vehicles that are not ready, or as the builder decides
	RequestIDs         RequestIDs `json:"requestIds"`
}

// CauseRef is one root cause, or one note, of one vehicle.
type CauseRef struct {
	Code   string `json:"code"`
	Field  string `json:"field"`
	Detail string `json:"detail"`
	Waived bool   `json:"waived"`
}

// Field is one field on both legs.
type Field struct {
	Field   string       `json:"field"`
	Outcome string       `json:"outcome"` // CONTRACT §6
	Legacy  *Observation `json:"legacy"`  // nil: the leg was not asked or said nothing about it
	App     *Observation `json:"app"`
	Note    string       `json:"note"` // for drift: the proof in words
}

// Observation is what one leg said about a field.
type Observation struct {
	Value  any        `json:"value"`  // a number, text, boolean, list or object as decoded from JSON; nil with Error
	Unit   string     `json:"unit"`   // canonical: km, kWh, L, kPa; "" for fractions and texts
	At     *time.Time `json:"at"`     // when the car was observed; nil: not stated
	Source string     `json:"source"` // where At comes from: sc-data-age, oemUpdatedAt, retrievedAt …
	Error  string     `json:"error"`  // Smartcar's type/code where the leg gave no value
}

// RequestIDs are Smartcar's own, for its support.
type RequestIDs struct {
	Legacy []string `json:"legacy"`
	App    []string `json:"app"`
}
