package transfer

// NotOver says why nothing of a transfer can be forgotten yet; empty when it is over: it ended, nobody has to find out what became of a
// line item, and all mail about it was sent or given up.
func NotOver(s Status, held, mailWaits bool) string {
	switch {
	case !s.Final():
		return "it is " + string(s)
	case held:
		return "nobody knows yet what became of a line item that is held"
	case mailWaits:
		return "e-mail about it waits to be sent"
	}
	return ""
}
