package main

import (
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An e-mail costs Temporal nothing, and the ledger less than one statement; by an activity for each event it costs one for every two mails,
// and two statements each and more.
func TestCountsOfMailing(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s, err := newStage(ctx, "sqlite")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.close()) })
	b := &bench{options: options{rounds: 1, rows: []int{10}}, amounts: amounts{mails: 100}, progress: io.Discard, report: &report{}}
	require.NoError(t, b.mail(ctx, s))
	b.report.compute()
	figures := map[string]*figure{}
	for _, f := range b.report.Figures {
		figures[f.What] = f
	}
	assert.Empty(t, figures["history events of each e-mail"].Ours)
	assert.Empty(t, figures["actions of each e-mail"].Ours)
	assert.Equal(t, []float64{51. / 100}, figures["actions of each e-mail"].Naive, "the start, and an activity for each event")
	assert.LessOrEqual(t, figures["statements of each e-mail"].OursMedian, 1.)
	assert.GreaterOrEqual(t, figures["statements of each e-mail"].NaiveMedian, 2.)
	require.NoError(t, s.verified(ctx))
}
