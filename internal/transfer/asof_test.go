package transfer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"handover/internal/kernel"
	"handover/internal/transfer"
)

// the answer to a submit is the source's view of what was just submitted, however fast the platform is.
func TestAsSubmitted(t *testing.T) {
	submitted := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	now := transfer.Transfer{State: transfer.State{
		Status: transfer.PartiallyComplete, CreatedTime: submitted.Add(-time.Hour), SubmittedTime: submitted,
		LastModifiedTime: submitted.Add(time.Minute), Items: transfer.ItemCounts{Complete: 1, Failed: 1},
	}}
	items := []transfer.LineItem{
		{Ordinal: 0, SubscriptionID: "a", Status: transfer.ItemComplete, TargetSubscriptionID: "b", Attempts: 2, LastError: "once"},
		{Ordinal: 1, SubscriptionID: "c", Status: transfer.ItemFailed, Attempts: 1, LastError: "no", TransferError: "no"},
	}
	then, begun := now.AsSubmitted(items)
	assert.Equal(t, transfer.InProgress, then.Status)
	assert.Equal(t, submitted, then.LastModifiedTime)
	assert.Equal(t, transfer.ItemCounts{InProgress: 2}, then.Items)
	assert.Equal(t, []transfer.LineItem{
		{Ordinal: 0, SubscriptionID: "a", Status: transfer.ItemInProgress}, {Ordinal: 1, SubscriptionID: "c", Status: transfer.ItemInProgress},
	}, begun)
	assert.Equal(t, transfer.ItemComplete, items[0].Status, "what was given stays")
}

// a create that is answered late gets the answer it would have had.
func TestAsOpened(t *testing.T) {
	created := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	opened := transfer.Transfer{Request: transfer.Request{Actor: kernel.Actor{UserID: "target"}}, LastModifiedUser: "target", State: transfer.State{
		Status: transfer.Pending, CreatedTime: created, LastModifiedTime: created,
	}}
	since := opened
	since.Status, since.SubmittedTime, since.CompletedTime = transfer.Complete, created.Add(time.Hour), created.Add(2*time.Hour)
	since.LastModifiedTime, since.LastModifiedUser, since.Items.Complete = created.Add(2*time.Hour), "source", 3
	assert.Equal(t, opened, since.AsOpened())
}
