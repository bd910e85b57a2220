// Package run is how workflows are run, whatever they are about: what a step is and how it is repeated, what is said to a run,
// its one timer, when it begins afresh. It decides nothing and knows no context.
//
//	step.go     activities as workflows call them: by name, with the types of their methods
//	retries.go  how often what is tried
//	inbox.go    what is said to a run
//	alarm.go    what wakes it when nobody says anything
//	rules.go    the rules that it follows, by number; when its history is long enough
//	start.go    how it is started
package run
