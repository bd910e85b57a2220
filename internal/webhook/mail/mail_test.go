package webhookmail_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/notify"
	"handover/internal/outbox"
	"handover/internal/webhook"
	webhookmail "handover/internal/webhook/mail"
	webhookstore "handover/internal/webhook/store"
)

type book map[string]webhookstore.Missed

func (b book) WebhooksMissed(context.Context, []string) (map[string]webhookstore.Missed, error) {
	return b, nil
}

func letter(t *testing.T, event string, health webhook.Health) (notify.Letter, error) {
	t.Helper()
	missed := webhookstore.Missed{Registration: webhook.Registration{URL: "https://hooks.example/\u202eevil\nhandover", Health: health}, Dead: 42}
	found, err := webhookmail.New(book{"p": missed}).Subjects(t.Context(), []string{"p"})
	require.NoError(t, err)
	return found["p"].Letter(outbox.Notification{Event: event})
}

// The owner is told what is wrong, since when, how much was missed, and what to do about it.
func TestWhatOwnersAreTold(t *testing.T) {
	t.Parallel()
	off := time.Date(2031, 3, 3, 11, 2, 3, 0, time.UTC)
	for why, says := range map[webhook.Why]string{webhook.WhyGone: "410", webhook.WhyFailing: "five days"} {
		l, err := letter(t, webhookstore.EventOff+":1", webhook.Health{OffAt: off, Why: why})
		require.NoError(t, err)
		assert.Equal(t, "Your webhook was switched off", l.Subject)
		for _, part := range []string{"https://hooks.example/evil handover", "3 March 2031, 11:02 UTC", says, ": 42.", "PUT /webhooks/v1/registration", "redeliver"} {
			assert.Contains(t, l.Text, part)
		}
	}
	l, err := letter(t, webhookstore.EventDead+":2031-03-03", webhook.Health{})
	require.NoError(t, err)
	assert.Contains(t, l.Text, "not sent any more: 42")
	assert.NotContains(t, l.Text, "\u202e")
}

func TestWhatNobodyIsToldAnyMore(t *testing.T) {
	t.Parallel()
	_, err := letter(t, webhookstore.EventOff+":1", webhook.Health{})
	var withdrawn *notify.WithdrawnError
	require.True(t, errors.As(err, &withdrawn), "it is called again")
	_, err = letter(t, "made-up", webhook.Health{})
	var permanent *notify.PermanentError
	require.True(t, errors.As(err, &permanent))
}
