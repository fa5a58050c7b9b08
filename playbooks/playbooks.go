// Package playbooks knows the book: the playbook files CS Ops write and what
// they share, and the runs that are played from them.
//
// Like package rules it is pure: a book is loaded from bytes, a run advances by
// an event to a new run and a list of effects, and nothing here calls a clock,
// the network or a database.
package playbooks
