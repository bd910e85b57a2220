// Package subscription is the thing that is billed: whose it is, for how long, and what its owner may change about it (domain
// section 8.3). It is pure.
//
//	subscription.go  a subscription, its term, and its entity tag
//	cycles.go        its billing cycles, and how long it is billed
//	product.go       what kinds of products there are
//	change.go        what its owner may change about it
//	cancellation.go  its end, when that was scheduled
//	admit.go         what an operator may have the ledger say of it; form.go the forms of what is said
//	fault.go         what a subscription of a sandbox world does to those who move it
//	causes.go        every way in which a subscription says no; fields.go how much each field of a body may hold
package subscription
