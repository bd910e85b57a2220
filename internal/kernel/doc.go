// Package kernel is what every context shares, pure: ids, actors and roles, causes and refusals, bounds of what people type, the
// calendar. It holds no word of any one context: each registers its own causes and bounds here.
//
//	ids.go          Microsoft ids, and ids derived from what they are for
//	actor.go        who gives a command; origin.go through what it came
//	refusal.go      Refusal and Cause, and the registry of causes; causes.go those that every context knows
//	fingerprint.go  what tells two requests under one id apart
//	names.go        names of enumerations, as clients write them
//	bounds.go       how much a field may hold, and what can be read of it; form.go texts of a fixed form
//	surfaces.go     what any text is on a terminal, in a log, a mail, a spreadsheet, the Web UI
//	address.go      e-mail addresses, and the form in which every mail server takes them; tombstone.go  what is left of one that was forgotten
//	calendar.go     days and months; times.go  the times that clients may name; number.go whole numbers as JSON writes them; links.go links of the REST contract
package kernel
