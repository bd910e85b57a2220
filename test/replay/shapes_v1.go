package replay

// shapesV1 are the histories of what the second generation added: the ends of subscriptions that were scheduled, and what partners are
// told over HTTP.
func shapesV1() map[string]Shape {
	return map[string]Shape{
		"cancellation":        {"a subscription ends at its time, by a timer that fired", 12, counts{completed: 1, timerSet: 1, timerFired: 1, stepped: 2}},
		"cancellation-nudged": {"it ended before: the run is told to look, twice", 20, counts{completed: 1, signaled: 2, timerSet: 2, stepped: 3}},
		"delivery":            {"the first attempt fails, the second is heard, another event comes while nothing is left to tell", 39, counts{completed: 1, signaled: 1, timerSet: 3, timerFired: 2, itemBegun: 3, itemEnded: 3}},
		"delivery-gone":       {"the endpoint is gone: nothing is left to tell, and the run ends at once", 11, counts{completed: 1, itemBegun: 1, itemEnded: 1}},
	}
}
