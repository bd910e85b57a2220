package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/pgtest"
)

// What it costs to tell a subscriber does not grow with the events: one run, one step, one timer until the next. What the ledger is asked
// stays below one statement for each, where one activity each asks five and more.
func TestCountsOfTelling(t *testing.T) {
	for _, database := range []string{"sqlite", "postgres"} {
		t.Run(database, func(t *testing.T) {
			if database == "postgres" {
				pgtest.Shared(t) // skips without PostgreSQL
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			s, err := newStage(ctx, database)
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, s.close()) })
			we, they := s.tellers[0], s.tellers[1]
			for _, owed := range []backlog{{1, 1}, {1, 300}, {3, 2}, {3, 100}} {
				d, err := s.drains(ctx, we, owed, 0)
				require.NoError(t, err, owed)
				assert.Equal(t, mostTellingActions*owed.subscribers, d.actions, "%s: its start or a signal, the step, the timer", owed)
				assert.LessOrEqual(t, d.events, mostTellingEvents*owed.subscribers, owed)
				if owed.each >= 100 {
					assert.LessOrEqual(t, d.statements, int64(owed.events()), owed)
				}
			}
			owed := backlog{1, 40}
			d, err := s.drains(ctx, they, owed, 0)
			require.NoError(t, err)
			assert.Equal(t, owed.events()+4, d.actions, "two runs that begin and look, and one activity each")
			assert.Greater(t, d.events, 3*owed.events())
			assert.GreaterOrEqual(t, d.statements, int64(5*owed.events()))
			require.NoError(t, s.verified(ctx))
		})
	}
}
