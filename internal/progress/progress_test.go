package progress

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/operatorview"
	"handover/internal/transfer"
)

const id = "8c2e4d10-77aa-4f52-b0de-0d3f7b9c0001"

var quickly = Options{Every: time.Microsecond}

// answer is one thing a read says.
type answer struct {
	snapshot operatorview.Snapshot
	err      error
}

// script answers one after the other, the last one for ever.
func script(answers ...answer) func(context.Context) (operatorview.Snapshot, error) {
	n := 0
	return func(context.Context) (operatorview.Snapshot, error) {
		a := answers[min(n, len(answers)-1)]
		n++
		return a.snapshot, a.err
	}
}

func pending() operatorview.Snapshot {
	return operatorview.Snapshot{Transfer: transfer.Entity{ID: id, Status: transfer.Pending, ExpirationTime: "2031-04-02T00:00:00Z"}}
}

func moving(status transfer.Status, counts transfer.ItemCounts, items ...transfer.ItemEntity) operatorview.Snapshot {
	return operatorview.Snapshot{Transfer: transfer.Entity{ID: id, Status: status, LineItems: items}, Items: counts}
}

func item(ordinal, attempts int, status transfer.ItemStatus, lastError string) transfer.ItemEntity {
	return transfer.ItemEntity{ID: ordinal, Status: status, Attempts: &attempts, LastError: lastError}
}

func TestPlainSaysEachChangeOnce(t *testing.T) {
	t.Parallel()
	retried := item(2, 3, transfer.ItemInProgress, "still syncing")
	overdue := moving(transfer.InProgress, transfer.ItemCounts{InProgress: 1, Complete: 2}, retried)
	overdue.Overdue = true
	var out bytes.Buffer
	restored := moving(transfer.InProgress, transfer.ItemCounts{InProgress: 3})
	restored.Restored = true
	final, err := Follow(context.Background(), &out, script(
		answer{snapshot: moving(transfer.None, transfer.ItemCounts{})},
		answer{snapshot: pending()},
		answer{snapshot: pending()},
		answer{snapshot: restored},
		answer{snapshot: moving(transfer.InProgress, transfer.ItemCounts{InProgress: 3})},
		answer{snapshot: moving(transfer.InProgress, transfer.ItemCounts{InProgress: 1, Complete: 2}, retried)},
		answer{snapshot: overdue},
		answer{snapshot: moving(transfer.PartiallyComplete, transfer.ItemCounts{Complete: 2, Failed: 1})},
	), quickly)
	require.NoError(t, err)
	assert.Equal(t, transfer.PartiallyComplete, final.Transfer.Status)
	assert.Equal(t, strings.Join([]string{
		"the request is being checked",
		"Pending: waits for the source until 2031-04-02T00:00:00Z",
		"InProgress: 0 of 3 line items moved, RESTORED: the ledger lacks what the run has seen",
		"InProgress: 0 of 3 line items moved",
		"InProgress: 2 of 3 line items moved; item 2, 3 attempts: still syncing",
		"InProgress: 2 of 3 line items moved, OVERDUE: submitted more than 72 hours ago; item 2, 3 attempts: still syncing",
		"PartiallyComplete: 2 of 3 line items moved, 1 failed",
		"",
	}, "\n"), out.String())
}

func TestSilenceIsShownOnceAndSurvived(t *testing.T) {
	t.Parallel()
	silent := answer{err: errors.New("connection refused")}
	var out bytes.Buffer
	final, err := Follow(context.Background(), &out, script(
		silent, silent, answer{snapshot: pending()}, silent, answer{snapshot: moving(transfer.Cancelled, transfer.ItemCounts{})},
	), quickly)
	require.NoError(t, err)
	assert.Equal(t, transfer.Cancelled, final.Transfer.Status)
	assert.Equal(t, strings.Join([]string{
		"no answer, trying again: connection refused",
		"Pending: waits for the source until 2031-04-02T00:00:00Z",
		"no answer, trying again: connection refused",
		"Cancel",
		"",
	}, "\n"), out.String())
}

func TestARefusedReadEndsIt(t *testing.T) {
	t.Parallel()
	last, err := Follow(context.Background(), io.Discard, script(
		answer{snapshot: pending()},
		answer{err: kernel.Refuse(transfer.NotFound, "There is no such transfer.")},
	), quickly)
	require.ErrorIs(t, err, transfer.NotFound)
	assert.Equal(t, transfer.Pending, last.Transfer.Status, "the latest that was known")
}

func TestASnapshotWithoutTransferMeansItVanished(t *testing.T) {
	t.Parallel()
	_, err := Follow(context.Background(), io.Discard, script(answer{snapshot: pending()}, answer{}), quickly)
	require.ErrorIs(t, err, transfer.NotFound)
}

func TestTheContextEndsIt(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	looks := 0
	last, err := Follow(ctx, io.Discard, func(ctx context.Context) (operatorview.Snapshot, error) {
		if looks++; looks == 3 {
			cancel()
			return operatorview.Snapshot{}, ctx.Err()
		}
		return pending(), nil
	}, quickly)
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, id, last.Transfer.ID)
	assert.Equal(t, 3, looks)
}

func TestEachLookIsBounded(t *testing.T) {
	t.Parallel()
	_, err := Follow(context.Background(), io.Discard, func(ctx context.Context) (operatorview.Snapshot, error) {
		_, bounded := ctx.Deadline()
		assert.True(t, bounded)
		return moving(transfer.Complete, transfer.ItemCounts{Complete: 1}), nil
	}, quickly)
	require.NoError(t, err)
}

func TestTheBarEndsWithTheFinalState(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer // written by the drawing goroutine, which end waits for
	b := newBar(&out)
	b.show(moving(transfer.InProgress, transfer.ItemCounts{InProgress: 1, Complete: 2}, item(1, 2, transfer.ItemInProgress, "still syncing")))
	b.unanswered(errors.New("connection refused"))
	b.show(moving(transfer.Complete, transfer.ItemCounts{Complete: 3}))
	b.end()
	screen := text.StripEscape(out.String())
	assert.Contains(t, screen, "Complete: 3 of 3 line items moved")
	assert.NotContains(t, out.String(), "\x1b[3", "no colours")
}

func TestTheBarCanEndAtOnce(t *testing.T) {
	t.Parallel()
	newBar(io.Discard).end()
}

func TestOnlyATerminalGetsTheBar(t *testing.T) {
	t.Parallel()
	file, err := os.CreateTemp(t.TempDir(), "out")
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() })
	for name, out := range map[string]io.Writer{"buffer": &bytes.Buffer{}, "file": file} {
		assert.False(t, Terminal(out), name)
		assert.IsType(t, &lines{}, displayOn(out, false), name)
	}
}

func TestRetryingListsAFew(t *testing.T) {
	t.Parallel()
	items := []transfer.ItemEntity{
		item(0, 1, transfer.ItemComplete, ""),
		item(1, 4, transfer.ItemFailed, "refused"),
		item(2, 0, transfer.ItemInProgress, ""),
	}
	for i := 3; i < 11; i++ {
		items = append(items, item(i, i, transfer.ItemInProgress, "503\n\x1b[31mred"))
	}
	listed := retrying(moving(transfer.InProgress, transfer.ItemCounts{InProgress: 9}, items...))
	require.Len(t, listed, mostRetrying+1)
	assert.Equal(t, "item 3, 3 attempts: 503 [31mred", listed[0], "control characters never reach the terminal")
	assert.Equal(t, "and 3 more being retried", listed[mostRetrying])
}

func TestALongErrorIsCut(t *testing.T) {
	t.Parallel()
	listed := retrying(moving(transfer.InProgress, transfer.ItemCounts{InProgress: 1}, item(0, 1, transfer.ItemInProgress, strings.Repeat("ä", 500))))
	assert.Equal(t, "item 0, 1 attempt: "+strings.Repeat("ä", mostError-1)+"…", listed[0])
}

func TestSummary(t *testing.T) {
	t.Parallel()
	twelve := moving(transfer.Complete, transfer.ItemCounts{Complete: 12}, item(0, 1, transfer.ItemComplete, ""),
		item(1, 2, transfer.ItemComplete, ""), item(2, 2, transfer.ItemComplete, ""), item(3, 0, transfer.ItemFailed, ""))
	cases := []struct {
		snapshot operatorview.Snapshot
		took     time.Duration
		want     string
	}{
		{twelve, 3217 * time.Millisecond, "Complete: 12 of 12 line items, 2 retries, 3.2s"},
		{moving(transfer.Complete, transfer.ItemCounts{Complete: 1}, item(0, 2, transfer.ItemComplete, "")), 12345 * time.Microsecond, "Complete: 1 of 1 line item, 1 retry, 12ms"},
		{moving(transfer.PartiallyComplete, transfer.ItemCounts{Complete: 2, Failed: 1}), 26*time.Hour + 200*time.Millisecond, "PartiallyComplete: 2 of 3 line items, 1 failed, 0 retries, 26h0m0s"},
		{moving(transfer.Expired, transfer.ItemCounts{}), time.Minute, "Expired: nothing was moved, 1m0s"},
	}
	for _, c := range cases {
		assert.Equal(t, fmt.Sprintf("transfer %s %s", id, c.want), Summary(c.snapshot, c.took))
	}
}
