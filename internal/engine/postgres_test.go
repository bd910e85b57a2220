package engine

import (
	"testing"

	"github.com/google/uuid"

	"handover/internal/pgtest"
)

func TestContinuesWorkflowsFromPostgreSQL(t *testing.T) {
	t.Parallel()
	options := Options{PostgresURL: pgtest.Shared(t)}
	status := uuid.NewString() // the server may hold workflows of other runs
	first := startEngine(t, options)
	c := dial(t, first)
	startWorker(t, c)
	run := startGreeting(t, c, status)
	requireListed(t, c, status)
	first.Stop()

	second := dial(t, startEngine(t, options))
	requireListed(t, second, status)
	startWorker(t, second)
	finishGreeting(t, second, run.GetID())
}
