package webhookmail

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/notify"
	"handover/internal/outbox"
	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
)

type book map[string]webhookstore.Missed

func (b book) WebhooksMissed(context.Context, []string) (map[string]webhookstore.Missed, error) {
	if b == nil {
		return nil, errors.New("the ledger is away")
	}
	return b, nil
}

// owed is what becomes of an e-mail about that event when the endpoint stands so.
func owed(t *testing.T, event string, missed webhookstore.Missed) (notify.Letter, error) {
	t.Helper()
	found, err := New(book{"p": missed}).Subjects(t.Context(), []string{"p"})
	require.NoError(t, err)
	return found["p"].Letter(outbox.Notification{Event: event, Locale: "it-IT"})
}

// what is so when the mail goes out is told, and what is not so any more is not.
func TestWhatNobodyIsToldAnyMore(t *testing.T) {
	t.Parallel()
	earlier := off.Add(-time.Hour)
	eventOff := func(at time.Time) string { return fmt.Sprintf("%s:%d", webhookstore.EventOff, at.UnixMicro()) }
	eventDead := webhookstore.EventDead + ":2031-03-03"
	called := webhookstore.Missed{Registration: webhook.Registration{URL: endpoint}, Dead: 3}
	switchedOff := called
	switchedOff.Registration.Health = webhook.Health{OffAt: off, Why: webhook.WhyGone}
	delivered := called
	delivered.Dead = 0
	for name, c := range map[string]struct {
		event  string
		missed webhookstore.Missed
		why    string
	}{
		"it is switched off":                     {eventOff(off), switchedOff, ""},
		"it was registered again":                {eventOff(off), called, "registered again"},
		"and was then switched off again":        {eventOff(earlier), switchedOff, "registered again"},
		"there are dead letters":                 {eventDead, called, ""},
		"they were sent again":                   {eventDead, delivered, "sent again"},
		"it was switched off, which is told too": {eventDead, switchedOff, "switched off"},
		"the registration was ended, off":        {eventOff(off), webhookstore.Missed{}, "ended"},
		"the registration was ended, dead":       {eventDead, webhookstore.Missed{}, "ended"},
	} {
		l, err := owed(t, c.event, c.missed)
		if c.why == "" {
			require.NoError(t, err, name)
			assert.Equal(t, "it", l.Language.Tag, name)
			continue
		}
		var withdrawn *notify.WithdrawnError
		require.ErrorAs(t, err, &withdrawn, name)
		assert.Contains(t, withdrawn.Reason, c.why, name)
	}
	_, err := owed(t, "made-up", called)
	var permanent *notify.PermanentError
	require.ErrorAs(t, err, &permanent)
}

func TestAnOwnerOfWhomNothingCanBeRead(t *testing.T) {
	t.Parallel()
	_, err := New(book(nil)).Subjects(t.Context(), []string{"p"})
	require.ErrorContains(t, err, "the ledger is away")
}
