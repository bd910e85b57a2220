package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The budgets that are counts, on a real server. Times are for the benchmark, no test asserts one.

const (
	mostEvents       = 45
	mostActions      = 12
	mostParentEvents = 100
	mostHistory      = 10_000
	largeItems       = 1_200 // three ranges
)

func TestHistoriesKeepToTheirBudgets(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s, err := newStage(ctx, "sqlite", crowd{customers: 1, items: largeItems}, crowd{customers: 2, items: smallItems})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.close()) })
	we, they := s.contenders[0], s.contenders[1]

	t.Run("a small transfer with all its e-mail", func(t *testing.T) {
		events, err := s.smallTransfer(ctx, we)
		require.NoError(t, err)
		assert.LessOrEqual(t, len(events), mostEvents)
		assert.LessOrEqual(t, CountActions(events), mostActions)
		mails, err := s.Mail.Messages()
		require.NoError(t, err)
		assert.Len(t, mails, 5, "R-200..R-202: created to source and customer, completed to source, target and customer")
	})
	t.Run("the naive one is heavier", func(t *testing.T) {
		events, err := s.smallTransfer(ctx, they)
		require.NoError(t, err)
		assert.Greater(t, len(events), mostEvents)
		assert.Greater(t, CountActions(events), mostActions)
	})
	t.Run("a large transfer", func(t *testing.T) {
		id, err := s.complete(ctx, we, largeItems)
		require.NoError(t, err)
		require.NoError(t, s.settled(ctx, we, id, largeItems))
		counted, err := s.historySizes(ctx, we.workflowID(id))
		require.NoError(t, err)
		assert.LessOrEqual(t, counted.parent, mostParentEvents)
		assert.Len(t, counted.children, 3)
		assert.LessOrEqual(t, counted.biggest(), mostHistory)
	})
	require.NoError(t, s.verified(ctx))
}
