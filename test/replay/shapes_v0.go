package replay

// shapesV0 are the histories of the first generation: of the first version that is released.
func shapesV0() map[string]Shape {
	return map[string]Shape{
		"complete":             {"every line item moves at the first attempt", 16, counts{completed: 1, signaled: 1, stepped: 5}},
		"complete-retried":     {"one is tried again by itself", 26, counts{completed: 1, signaled: 1, itemBegun: 1, itemEnded: 1}},
		"partially-complete":   {"one can never move", 16, counts{completed: 1, signaled: 1, stepped: 5}},
		"failed":               {"none can ever move", 16, counts{completed: 1, signaled: 1, stepped: 5}},
		"given-up":             {"an operator ends two line items, one after the other", 28, counts{completed: 1, signaled: 2, itemStopped: 2}},
		"cancelled":            {"the target withdraws", 14, counts{completed: 1, signaled: 1}},
		"declined":             {"the source says no", 14, counts{completed: 1, signaled: 1}},
		"expired":              {"two reminders and the end, by timers that fired", 29, counts{completed: 1, timerSet: 3, timerFired: 3}},
		"overdue":              {"still moving after 72 hours, by a timer that fired", 33, counts{completed: 1, timerFired: 1, itemStopped: 1}},
		"adopted":              {"the ledger went on behind the run's back", 14, counts{completed: 1, signaled: 1}},
		"ledger-away":          {"a look goes on as an activity", 25, counts{completed: 1, itemBegun: 1, itemEnded: 1}},
		"restored":             {"the ledger lacks what the run has seen, and is brought forward", 46, counts{completed: 1, signaled: 4, itemBegun: 2, itemStopped: 2}},
		"afresh-first":         {"begins afresh while line items are on their way", 530, counts{afresh: 1, signaled: 502, itemBegun: 2}},
		"afresh":               {"takes those line items over", 20, counts{completed: 1, itemBegun: 2, itemStopped: 2}},
		"terminated":           {"ended from outside while line items are on their way", 18, counts{terminated: 1, itemBegun: 2}},
		"replaced":             {"the run that was begun in its place", 20, counts{completed: 1, itemBegun: 2, itemStopped: 2}},
		"large":                {"shared out to two ranges", 42, counts{completed: 1, rangeBegun: 2, rangeEnded: 2}},
		"large-range":          {"a full range, one line item of which is tried again", 17, counts{completed: 1, itemEnded: 1}},
		"large-range-given-up": {"a range of which an operator ends three line items", 19, counts{completed: 1, signaled: 1, itemStopped: 3}},
		"http":                 {"a billing system over HTTP answers later", 32, counts{completed: 1, itemBegun: 2, itemEnded: 2}},
		"http-fenced":          {"it promises not to move what was given up", 54, counts{completed: 1, signaled: 3, itemBegun: 4, itemStopped: 2, itemEnded: 2}},
		"http-called-back":     {"it answers later, and calls back", 28, counts{completed: 1, signaled: 2, itemBegun: 2, itemStopped: 2}},
		"outage":               {"it is away for a while", 12, counts{completed: 1, signaled: 1, timerSet: 1, stepped: 2}},
		"door-approved":        {"begun with a request; three signals refused, one accepted", 29, counts{completed: 1, signaled: 4}},
		"door-refused":         {"begun with a request that is refused", 7, counts{failed: 1, stepped: 2}},
		"door-cancelled":       {"requested and withdrawn by signal", 18, counts{completed: 1, signaled: 2}},
		"door-declined":        {"requested and declined by signal, after one of the target's was refused", 24, counts{completed: 1, signaled: 3}},
	}
}
