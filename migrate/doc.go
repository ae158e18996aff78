// Package migrate holds the words of the domain and the run itself: a vehicle's two legs are measured, their findings
// judged by one pure function, and each vehicle handed over as one Record. It knows no file format, no SQL and no flag.
package migrate
