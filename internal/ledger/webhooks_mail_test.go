package ledger

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/notify"
	"handover/internal/outbox"
	webhookmail "handover/internal/webhook/mail"
	webhookstore "handover/internal/webhook/store"
)

// what is told of an endpoint says whether its owner is in a sandbox; a partner without an endpoint is left out.
func TestWebhooksMissedTellTheEnvironment(t *testing.T) {
	onBoth(t, withSandboxes(worldOf(1)), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.register(boxed, everyEvent())
		missed, err := f.WebhooksMissed(t.Context(), []string{sourceID, targetID, boxed})
		require.NoError(t, err)
		require.Len(t, missed, 2)
		require.False(t, missed[sourceID].Sandbox)
		require.True(t, missed[boxed].Sandbox)
	})
}

// the mail that an endpoint was switched off is of that time, and is not sent once the endpoint is registered again, or ended.
func TestMailThatAnEndpointWasSwitchedOff(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.pending("r1")
		f.sends(sourceID, 410)
		mails, err := f.Notifications(t.Context(), outbox.Subject{Kind: webhookstore.SubjectKind, ID: sourceID})
		require.NoError(t, err)
		require.NotEmpty(t, mails)
		written := func() (notify.Letter, error) {
			found, err := webhookmail.New(f.Ledger).Subjects(t.Context(), []string{sourceID})
			require.NoError(t, err)
			return found[sourceID].Letter(mails[0])
		}
		l, err := written()
		require.NoError(t, err)
		require.Contains(t, l.Text, "410")
		f.clock.advance(time.Minute)
		f.replace(sourceID, everyEvent())
		var withdrawn *notify.WithdrawnError
		_, err = written()
		require.ErrorAs(t, err, &withdrawn)
		f.sends(sourceID, 410)
		_, err = written()
		require.ErrorAs(t, err, &withdrawn, "of that, another mail tells")
	})
}
