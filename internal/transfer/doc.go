// Package transfer is the domain: what a billing-ownership transfer is, who may do what to it and when, and what each
// step brings about. It is pure: no I/O, no clock, no randomness. The workflow, the ledger and the API all ask it, and
// none of them re-implements a guard.
//
// Where to look:
//
//	status.go     the states of a transfer and of a line item
//	machine.go    the transition function: state, command, actor, now → state, effects or refusal (T1..T7)
//	open.go       what the target asks for; prerequisites.go what must be true before it is opened (R-40..R-60)
//	selection.go  the line items that a submit makes (R-61..R-81, R-155); eligibility.go which subscriptions may move
//	change.go     what the billing owner may change about a subscription (section 8.3); agreement.go attestations (8.1)
//	activity.go   how far back an activity log can be read
//	move.go       what a successful line item means: the new subscription, who pays which days (R-30..R-37)
//	view.go       who sees what (R-180..R-190); report.go what became of each line item, timeline.go what happened when
//	refusal.go    every way to say no, each with its wire code (section 4.6 of the domain reference)
//
// Source is the partner who bills today, target the partner who will.
package transfer
