// Package billingtest is what every billing.Mover must do, and a small billing system to try the HTTP adapter on.
package billingtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/billing"
	"handover/internal/kernel"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

// Submitted is when the transfer of the suite was submitted; its clock starts there.
var Submitted = time.Date(2024, 6, 15, 9, 30, 0, 0, time.UTC)

// Start makes a Mover whose billing system shows the fault (see subscription.ParseFault) for every subscription, by that
// clock, with the transfer submitted at Submitted.
type Start func(t *testing.T, fault string, now func() time.Time) billing.Mover

// Run checks the contract of billing.Mover.
func Run(t *testing.T, start Start) {
	for name, check := range map[string]func(*testing.T, Start){
		"a move gives a new id":                givesNewID,
		"a repeated move gives the same id":    repeats,
		"moves at once give one id":            repeatsAtOnce,
		"a refusal is final":                   refuses,
		"a transient failure passes":           recovers,
		"a syncing subscription moves later":   syncs,
		"an ended context ends the move":       cancels,
		"a context ends the move in the midst": cancelsMidway,
	} {
		t.Run(name, func(t *testing.T) { check(t, start) })
	}
}

// Sample is the move of a line item of the suite's transfer.
func Sample(ordinal int) billing.Move {
	const transferID = "8c2e4d10-77aa-4f52-b0de-0d3f7b9c0001"
	item := transfer.LineItem{
		Ordinal: ordinal, BaseOrdinal: transfer.NoBase, SubscriptionID: fmt.Sprintf("a1b2c3d4-0000-4000-8000-00000000d%03d", ordinal),
		ProductType: subscription.OnlineServicesNCE, Quantity: 25, BillingCycle: subscription.Monthly, Status: transfer.ItemInProgress,
	}
	return billing.Move{
		Key: item.KeyIn(transferID),
		Transfer: transfer.Transfer{
			ID:      transferID,
			Request: transfer.Request{PartnerOnRecord: "4847383"},
			State: transfer.State{
				Status:           transfer.InProgress,
				CustomerTenantID: "c0a80101-0000-4000-8000-00000000c001",
				SourceTenantID:   "5b7d1a20-0000-4000-8000-00000000a001",
				TargetTenantID:   "2e9b1c44-0000-4000-8000-00000000b002",
				SubmittedTime:    Submitted,
			},
		},
		Item: item,
		Old: subscription.Subscription{
			ID: item.SubscriptionID, ProductType: item.ProductType, OfferID: "CFQ7TTC0LH18:0001", Quantity: 30,
			UnitPriceMinor: 1250, BillingCycle: item.BillingCycle, TermDuration: "P1Y",
			CommitmentEndDate: time.Date(2025, 4, 9, 0, 0, 0, 0, time.UTC), Status: subscription.Active,
		},
	}
}

// faulty is the sample as the ledger of a sandbox world has it.
func faulty(ordinal int, fault string) billing.Move {
	m := Sample(ordinal)
	m.Old.SandboxFault = fault
	return m
}

func atSubmit() time.Time { return Submitted }

// the target gets a new subscription.
func givesNewID(t *testing.T, start Start) {
	m := Sample(0)
	id, err := start(t, "", atSubmit).Move(t.Context(), m)
	require.NoError(t, err)
	canonical, err := kernel.ParseID("id", id)
	require.NoError(t, err)
	assert.Equal(t, canonical, id)
	assert.NotEqual(t, m.Old.ID, id)
}

// a second attempt after success finds the earlier result.
func repeats(t *testing.T, start Start) {
	mover := start(t, "", atSubmit)
	first, err := mover.Move(t.Context(), Sample(0))
	require.NoError(t, err)
	late := Sample(0)
	late.Attempts = 7
	again, err := mover.Move(t.Context(), late)
	require.NoError(t, err)
	assert.Equal(t, first, again)

	other, err := mover.Move(t.Context(), Sample(1))
	require.NoError(t, err)
	assert.NotEqual(t, first, other, "another line item is another move")
}

// R-27, when an attempt that was given up still runs beside its successor.
func repeatsAtOnce(t *testing.T, start Start) {
	mover := start(t, "", atSubmit)
	ids := make([]string, 8)
	var movers sync.WaitGroup
	for i := range ids {
		movers.Go(func() {
			var err error
			ids[i], err = mover.Move(t.Context(), Sample(0))
			assert.NoError(t, err)
		})
	}
	movers.Wait()
	for _, id := range ids {
		assert.Equal(t, ids[0], id)
	}
}

// the billing system's own no, under its own code.
func refuses(t *testing.T, start Start) {
	const fault = "refuse:900146"
	m := faulty(0, fault)
	_, err := start(t, fault, atSubmit).Move(t.Context(), m)
	var refusal *kernel.Refusal
	require.ErrorAs(t, err, &refusal)
	assert.Equal(t, transfer.ProviderRefused, refusal.Cause)
	assert.Equal(t, "900146", refusal.Code)
	assert.Equal(t, []string{m.Old.ID}, refusal.Data)
}

// retried until it succeeds.
func recovers(t *testing.T, start Start) {
	const fault = "transient:2"
	mover := start(t, fault, atSubmit)
	m := faulty(0, fault)
	for ; m.Attempts < 2; m.Attempts++ {
		_, err := mover.Move(t.Context(), m)
		requireUnavailable(t, err, transfer.ProviderUnavailable)
	}
	_, err := mover.Move(t.Context(), m)
	assert.NoError(t, err)
}

// not before it is in sync, and then without anybody's doing.
func syncs(t *testing.T, start Start) {
	const fault = "sync:10m"
	now := Submitted.Add(4 * time.Minute)
	mover := start(t, fault, func() time.Time { return now })
	m := faulty(0, fault)
	_, err := mover.Move(t.Context(), m)
	failure := requireUnavailable(t, err, transfer.StillSyncing)
	assert.Equal(t, 6*time.Minute, failure.RetryAfter)
	assert.Equal(t, "Subscription SyncState must be SyncComplete for the Subscription to be a source in a Subscription Ownership Transfer. "+
		"Subscription: "+m.Old.ID+", current state: None", failure.Reason)

	now = now.Add(failure.RetryAfter)
	_, err = mover.Move(t.Context(), m)
	assert.NoError(t, err)
}

func cancels(t *testing.T, start Start) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := start(t, "", atSubmit).Move(ctx, Sample(0))
	assert.ErrorIs(t, err, context.Canceled)
}

func cancelsMidway(t *testing.T, start Start) {
	const fault = "slow:10h"
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := start(t, fault, atSubmit).Move(ctx, faulty(0, fault))
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

func requireUnavailable(t *testing.T, err error, cause kernel.Cause) *billing.Unavailable {
	t.Helper()
	var failure *billing.Unavailable
	require.ErrorAs(t, err, &failure)
	require.ErrorIs(t, err, cause)
	require.NotEmpty(t, failure.Reason)
	var refusal *kernel.Refusal
	require.False(t, errors.As(err, &refusal))
	return failure
}
