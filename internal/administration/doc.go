// Package administration is what operators of the platform add and change while it runs: partners with their users, customers,
// what ties them, and what is billed. A change is a World like that which a ledger begins with, held against what is there; so one
// thing and ten thousand are decided by the same rules. It is pure.
//
//	world.go       what a ledger can be given, and what can be over
//	references.go  what only the whole of it tells: references to what is not there; environments.go of production and sandbox
//	facts.go       what the ledger knows of what is named
//	decide.go      what has to be written, or everything that is in the way; ties.go of what ties partners and customers
//	plan.go        what is new, changed and the same
//	causes.go      every way in which administration says no; fields.go how much each field of a body may hold
package administration
