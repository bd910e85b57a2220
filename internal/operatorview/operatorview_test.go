package operatorview

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/outbox"
	"handover/internal/transfer"
	"handover/workflows/transfers"
)

const transferID = "8c2e4d10-77aa-4f52-b0de-0d3f7b9c0001"

// fakeBook is a ledger with one transfer.
type fakeBook struct {
	transfer transfer.Transfer
	items    []transfer.LineItem
	mail     []outbox.Notification
	err      error // of whatever is asked last
}

func (f fakeBook) Transfer(context.Context, string) (transfer.Transfer, error) {
	if f.transfer.ID == "" {
		return f.transfer, transfer.NoSuchTransfer()
	}
	return f.transfer, nil
}

func (f fakeBook) Items(context.Context, string, int, int) ([]transfer.LineItem, error) {
	return f.items, nil
}

func (f fakeBook) Notifications(context.Context, outbox.Subject) ([]outbox.Notification, error) {
	return f.mail, f.err
}

func TestFromLedgerShowsEverything(t *testing.T) {
	t.Parallel()
	now := time.Date(2031, 3, 2, 9, 15, 4, 0, time.UTC)
	book := fakeBook{
		transfer: transfer.Transfer{
			ID:    transferID,
			State: transfer.State{Status: transfer.InProgress, Items: transfer.ItemCounts{InProgress: 1, Failed: 1}},
		},
		items: []transfer.LineItem{
			{Ordinal: 0, Status: transfer.ItemInProgress, Attempts: 3, LastError: "503 busy"},
			{Ordinal: 1, Status: transfer.ItemFailed, TransferError: "enough", Held: true},
		},
		mail: []outbox.Notification{
			{Event: "created", SentAt: now}, {Event: "submitted"}, {Event: "submitted"}, {Event: "reminder", Ended: true, Withdrawn: true},
			{Event: "created", Ended: true}, {Event: "created", SentAt: now, Ended: true},
		},
	}
	s, err := FromLedger(t.Context(), book, transferID)
	require.NoError(t, err)
	require.Len(t, s.Transfer.LineItems, 2)
	assert.Equal(t, "503 busy", s.Transfer.LineItems[0].LastError)
	assert.Equal(t, 3, *s.Transfer.LineItems[0].Attempts)
	assert.Equal(t, "enough", s.Transfer.LineItems[1].TransferError)
	assert.Equal(t, book.transfer.Items, s.Items)
	assert.Equal(t, 1, s.Held)
	assert.Equal(t, []string{"submitted"}, s.Mail, "what is sent or given up is not due")
	assert.Equal(t, &Owed{Waiting: 2, Undelivered: 2}, s.Owed, "what bounced is undelivered, what nobody needs is neither")

	book.err = errors.New("gone")
	_, err = FromLedger(t.Context(), book, transferID)
	require.ErrorIs(t, err, book.err)
	_, err = FromLedger(t.Context(), fakeBook{}, transferID)
	require.ErrorIs(t, err, transfer.NotFound)
}

func TestFromRunShowsWhatARunKnows(t *testing.T) {
	t.Parallel()
	created := time.Date(2031, 3, 2, 10, 15, 4, 0, time.FixedZone("", 3600))
	s := FromRun(transfers.Snapshot{
		TransferID: transferID, Status: transfer.InProgress, Customer: "c", Source: "s", Target: "t", CreatedTime: created,
		Items: transfer.ItemCounts{InProgress: 2}, Held: 1, Restored: true, Trouble: "a step failed",
		Answers: []transfer.Answer{{Status: transfer.Pending}, {Refusal: kernel.Refuse(kernel.WrongParty, "Only the source may do this.")}},
	})
	assert.Equal(t, Snapshot{
		Transfer: transfer.Entity{
			ID: transferID, Status: transfer.InProgress, CustomerTenantID: "c", SourcePartnerTenantID: "s", TargetPartnerTenantID: "t",
			CreatedTime: "2031-03-02T09:15:04Z",
		},
		Items: transfer.ItemCounts{InProgress: 2}, Held: 1, Restored: true, Trouble: "a step failed",
		Refused: []string{kernel.Refuse(kernel.WrongParty, "Only the source may do this.").Error()},
	}, s)
}
