// Package rules judges accounts. It knows accounts, their signals, the series
// those add up to, the features computed from series, the expressions written
// over features, and the decisions that come of them.
//
// A History takes signals by Apply. A Compiler, made from the book's Schema, turns
// texts into a Condition, an Expr or a Template. Facts - one account, its History,
// a time - is what those are evaluated on, and Rule.Judge moves a rule's state by
// it. In one line each:
//
//	c, problems := rules.NewCompiler(schema)        // once per book
//	when, problems := c.Condition(source)           // once per text
//	set := rules.NewSet(c, &rules.Rule{Playbook: "login-drop", When: when})
//	facts := set.Facts(account, history, now)       // once per goroutine, then facts.Reset
//	state, decision, changed := set.Rules[0].Judge(state, facts, circumstances)
//
// The package is pure: it never calls a clock, the network or a database.
// Times and data are passed in, so that tests, back-tests and the live bot run
// the very same code.
package rules
