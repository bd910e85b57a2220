package transfer

// Status is the state of a transfer, spelled as on the wire (domain section 2.2).
type Status string

// The states of a new-commerce transfer. None is the state before Open and never leaves this process.
const (
	None              Status = ""
	Pending           Status = "Pending"
	InProgress        Status = "InProgress"
	Complete          Status = "Complete"
	Expired           Status = "Expired"
	Cancelled         Status = "Cancel"
	Rejected          Status = "Reject"
	Failed            Status = "Failed"
	PartiallyComplete Status = "PartiallyComplete"
)

// Statuses lists every state, in the order a reader meets them.
func Statuses() []Status {
	return []Status{None, Pending, InProgress, Complete, Expired, Cancelled, Rejected, Failed, PartiallyComplete}
}

// Final tells whether nothing can leave the state any more.
func (s Status) Final() bool {
	switch s {
	case Complete, Expired, Cancelled, Rejected, Failed, PartiallyComplete:
		return true
	case None, Pending, InProgress:
		return false
	}
	return false
}

// ItemStatus is the state of one line item (domain section 2.3). NoItem stands for a line item that does not exist.
type ItemStatus string

// The states of a line item.
const (
	NoItem         ItemStatus = ""
	ItemInProgress ItemStatus = "InProgress"
	ItemComplete   ItemStatus = "Complete"
	ItemFailed     ItemStatus = "Failed"
)

// ItemCounts says how many line items of a transfer stand in each state.
type ItemCounts struct {
	InProgress int `json:"inProgress" doc:"Being moved, or waiting for another attempt."`
	Complete   int `json:"complete" doc:"Moved."`
	Failed     int `json:"failed" doc:"Given up."`
}

// Total is the number of line items of the transfer.
func (c ItemCounts) Total() int { return c.InProgress + c.Complete + c.Failed }

// outcome is the final state that follows from the counts once no item is left running (decision OQ-4).
func (c ItemCounts) outcome() Status {
	switch {
	case c.Failed == 0:
		return Complete
	case c.Complete == 0:
		return Failed
	default:
		return PartiallyComplete
	}
}
