// Package programme is who takes part in the cloud programme: partners with their standing, customers, and the agreements between
// them. It is pure.
//
//	partner.go    partners; region.go where they may sell
//	enrolment.go  the programmes that a partner takes part in, and its standing in each
//	user.go       who works for a partner, in which roles
//	customer.go   customers
//	relationship.go what a partner is to a customer; rights.go what it may do for that
//	environment.go production and sandbox, which never mix
//	agreement.go  what customers agreed to, and who may attest it
//	admit.go      what an operator may have the ledger say of them; form.go the forms of what is said
//	causes.go     every way in which the programme says no; fields.go how much each field of a body may hold
package programme
