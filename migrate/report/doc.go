// Package report renders one finished or interrupted run: CONTRACT §7 as a value, and every format as a pure function of
// it. No renderer sees the network, a clock, the environment or a terminal; width and colour are options. Every string of
// a Report is taken as hostile (labels and cohorts are the users', makes and error codes come from outside).
//
// A new format is one file with one render function and one row of the formats table.
package report
