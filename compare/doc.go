// Package compare decides what two answers mean: Smartcar's v2.0 batch items ("legacy") and its v3 signals ("app") are
// decoded into Readings in canonical units, and two sets of Readings into Findings, one per field.
//
// The package is pure: no network, no clock, no environment. Whatever it cannot read becomes a coded outcome, never a
// guess and never nothing. The map between the two worlds is one table, catalogue.go.
package compare
