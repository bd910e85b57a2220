package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/pgtest"
)

// The budgets that are counts, on a real server. Times are for the benchmark, no test asserts one.

const (
	mostParentEvents = 100
	largeItems       = 1_200 // five ranges
	// statementsNow keeps row 8 from growing while it is above its budget of mostStatements; two of them are the idle platform's,
	// one is what the target asked for before, one its turn to ask (on PostgreSQL), and four bill what moved.
	statementsNow = 64
)

func TestCountsKeepToTheirBudgets(t *testing.T) {
	for _, database := range []string{"sqlite", "postgres"} {
		t.Run(database, func(t *testing.T) {
			if database == "postgres" {
				pgtest.Shared(t) // skips without PostgreSQL
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			s, err := newStage(ctx, database, crowd{customers: 1, items: largeItems}, crowd{customers: 1 + sampled, items: smallItems})
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, s.close()) })
			s.checkCounts(ctx, t)
			require.NoError(t, s.verified(ctx))
		})
	}
}

func (s *stage) checkCounts(ctx context.Context, t *testing.T) {
	t.Helper()
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
	t.Run("its statements", func(t *testing.T) {
		sent, err := s.statements(ctx, we)
		require.NoError(t, err)
		assert.LessOrEqual(t, sent, float64(statementsNow))
	})
	t.Run("the naive one is heavier", func(t *testing.T) {
		events, err := s.smallTransfer(ctx, they)
		require.NoError(t, err)
		assert.Greater(t, len(events), mostEvents)
		assert.Greater(t, CountActions(events), mostActions)
	})
	t.Run("a large transfer", func(t *testing.T) {
		id, err := complete(ctx, we, largeItems)
		require.NoError(t, err)
		require.NoError(t, settled(ctx, we, largeItems, id))
		sizes, err := s.historySizes(ctx, we.workflowID(id))
		require.NoError(t, err)
		assert.LessOrEqual(t, sizes.parent, mostParentEvents)
		assert.Len(t, sizes.children, 5)
		assert.LessOrEqual(t, sizes.biggest(), mostHistory)
	})
}
