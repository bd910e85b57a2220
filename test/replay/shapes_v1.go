package replay

// shapesV1 are the histories of what the second generation added: the ends of subscriptions that were scheduled.
func shapesV1() map[string]Shape {
	return map[string]Shape{
		"cancellation":        {"a subscription ends at its time, by a timer that fired", 12, counts{completed: 1, timerSet: 1, timerFired: 1, stepped: 2}},
		"cancellation-nudged": {"it ended before: the run is told to look, twice", 20, counts{completed: 1, signaled: 2, timerSet: 2, stepped: 3}},
	}
}
