package transfer

import (
	"slices"
	"time"
)

// AsOpened is the transfer as it was when it was opened, whatever became of it since: the answer to a create, also when it
// is given late.
func (t Transfer) AsOpened() Transfer {
	t.Status, t.LastModifiedTime, t.LastModifiedUser = Pending, t.CreatedTime, t.Actor.UserID
	t.SubmittedTime, t.CompletedTime, t.Items = time.Time{}, time.Time{}, ItemCounts{}
	return t
}

// AsSubmitted is the transfer with its line items as they were when the source submitted: the answer to a submit,
// although the platform may have moved everything before it is given.
func (t Transfer) AsSubmitted(items []LineItem) (Transfer, []LineItem) {
	total := t.Items.Total()
	t.Status, t.LastModifiedTime, t.CompletedTime = InProgress, t.SubmittedTime, time.Time{}
	t.Items = ItemCounts{InProgress: total}
	begun := slices.Clone(items)
	for i := range begun {
		begun[i].Status, begun[i].TargetSubscriptionID, begun[i].Attempts = ItemInProgress, "", 0
		begun[i].LastError, begun[i].TransferError = "", ""
	}
	return t, begun
}
