// Package transfer is the domain: what a billing-ownership transfer is, who may do what to it and when, and what each
// step brings about. It is pure: no I/O, no clock, no randomness. The workflow, the ledger and the API all ask it, and
// none of them re-implements a guard.
//
// Where to look:
//
//	status.go     the states of a transfer and of a line item
//	machine.go    the transition function: state, command, actor, now → state, effects or refusal (T1..T7)
//	effects.go    what a transition brings about: its event, its record, who is told; hearing.go the table of who hears what,
//	              overtaken.go what is not told any more
//	policy.go     what a deployment decides about the rules that leave a choice
//	asking.go     what a deployment lets a target ask for
//	open.go       what the target asks for; prerequisites.go what must be true before it is opened (R-40..R-60)
//	selection.go  the line items that a submit makes (R-61..R-81, R-155); eligibility.go which subscriptions may move
//	labels.go     what a party calls a transfer; forget.go when what is personal about it can be forgotten
//	move.go       what a successful line item means: the new subscription, who pays which days (R-30..R-37)
//	held.go       line items that ended while nobody knew whether they moved, and what became known of them
//	view.go       who sees what (R-180..R-190); asof.go a transfer as it was; timeline.go what happened when
//	report.go     what became of each line item; report_csv.go the same for spreadsheets
//	standing.go   what is due; runrules.go what runs compute with, by number
//	messages.go   the words that parties bring through Temporal; names.go those under which it knows the runs
//	signature.go  which of them a program with the deployment's key has signed
//	fields.go     how much each field of a body may hold
//	causes.go     every way in which a transfer says no, each with its wire code (section 4.6 of the domain reference)
//
// Ids, actors and refusals are package kernel's, partners and customers package programme's, subscriptions package
// subscription's. Source is the partner who bills today, target the partner who will.
package transfer
