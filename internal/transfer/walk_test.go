package transfer_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/transfer"
)

// Walks through the graph of states: where one can get from where, by any commands of any actors at any time.

// reachable is every status that can follow the given ones, themselves included.
func reachable(from ...transfer.Status) map[transfer.Status]bool {
	seen := map[transfer.Status]bool{}
	for len(from) > 0 {
		status := from[0]
		from = from[1:]
		if seen[status] {
			continue
		}
		seen[status] = true
		for _, c := range everyCell() {
			if c.in.status != status {
				continue
			}
			if _, after, _, err := ask(c); err == nil {
				from = append(from, after.Status)
			}
		}
	}
	return seen
}

func TestEveryStatusIsReachedFromNothing(t *testing.T) {
	seen := reachable(transfer.None)
	for _, status := range transfer.Statuses() {
		assert.True(t, seen[status], "nothing leads to %s", status)
	}
	assert.Len(t, seen, len(transfer.Statuses()), "nothing leads to an unlisted status")
}

func TestNothingLeavesAFinalStatus(t *testing.T) { // R-11, I-5
	for _, status := range transfer.Statuses() {
		if status.Final() {
			assert.Equal(t, map[transfer.Status]bool{status: true}, reachable(status))
		}
	}
}

func TestEveryStatusThatIsNotFinalLeadsToAFinalOne(t *testing.T) {
	for _, status := range transfer.Statuses() {
		if status.Final() {
			continue
		}
		ends := 0
		for next := range reachable(status) {
			if next.Final() {
				ends++
			}
		}
		assert.Positive(t, ends, "a transfer that is %q never ends", status)
	}
}

// TestRandomCommandsKeepTheInvariants gives 400 transfers 60 random commands each, by random actors at random times.
func TestRandomCommandsKeepTheInvariants(t *testing.T) {
	for seed := range uint64(400) {
		dice := rand.New(rand.NewPCG(seed, 2024))
		s := stateIn(transfer.None, transfer.ItemCounts{})
		for range 60 {
			command := orders[dice.IntN(len(orders))].give(anyItem(dice))
			now := created.AddDate(0, 0, dice.IntN(35))
			next, _, err := policy.Decide(s, command, actor(likely(dice, command)), now)
			keepsInvariants(t, s, next, err)
			if t.Failed() {
				t.Fatalf("seed %d: %#v at %s turned %+v into %+v", seed, command, now, s, next)
			}
			s = next
		}
	}
}

func anyItem(dice *rand.Rand) transfer.ItemStatus {
	all := []transfer.ItemStatus{transfer.NoItem, transfer.ItemInProgress, transfer.ItemInProgress, transfer.ItemComplete, transfer.ItemFailed}
	return all[dice.IntN(len(all))]
}

// likely is the role that may give the command in two cases of three, so that walks get somewhere, else any role.
func likely(dice *rand.Rand, c transfer.Command) kernel.Role {
	if dice.IntN(3) > 0 {
		for _, o := range orders {
			for _, item := range []transfer.ItemStatus{transfer.NoItem, transfer.ItemInProgress, transfer.ItemComplete, transfer.ItemFailed} {
				if o.give(item) == c {
					return giverOf(o.name)
				}
			}
		}
	}
	return roles[dice.IntN(len(roles))]
}

func keepsInvariants(t *testing.T, before, after transfer.State, err error) {
	t.Helper()
	if err != nil || before.Status.Final() {
		require.Error(t, err, "I-5: something happened to a final transfer")
		require.Equal(t, before, after, "a refusal changed the state")
		return
	}
	counts := after.Items
	assert.True(t, counts.InProgress >= 0 && counts.Complete >= 0 && counts.Failed >= 0, "negative counts")
	assert.Equal(t, after.Status == transfer.Complete, !after.CompletedTime.IsZero(), "R-28: completedTime only with Complete")
	assert.Equal(t, counts.Total() > 0, !after.SubmittedTime.IsZero(), "R-3: line items only after submit")
	if before.Items.Total() > 0 {
		assert.Equal(t, before.Items.Total(), counts.Total(), "I-2: a line item came or went")
	}
	if after.Status.Final() {
		assert.Zero(t, counts.InProgress, "I-2: ended with running line items")
	}
	if counts.Total() > 0 && after.Status.Final() {
		assert.Equal(t, counts.Failed == 0, after.Status == transfer.Complete, "Complete if and only if nothing failed")
		assert.Equal(t, counts.Complete == 0, after.Status == transfer.Failed, "Failed if and only if nothing is done")
	}
}
