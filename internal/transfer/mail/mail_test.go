package transfermail

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/notify"
	"handover/internal/outbox"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// page is a ledger with the sample.
type page struct{ status transfer.Status }

func (p page) MailFacts(_ context.Context, ids []string) (map[string]transferstore.Told, error) {
	about := sample()
	about.Status = p.status
	return map[string]transferstore.Told{ids[0]: {Transfer: about, Named: names}}, nil
}

// partners are led to the transfer where the deployment says that is, the customer nowhere.
func TestMailLeadsPartnersToTheTransfer(t *testing.T) {
	t.Parallel()
	subjects, err := New(page{transfer.Pending}, "https://portal.example/customers/{customerId}/transfers/{transferId}").Subjects(t.Context(), []string{transferID})
	require.NoError(t, err)
	l, err := subjects[transferID].Letter(outbox.Notification{Event: "created", Audience: "source", Locale: "ja-JP"})
	require.NoError(t, err)
	assert.Contains(t, l.Text, "移管を開く: "+link+"\n")
	assert.Contains(t, l.HTML, `<a href="`+link+`"`)
	assert.Equal(t, "ja", l.Language.Tag)
	l, err = subjects[transferID].Letter(outbox.Notification{Event: "created", Audience: "customer", Locale: "ja-JP"})
	require.NoError(t, err)
	assert.NotContains(t, l.Text+l.HTML, "portal.example")
}

// what would not be true any more is needed by nobody; see transfer.Overtaken.
func TestMailThatWasOvertakenIsWithdrawn(t *testing.T) {
	t.Parallel()
	for _, event := range []string{"created", "reminder-1"} {
		for status, needed := range map[transfer.Status]bool{transfer.Pending: true, transfer.InProgress: false, transfer.Cancelled: false} {
			subjects, err := New(page{status}, "").Subjects(t.Context(), []string{transferID})
			require.NoError(t, err)
			_, err = subjects[transferID].Letter(outbox.Notification{Event: event, Audience: "source"})
			var withdrawn *notify.WithdrawnError
			assert.Equal(t, !needed, errors.As(err, &withdrawn), "%s in %s", event, status)
		}
	}
}
