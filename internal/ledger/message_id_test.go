package ledger

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/outbox"
	"handover/internal/transfer"
)

// I-4: a Message-ID ends in the domain of the first relay that has the e-mail in hand, and stays the same from then on: over attempts,
// relays that die, another domain and an operator's word. A bounce finds it, and what went out under the form of before keeps that.
func TestMessageIDIsOfTheSendersDomain(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		owed := f.unsent(tr.ID, transfer.EventCreated)
		require.Len(t, owed, 3)
		hand := func(relay, domain string) map[int64]outbox.Owed {
			claimed, err := f.ClaimMail(t.Context(), relay, domain, 10, 10, claimed)
			require.NoError(t, err)
			byID := map[int64]outbox.Owed{}
			for _, o := range claimed {
				byID[o.ID] = o
			}
			return byID
		}
		f.behind(`UPDATE notifications SET attempts = 1 WHERE id = ` + fmt.Sprint(owed[0].ID)) // by a program of before
		first := hand("first", "platform.example")
		require.Len(t, first, 3)
		require.Equal(t, owed[0].MessageID, first[owed[0].ID].MessageID)
		named := strings.TrimSuffix(owed[1].MessageID, "@handover") + "@platform.example"
		require.Equal(t, named, first[owed[1].ID].MessageID)
		require.Equal(t, strings.TrimSuffix(owed[2].MessageID, "@handover")+"@platform.example", first[owed[2].ID].MessageID)

		f.clock.advance(2 * claimed) // the relay has died
		second := hand("second", "elsewhere.example")
		require.Equal(t, named, second[owed[1].ID].MessageID)
		require.NoError(t, f.RecordMail(t.Context(), "second", []outbox.MailResult{
			{ID: owed[0].ID, Outcome: outbox.MailSent}, {ID: owed[1].ID, Outcome: outbox.MailAgain, After: time.Second}, {ID: owed[2].ID, Outcome: outbox.MailUntried},
		}))
		f.clock.advance(time.Minute)
		third := hand("third", "elsewhere.example")
		require.Len(t, third, 2)
		require.Equal(t, named, third[owed[1].ID].MessageID)
		require.Equal(t, first[owed[2].ID].MessageID, third[owed[2].ID].MessageID)
		require.NoError(t, f.RecordMail(t.Context(), "third", []outbox.MailResult{{ID: owed[1].ID, Outcome: outbox.MailSent}}))

		require.Equal(t, outbox.NowUndelivered, f.bounced(reportOn(second[owed[0].ID], 0)), "the form of before")
		require.Equal(t, outbox.NowUndelivered, f.bounced(reportOn(third[owed[1].ID], 0)))
		_, err := f.resend(outbox.Which{IDs: []int64{owed[0].ID, owed[1].ID}}, "again")
		require.NoError(t, err)
		again := hand("fourth", "third.example")
		require.Equal(t, owed[0].MessageID, again[owed[0].ID].MessageID)
		require.Equal(t, named, again[owed[1].ID].MessageID)
		f.holds()
	})
}
