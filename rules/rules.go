// Package rules judges accounts. It knows accounts, their signals, the series
// those add up to, the features computed from series, the expressions written
// over features, and the decisions that come of them.
//
// The package is pure: it never calls a clock, the network or a database.
// Times and data are passed in, so that tests, back-tests and the live bot run
// the very same code.
package rules
