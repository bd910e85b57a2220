package ledger

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/outbox"
	"handover/internal/programme"
	"handover/internal/store"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

const claimed = 2 * time.Minute

// claimMail claims for the relay and fails the test when that fails.
func (f fixture) claimMail(relay string, limit, perKey int) []outbox.Owed {
	f.t.Helper()
	owed, err := f.ClaimMail(f.t.Context(), relay, "", limit, perKey, claimed)
	require.NoError(f.t, err)
	return owed
}

// mailFacts is what the e-mails tell of their transfers.
func (f fixture) mailFacts(owed []outbox.Owed) map[string]transferstore.Told {
	f.t.Helper()
	var ids []string
	for _, o := range owed {
		ids = append(ids, o.Subject.ID)
	}
	slices.Sort(ids)
	facts, err := f.MailFacts(f.t.Context(), slices.Compact(ids))
	require.NoError(f.t, err)
	return facts
}

// owe opens n transfers and makes their mail that of the target with the fair key, without regard to who it really is.
func (f fixture) owe(fairKey string, n int) {
	f.t.Helper()
	for i := range n {
		id := f.pending(fmt.Sprintf("%s-%d", fairKey, i)).ID
		f.behind(`UPDATE notifications SET fair_key = '` + fairKey + `' WHERE subject_id = '` + id + `'`)
	}
}

func keys(owed []outbox.Owed, of fixture) map[string]int {
	found := map[string]int{}
	for _, o := range owed {
		found[of.rows(fmt.Sprintf("SELECT fair_key FROM notifications WHERE id = %d", o.ID))[0]]++
	}
	return found
}

// An e-mail is due when it is owed, and all that its words need is read at once for all that are claimed.
func TestClaimedMailTellsOfItsTransfer(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		require.Equal(t, []string{targetID + "|3"}, f.rows("SELECT fair_key, COUNT(*) FROM notifications WHERE owed_at = next_at GROUP BY fair_key"))
		f.clock.advance(time.Minute)
		before := f.Statements()
		owed := f.claimMail("a", 50, 10)
		facts := f.mailFacts(owed)
		require.EqualValues(t, 2, f.Statements()-before, "one statement claims, one reads every transfer")
		require.Len(t, owed, 3)
		for _, o := range owed {
			require.Equal(t, transferstore.Subject(tr.ID), o.Subject)
			require.Equal(t, f.stored(tr.ID), facts[tr.ID].Transfer)
			require.Equal(t, transfer.PartyNames{Customer: "Contoso", Source: "Source", Target: "Target"}, facts[tr.ID].Named)
			require.Equal(t, time.Minute, o.Age)
			require.Equal(t, "created", o.Event)
		}
		logged, err := f.Notifications(t.Context(), transferstore.Subject(tr.ID))
		require.NoError(t, err)
		require.Equal(t, logged, []outbox.Notification{owed[0].Notification, owed[1].Notification, owed[2].Notification})
		require.Empty(t, f.claimMail("b", 50, 10))
	})
}

// B11, E4, R-403: a mail names the parties as the ledger does when it goes out, whatever the target typed.
func TestClaimedMailNamesThePartiesByTheLedger(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		unnamed, lying := request("r1"), request("r2")
		unnamed.CustomerName = ""
		lying.CustomerName, lying.SourcePartnerName = "Your bank https://evil.example", "Your bank https://evil.example"
		for _, r := range []transfer.Request{unnamed, lying} {
			_, err := f.OpenTransfer(t.Context(), r)
			require.NoError(t, err)
		}
		f.behind("UPDATE partners SET name = 'Target of today' WHERE tenant_id = '" + targetID + "'")
		owed := f.claimMail("a", 50, 10)
		require.Len(t, owed, 6)
		facts := f.mailFacts(owed)
		require.Len(t, facts, 2)
		for _, told := range facts {
			require.Equal(t, transfer.PartyNames{Customer: "Contoso", Source: "Source", Target: "Target of today"}, told.Named)
		}
	})
}

func TestClaimIsFair(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.owe("loud", 6)
		f.clock.advance(time.Minute)
		f.owe("quiet", 1)
		require.Equal(t, map[string]int{"loud": 10, "quiet": 3}, keys(f.claimMail("a", 50, 10), f))
		require.Equal(t, map[string]int{"loud": 5}, keys(f.claimMail("a", 5, 10), f), "the limit")
		require.Equal(t, map[string]int{"loud": 3}, keys(f.claimMail("a", 50, 10), f), "what is left")
		require.Empty(t, f.claimMail("a", 50, 10))
	})
}

// A backlog of many targets fills every claim, before the database has noticed too that there is one.
func TestClaimFromABacklog(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		id := f.pending("r1").ID
		f.behind(`INSERT INTO notifications (subject_kind, subject_id, event, audience, recipient, locale, message_id, fair_key)
			WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 20000)
			SELECT 'transfer', '` + id + `', 'created', 'source', 'a' || n, 'de-DE', 'm' || n, 'k' || (n % 500) FROM n`)
		for range 3 {
			require.Len(t, f.claimMail("a", 50, 10), 50)
		}
	})
}

// Five relays at once: each e-mail is in one pair of hands.
func TestClaimersShareNothing(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.owe("one", 10)
		f.owe("two", 10)
		var mu sync.Mutex
		held := map[int64]int{}
		var relays sync.WaitGroup
		for n := range 5 {
			relays.Go(func() {
				for range 100 {
					owed, err := f.ClaimMail(t.Context(), fmt.Sprint("relay ", n), "", 7, 4, claimed)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					for _, o := range owed {
						held[o.ID]++
					}
					all := len(held) == 60
					mu.Unlock()
					if all {
						return
					}
				}
			})
		}
		relays.Wait()
		require.Len(t, held, 60)
		for id, times := range held {
			require.Equal(t, 1, times, "e-mail %d", id)
		}
	})
}

// A claim ends with its lease: somebody else takes over, and what the first one records afterwards changes nothing.
func TestClaimEndsWithItsLease(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.pending("r1")
		first := f.claimMail("a", 50, 10)
		holds := func(claim string, atLeast time.Duration) bool {
			t.Helper()
			yes, err := f.HoldsMail(t.Context(), claim, first[0].ID, atLeast)
			require.NoError(t, err)
			return yes
		}
		require.True(t, holds("a", claimed-time.Second))
		require.False(t, holds("a", claimed), "not long enough")
		require.False(t, holds("b", 0))

		f.clock.advance(claimed)
		require.False(t, holds("a", 0))
		require.NoError(t, f.RecordMail(t.Context(), "a", []outbox.MailResult{{ID: first[1].ID, Outcome: outbox.MailSent}}))
		second := f.claimMail("b", 50, 10)
		require.Len(t, second, 2, "what the late one sent and nobody took is sent")
		require.True(t, holds("b", time.Minute))

		before := f.contents()
		for _, outcome := range []outbox.MailOutcome{outbox.MailSent, outbox.MailUndelivered, outbox.MailAgain, outbox.MailUntried} {
			require.NoError(t, f.RecordMail(t.Context(), "a", []outbox.MailResult{{ID: first[0].ID, Outcome: outcome, Reason: "late", After: time.Hour}}))
		}
		require.Equal(t, before, f.contents())
	})
}

func TestRecordMail(t *testing.T) {
	w := worldOf(1)
	w.Partners[0].Users = append(w.Partners[0].Users, programme.Agent("third", "third@source.example"))
	onBoth(t, w, func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		owed := f.claimMail("a", 50, 10)
		require.Len(t, owed, 4)
		before := f.Statements()
		results := []outbox.MailResult{
			{ID: owed[0].ID, Outcome: outbox.MailSent},
			{ID: owed[1].ID, Outcome: outbox.MailUndelivered, Reason: "no such\x00mailbox"},
			{ID: owed[2].ID, Outcome: outbox.MailAgain, Reason: "greylisted", After: time.Hour},
			{ID: owed[3].ID, Outcome: outbox.MailUntried},
		}
		require.NoError(t, f.RecordMail(t.Context(), "a", results))
		require.EqualValues(t, 1, f.Statements()-before)
		log, err := f.Notifications(t.Context(), transferstore.Subject(tr.ID))
		require.NoError(t, err)
		require.Equal(t, f.clock.Now(), log[0].SentAt)
		require.Equal(t, []int{1, 1, 1, 0}, []int{log[0].Attempts, log[1].Attempts, log[2].Attempts, log[3].Attempts})
		require.Equal(t, []string{"", "no such\uFFFDmailbox", "greylisted", ""}, []string{log[0].LastError, log[1].LastError, log[2].LastError, log[3].LastError})

		again := f.claimMail("b", 50, 10)
		require.Len(t, again, 1, "only what was given back is due")
		require.Equal(t, owed[3].ID, again[0].ID)
		f.clock.advance(time.Hour)
		later := f.claimMail("c", 50, 10)
		require.Len(t, later, 2)
		require.Equal(t, 1, later[0].Attempts)

		stood := f.contents()
		require.NoError(t, f.RecordMail(t.Context(), "a", results), "a repetition")
		require.NoError(t, f.RecordMail(t.Context(), "a", nil))
		require.ErrorContains(t, f.RecordMail(t.Context(), "c", []outbox.MailResult{{ID: later[0].ID, Outcome: "lost"}}), "no outcome")
		require.Equal(t, stood, f.contents())
	})
}

// F-5: what is owed about one subject is not what is owed about another kind with the same id, and each is told once (I-4).
func TestMailAboutAnySubject(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		id := f.pending("r1").ID
		invitation := outbox.Subject{Kind: "invitation", ID: id}
		owe := func() {
			_, err := store.Write(t.Context(), f.DB, "owe", func(tx store.Tx) (bool, error) {
				return true, outbox.Queue(t.Context(), tx, targetID, outbox.Notification{
					Subject: invitation, Event: "created", Audience: "invited", Recipient: "it@contoso.example", Locale: "it-IT", OwedAt: f.clock.Now(),
				})
			})
			require.NoError(t, err)
		}
		owe()
		owe()
		about, err := f.Notifications(t.Context(), invitation)
		require.NoError(t, err)
		require.Len(t, about, 1)
		require.Equal(t, outbox.Notification{
			ID: about[0].ID, Subject: invitation, Event: "created", Audience: "invited", Recipient: "it@contoso.example", Locale: "it-IT",
			MessageID: outbox.MessageID("invitation", id, "created", "it@contoso.example"), OwedAt: f.clock.Now(),
		}, about[0])
		require.Len(t, f.mail(id, transfer.EventCreated), 3, "of the transfer")
		require.Len(t, f.claimMail("a", 50, 10), 4)
		f.holds()
		stuck, err := f.Stuck(t.Context(), 0)
		require.NoError(t, err)
		require.Equal(t, 4, stuck.MailCount)
		require.Equal(t, invitation, stuck.Mail[3].Subject)
	})
}

func TestMailWaiting(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		waiting := func() outbox.WaitingMail {
			t.Helper()
			w, err := f.MailWaiting(t.Context())
			require.NoError(t, err)
			return w
		}
		require.Equal(t, outbox.WaitingMail{}, waiting())
		f.pending("r1")
		f.clock.advance(time.Hour)
		f.pending("r2")
		require.Equal(t, outbox.WaitingMail{Count: 6, Oldest: time.Hour}, waiting())
		var results []outbox.MailResult
		for i, o := range f.claimMail("a", 50, 10) {
			results = append(results, outbox.MailResult{ID: o.ID, Outcome: []outbox.MailOutcome{outbox.MailSent, outbox.MailUndelivered}[i%2]})
		}
		require.NoError(t, f.RecordMail(t.Context(), "a", results))
		require.Equal(t, outbox.WaitingMail{Undelivered: 3}, waiting())
	})
}

// Whoever is told under two roles is counted under the first, as they are told.
func TestMailCountsWhoIsTold(t *testing.T) {
	w := worldOf(1)
	w.Partners[1].Users = []programme.User{programme.Agent(targetAgent, sourceAgent), programme.Agent("b", "b@target.example")}
	onBoth(t, w, func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		f.record(tr.ID, moved(0))
		at, err := f.CloseTransfer(t.Context(), tr.ID)
		require.NoError(t, err)
		require.Equal(t, transfer.Complete, at.Status)
		require.Equal(t, transfer.MailCounts{Source: 2, Target: 1, Customer: 1}, at.Handed)
	})
}
