// Package activitylog is what the log of who did what says, whatever it is about. It is pure.
//
//	record.go  what a record says, and of whom
//	act.go     everything that changes something, and what the log says of it
//	attempt.go what was refused
//	csv.go     records as a table, for spreadsheets
//	window.go  how far back the log can be read
//	forget.go  what is personal in it, and when it can be forgotten
//	causes.go  every way in which the log says no
package activitylog
