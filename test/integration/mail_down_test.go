package integration

import (
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/notify"
	"handover/internal/outbox"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
	"handover/internal/world"
)

// The mail server is down while the owners of two endpoints are to be told: of one that is switched off, of another's dead letter. Who is
// well hears everything meanwhile, also while the mail server is back and slow; then each owner is told once.
func TestOwnersAreToldOnceMailIsBack(t *testing.T) {
	t.Parallel()
	w := world.Large(2, 1)
	third := w.Partners[0]
	third.TenantID = "dddddddd-0000-4000-8000-000000000001"
	third.Users = nil
	w.Partners = append(w.Partners, third)
	mail := opensPost(t, nil)
	p, s := startPlatform(t, sqliteLedger(t), w)
	secret := webhook.NewSecret()
	off, dead, well := listens(t, bySecret(t, secret)), listens(t, bySecret(t, secret)), listens(t, bySecret(t, secret))
	off.does(answers(410))
	dead.does(answers(500))
	rules := p.Settings.Webhooks.Addresses()
	registersAt(t, p.Ledger, rules, world.LargeSource, off, secret)
	registersAt(t, p.Ledger, rules, world.LargeTarget, dead, secret)
	_, err := p.Ledger.RegisterWebhook(t.Context(), command.Terms[webhook.Registration]{}, third.TenantID, webhook.Wish{
		URL: well.URL, Events: []string{"test-created"}, Format: "standard", Secret: secret.Kept(),
	}, rules)
	require.NoError(t, err)
	launchWorker(t, p, append(mail.sends(), callingHere...)...)
	id := opened(t, p.Ledger, largeParties(0))
	eventually(t, "the one is switched off, and the other failed", func() bool {
		now, err := p.Ledger.Webhook(t.Context(), world.LargeSource)
		require.NoError(t, err)
		return now.Health.Off() && owedTo(t, p.Ledger, world.LargeTarget)[0].Attempts > 0
	})
	reachInto(t, p.Settings.LedgerURL).does(t, "UPDATE webhook_deliveries SET attempts = 9 WHERE status = 'waiting'")
	eventually(t, "the last attempt is made", func() bool { return owedTo(t, p.Ledger, world.LargeTarget)[0].Status == webhook.Dead })
	_, err = p.Ledger.TestWebhook(t.Context(), command.Terms[webhook.Event]{}, third.TenantID, "meanwhile")
	require.NoError(t, err)
	well.tookAll(t, p.Ledger, third.TenantID, 1)
	for _, partner := range []string{world.LargeSource, world.LargeTarget} {
		assert.Equal(t, []bool{false}, sentTo(t, s, partner), "%s is still to be told", partner)
	}

	slow, over := make(chan struct{}), make(chan struct{})
	mail.coming = sync.OnceFunc(func() {
		close(slow)
		<-over
	})
	t.Cleanup(sync.OnceFunc(func() { close(over) }))
	mail.start(t)
	eventually(t, "a mail is on its way", func() bool {
		select {
		case <-slow:
			return true
		default:
			return false
		}
	})
	_, err = p.Ledger.TestWebhook(t.Context(), command.Terms[webhook.Event]{}, third.TenantID, "while mail is slow")
	require.NoError(t, err)
	well.tookAll(t, p.Ledger, third.TenantID, 2)
	over <- struct{}{}
	for _, partner := range []string{world.LargeSource, world.LargeTarget} {
		eventually(t, "the owner is told", func() bool { return sentTo(t, s, partner)[0] })
		assert.Len(t, sentTo(t, s, partner), 1)
	}
	told(t, p.Ledger, id)
	for subject, to := range map[string]string{
		"Your webhook was switched off": "agent9000001@large.example", "Your webhook missed events": "agent9000002@large.example",
	} {
		found := mail.ofSubject(subject)
		require.Len(t, found, 1, "%s: %v", subject, mail.caught())
		assert.Equal(t, to, found[0].To)
	}
	s.verified(t)
}

// sentTo tells for each e-mail about the partner's webhook whether it was sent.
func sentTo(t *testing.T, s starter, partner string) (sent []bool) {
	t.Helper()
	all, err := s.book(t).Notifications(t.Context(), outbox.Subject{Kind: webhookstore.SubjectKind, ID: partner})
	require.NoError(t, err)
	for _, one := range all {
		sent = append(sent, !one.SentAt.IsZero())
	}
	return sent
}

// A mail server that wants STARTTLS and a login, greylists everybody, refuses one recipient for good and knows no SMTPUTF8, which an address
// that a ledger had before needs: everybody else is told once, an internationalised domain too, and who could not be told is listed, and
// told once by an operator's word.
func TestADifficultMailServer(t *testing.T) {
	t.Parallel()
	const nobody, unmailable, abroad = "nobody@customer1.example", "jörg@customer2.example", "it@bücher.example"
	w := world.Large(4, 1)
	w.Customers[1].Email, w.Customers[3].Email = nobody, abroad
	var lock sync.Mutex
	refused, greeted := true, map[string]int{}
	mail := opensPost(t, func(to string) error {
		lock.Lock()
		defer lock.Unlock()
		greeted[to]++
		switch {
		case to == nobody && refused:
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "No such user here."}
		case greeted[to] == 1:
			return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "Greylisted, come again."}
		}
		return nil
	})
	mail.start(t)
	p, s := startPlatform(t, sqliteLedger(t), w)
	var ids []string
	for n := range w.Customers {
		r := requestOf(largeParties(n))
		r.CustomerEmail = w.Customers[n].Email
		made, err := p.Ledger.OpenTransfer(t.Context(), r, command.Terms[transferstore.Outcome]{})
		require.NoError(t, err)
		require.Equal(t, transfer.Pending, made.Transfer.Status)
		ids = append(ids, made.Transfer.ID)
	}
	readdress := func(to string) {
		t.Helper()
		reachInto(t, p.Settings.LedgerURL).does(t, "UPDATE notifications SET recipient = '"+to+"' WHERE audience = 'customer' AND subject_id = '"+ids[2]+"'")
	}
	readdress(unmailable)
	launchWorker(t, p, mail.sends()...)
	for _, id := range ids {
		told(t, p.Ledger, id)
	}
	undelivered, count, err := p.Ledger.UndeliveredMail(t.Context(), outbox.Subject{}, 10)
	require.NoError(t, err)
	require.Equal(t, 2, count)
	require.Equal(t, []string{nobody, unmailable}, []string{undelivered[0].Recipient, undelivered[1].Recipient})
	assert.Equal(t, 1, taken(mail.caught(), "it@xn--bcher-kva.example"))
	assert.Contains(t, undelivered[0].LastError, "550")
	assert.Contains(t, undelivered[1].LastError, "SMTPUTF8")
	listed := s.must(t, "mail", "undelivered")
	assert.Contains(t, listed, ids[1])
	assert.Contains(t, listed, ids[2])

	lock.Lock()
	refused = false
	lock.Unlock()
	s.must(t, "mail", "resend", "--transfer", ids[1])
	eventually(t, "it is sent", func() bool { return taken(mail.caught(), nobody) == 1 })
	told(t, p.Ledger, ids[1])
	once := map[string]bool{}
	for _, one := range mail.caught() {
		assert.False(t, once[one.MessageID], "%s came twice", one.MessageID)
		once[one.MessageID] = true
	}
	owed := 0
	for _, id := range ids {
		all, err := p.Ledger.Notifications(t.Context(), transferstore.Subject(id))
		require.NoError(t, err)
		owed += len(all)
	}
	assert.Len(t, once, owed-1, "all but the one that this mail server cannot take")
	assert.Empty(t, mail.plain, "nothing without encryption and login")
	for _, one := range undelivered[1:] {
		assert.False(t, once["<"+strings.Trim(one.MessageID, "<>")+">"])
	}
	readdress(w.Customers[2].Email)
	s.verified(t)
}

// taken counts what came for a recipient.
func taken(all []notify.Caught, to string) (n int) {
	for _, one := range all {
		if one.To == to {
			n++
		}
	}
	return n
}
