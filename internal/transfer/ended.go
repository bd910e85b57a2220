package transfer

// EndedItem is a line item that has ended and that a billing system was asked to move, with what was found out about it since.
type EndedItem struct {
	TransferID string
	LineItem
	Resolved bool   // it was held, and then somebody said what had become of it
	MovedTo  string // id of the target's new subscription, by that word; empty when it had not moved
}
