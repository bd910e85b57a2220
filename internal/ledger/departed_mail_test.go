package ledger

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/outbox"
	"handover/internal/programme"
	transferstore "handover/internal/transfer/store"
	webhookmail "handover/internal/webhook/mail"
	webhookstore "handover/internal/webhook/store"
)

// departing is the user id of the source's agent who may depart.
var departing = subID(91)

// staffed is a world the source of which has users as an operator may write them.
func staffed() World {
	w := worldOf(1)
	p := &w.Partners[0]
	p.MPNID, p.Users = "1234567", []programme.User{programme.Agent(departing, sourceAgent), programme.Agent(subID(92), "second@source.example")}
	return w
}

// reshaped has an operator change the source's users.
func (f fixture) reshaped(how func(programme.Partner) programme.Partner) {
	f.t.Helper()
	p, err := f.Partner(f.t.Context(), sourceID)
	require.NoError(f.t, err)
	_, err = f.administer(of(World{Partners: []programme.Partner{how(p)}}))
	require.NoError(f.t, err)
}

// departures are what may become of an agent of the source while mail waits, and whether the agent is told.
var departures = map[string]struct {
	how  func(programme.Partner) programme.Partner
	told bool
}{
	"left": {func(p programme.Partner) programme.Partner { return p.Without(departing) }, false},
	"is no admin agent any more": {func(p programme.Partner) programme.Partner {
		return p.With(programme.User{UserID: departing, Email: sourceAgent, Roles: []programme.Role{programme.SalesAgent}})
	}, false},
	"has another address": {func(p programme.Partner) programme.Partner {
		return p.With(programme.Agent(departing, "new@source.example"))
	}, true},
	"has another address and lost the role": {func(p programme.Partner) programme.Partner {
		return p.With(programme.User{UserID: departing, Email: "new@source.example", Roles: []programme.Role{programme.SalesAgent}})
	}, false},
	"left, and another has the address": {func(p programme.Partner) programme.Partner {
		return p.Without(departing).With(programme.Agent(subID(93), sourceAgent))
	}, true},
}

// R-82, I-6: who acts for the partner no more while mail waits is not told, nor when an operator has the mail sent again; the others and
// the customer are. Who has another address is told where the mail was owed to.
func TestMailToWhoHasDeparted(t *testing.T) {
	for name, c := range departures {
		t.Run(name, func(t *testing.T) {
			onBoth(t, staffed(), func(t *testing.T, f fixture) {
				tr := f.pending("r1")
				owed := f.claimMail("before", 50, 50)
				var undelivered []outbox.MailResult
				for _, o := range owed {
					undelivered = append(undelivered, outbox.MailResult{ID: o.ID, Outcome: outbox.MailUndelivered, Reason: "no such mailbox"})
				}
				require.NoError(t, f.RecordMail(t.Context(), "before", undelivered))
				f.clock.advance(time.Hour)
				f.reshaped(c.how)
				_, err := f.resend(outbox.Which{}, "again")
				require.NoError(t, err)

				f.goesOut(tr.ID)
				log, err := f.Notifications(t.Context(), transferstore.Subject(tr.ID))
				require.NoError(t, err)
				require.Len(t, log, 3)
				for _, n := range log {
					told := c.told || n.Recipient != sourceAgent
					require.Equal(t, told, !n.SentAt.IsZero(), n.Recipient)
					require.Equal(t, !told, strings.Contains(n.LastError, "no admin agent of the partner any more"), n.LastError)
				}
				_, count, err := f.UndeliveredMail(t.Context(), transferstore.Subject(tr.ID), 10)
				require.NoError(t, err)
				require.Zero(t, count, "withdrawn is not undelivered")
				f.holds()
			})
		})
	}
}

// so it is with mail about the partner's endpoint.
func TestWebhookMailToWhoHasDeparted(t *testing.T) {
	for name, c := range departures {
		t.Run(name, func(t *testing.T) {
			onBoth(t, staffed(), func(t *testing.T, f fixture) {
				f.register(sourceID, everyEvent())
				f.pending("r1")
				f.sends(sourceID, 410)
				f.reshaped(c.how)
				mails, err := f.Notifications(t.Context(), outbox.Subject{Kind: webhookstore.SubjectKind, ID: sourceID})
				require.NoError(t, err)
				require.Len(t, mails, 2)
				subjects, err := webhookmail.New(f.Ledger).Subjects(t.Context(), []string{sourceID})
				require.NoError(t, err)
				for _, n := range mails {
					_, err = subjects[sourceID].Letter(n)
					require.Equal(t, c.told || n.Recipient != sourceAgent, err == nil, "%s: %v", n.Recipient, err)
				}
			})
		})
	}
}
