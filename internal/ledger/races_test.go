package ledger

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/subscription"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// Race row 2, R-103: however often and through however many programs the same request comes at once, it has one effect and
// everybody hears the same answer.
func TestTheSameRequestAtOnce(t *testing.T) {
	onBoth(t, worldOf(3), func(t *testing.T, f fixture) {
		const senders = 50
		programs := []*Ledger{f.Ledger, f.another(Options{})}
		for _, command := range fateful[:2] {
			answers := make(chan string, senders)
			begin := make(chan struct{})
			for n := range senders {
				go func() {
					<-begin
					answers <- heard(command.run(t.Context(), programs[n%2]))
				}()
			}
			close(begin)
			carriedOut, bodies := 0, map[string]int{}
			for range senders {
				if answer := <-answers; answer == "" {
					carriedOut++
				} else {
					bodies[answer]++
				}
			}
			body := string(repeats(t, command.run(t.Context(), f.Ledger)).Body)
			require.Equal(t, map[string]int{body: senders - 1}, bodies)
			require.Equal(t, 1, carriedOut)
		}
		require.Len(t, f.rows("SELECT id FROM transfers"), 1)
		require.Equal(t, []string{"created", "submitted"}, f.events(idOf("r1"), sourceID))
		require.Equal(t, []string{"2"}, f.rows("SELECT wanted FROM runs"))
		require.Len(t, f.rows("SELECT request_key FROM api_requests"), 2)
		f.holds()
	})
}

// heard is nothing when the command was carried out now, the body of the answer when it was before, and otherwise what went
// wrong.
func heard(err error) string {
	var repeated *command.Repeated
	switch {
	case err == nil:
		return ""
	case errors.As(err, &repeated):
		return string(repeated.Answer.Body)
	default:
		return err.Error()
	}
}

// Race row 4: refused commands leave everything but their answers as it was: nothing is told to Temporal.
func TestRefusedCommandsLeaveNothing(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		const each = mostRefused / 4
		pending, moving := f.pending("r1"), f.moving("r2", 0)
		decided := []string{"runs", "transfers", "line_items", "activity_log", "notifications", "subscriptions"}
		state := func() (rows []string) {
			for _, table := range decided {
				rows = append(rows, f.rows("SELECT * FROM "+table)...)
			}
			return rows
		}
		before := state()
		refusing := map[kernel.Cause]func(command.Terms[transferstore.Outcome]) error{
			kernel.WrongParty: func(terms command.Terms[transferstore.Outcome]) error {
				_, err := f.Ledger.Cancel(t.Context(), pending.ID, transfer.Decision{Actor: asSource}, terms)
				return err
			},
			subscription.Unknown: func(terms command.Terms[transferstore.Outcome]) error {
				_, err := f.Ledger.Submit(t.Context(), pending.ID, picking("", 99), terms)
				return err
			},
			transfer.AlreadyInProgress: func(terms command.Terms[transferstore.Outcome]) error {
				_, err := f.Ledger.Decline(t.Context(), moving.ID, transfer.Decision{Actor: asSource}, terms)
				return err
			},
			kernel.RequestIDReused: func(terms command.Terms[transferstore.Outcome]) error {
				_, err := f.Ledger.OpenTransfer(t.Context(), request("r1"), terms)
				return err
			},
		}
		failed := make(chan error)
		for cause, refuse := range refusing {
			go func() {
				for n := range each {
					if err := refuse(saying(fmt.Sprint(string(cause), n))); !errors.Is(err, cause) {
						failed <- fmt.Errorf("not %s: %w", string(cause), err)
						return
					}
				}
				failed <- nil
			}()
		}
		for range refusing {
			require.NoError(t, <-failed)
		}
		require.Equal(t, before, state())
		require.Len(t, f.rows("SELECT request_key FROM api_requests WHERE status >= 400"), each*len(refusing))
	})
}

// Race row 5: a party that sends sixteen large submits at once, all of which are refused, keeps nobody from deciding.
func TestRefusedSubmitsKeepNobodyWaiting(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		const senders, others = 16, 8
		tr := f.pending("r1")
		unknown := transfer.Approval{Actor: asSource}
		for n := range 10_000 {
			unknown.LineItems = append(unknown.LineItems, transfer.Pick{SubscriptionID: newID(n)})
		}
		var sending sync.WaitGroup
		begun, said := make(chan struct{}, senders), make(chan error, 2*senders)
		for n := range senders {
			sending.Go(func() {
				begun <- struct{}{}
				for round := range 2 {
					_, err := f.Ledger.Submit(t.Context(), tr.ID, unknown, saying(fmt.Sprint(n, round)))
					said <- err
				}
			})
		}
		for range senders {
			<-begun
		}
		other := f.another(Options{})
		for n := range others {
			id := f.pending(fmt.Sprint("other", n)).ID
			_, err := other.Cancel(t.Context(), id, transfer.Decision{Actor: asTarget}, saying(fmt.Sprint("cancel", n)))
			require.NoError(t, err)
		}
		_, err := other.Cancel(t.Context(), tr.ID, transfer.Decision{Actor: asTarget}, saying("cancel"))
		require.NoError(t, err, "the transfer that they are about")
		sending.Wait()
		close(said)
		for err := range said {
			var refusal *kernel.Refusal
			require.ErrorAs(t, err, &refusal)
			require.Contains(t, []kernel.Cause{subscription.Unknown, transfer.AlreadyFinal}, refusal.Cause)
		}
		require.Equal(t, []string{"created", "cancelled"}, f.events(tr.ID, sourceID))
		f.holds()
	})
}

// Race row 6, R-18: of a submit and a cancel through two programs exactly one wins, every time, and the other learns it.
func TestSubmitAgainstCancel(t *testing.T) {
	onBoth(t, worldOf(200), func(t *testing.T, f fixture) {
		const pairs, atOnce = 200, 4
		other := f.another(Options{})
		numbers, failed := make(chan int), make(chan error)
		submits := make([]bool, pairs)
		for range atOnce {
			go func() {
				for n := range numbers {
					won, err := f.pair(other, n)
					submits[n] = won
					failed <- err
				}
			}()
		}
		go func() {
			defer close(numbers)
			for n := range pairs {
				numbers <- n
			}
		}()
		for range pairs {
			require.NoError(t, <-failed)
		}
		won := 0
		for _, submitted := range submits {
			if submitted {
				won++
			}
		}
		ended := func(submit, cancel string) map[string]int {
			all := map[string]int{submit: won, cancel: pairs - won}
			maps.DeleteFunc(all, func(_ string, n int) bool { return n == 0 })
			return all
		}
		counted := func(query string) map[string]int {
			all := map[string]int{}
			for _, row := range f.rows(query) {
				all[row]++
			}
			return all
		}
		require.Equal(t, ended("InProgress", "Cancel"), counted("SELECT status FROM transfers"))
		require.Equal(t, ended("submitted", "cancelled"),
			counted("SELECT event_key FROM activity_log WHERE event_key <> 'created' AND partner_tenant_id = '"+targetID+"'"))
		require.Len(t, f.rows("SELECT transfer_id FROM line_items"), won)
		t.Logf("%d of %d submits won", won, pairs)
		f.holds()
	})
}

// pair lets a submit and a cancel of one transfer race and tells whether the submit won.
func (f fixture) pair(other *Ledger, n int) (submitted bool, err error) {
	name := fmt.Sprint("pair", n)
	tr, err := f.OpenTransfer(f.t.Context(), request(name))
	if err != nil {
		return false, err
	}
	begin, cancelling := make(chan struct{}), make(chan error)
	go func() {
		<-begin
		_, err := other.Cancel(f.t.Context(), tr.ID, transfer.Decision{Actor: asTarget}, saying("cancel "+name))
		cancelling <- err
	}()
	close(begin)
	_, submit := f.Ledger.Submit(f.t.Context(), tr.ID, picking("", n), saying("submit "+name))
	cancel := <-cancelling
	loses := func(lost error, cause kernel.Cause, code string) error {
		var refusal *kernel.Refusal
		if errors.As(lost, &refusal) && refusal.Cause == cause && refusal.Code == code {
			return nil
		}
		return fmt.Errorf("pair %d: the loser heard: %w", n, lost)
	}
	switch {
	case submit == nil && cancel == nil:
		return false, fmt.Errorf("pair %d: both won", n)
	case submit == nil:
		return true, loses(cancel, transfer.AlreadyInProgress, "900101")
	case cancel == nil:
		return false, loses(submit, transfer.AlreadyFinal, "900102")
	default:
		return false, fmt.Errorf("pair %d: nobody won: %w", n, errors.Join(submit, cancel))
	}
}

// Race row 26, R-22: by the ledger's clock, a submit before the expiration is in time and one at it is not; for the
// platform it is the other way round.
func TestSubmitAroundExpiry(t *testing.T) {
	for _, c := range []struct {
		at     time.Duration
		inTime bool
	}{{-time.Millisecond, true}, {0, false}, {time.Millisecond, false}} {
		t.Run(c.at.String(), func(t *testing.T) {
			onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
				submitted, expired := f.pending("r1"), f.pending("r2")
				f.clock.advance(submitted.ExpirationTime.Sub(start) + c.at)
				at, err := f.Expire(t.Context(), expired.ID)
				require.NoError(t, err)
				_, refusal := f.Submit(t.Context(), submitted.ID, everything("d1"))
				if c.inTime {
					require.NoError(t, refusal)
					require.Equal(t, transfer.Pending, at.Status)
					return
				}
				refuses(t, refusal, transfer.RequestExpired)
				require.Equal(t, transfer.Expired, at.Status)
			})
		})
	}
}

// Race rows 26, 27: where no clock is given, the database's decides, and not that of the program. The database of this test
// is years ahead of the program.
func TestDatabaseClockDecides(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(databases["postgres"](t))
	require.NoError(t, err)
	q := u.Query()
	q.Set("search_path", "public,pg_catalog")
	u.RawQuery = q.Encode()
	l, err := Open(t.Context(), u.String(), Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	f := fixture{Ledger: l, t: t}
	ahead := func(years int) {
		f.behind(fmt.Sprintf(`CREATE OR REPLACE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql
			AS $$ SELECT pg_catalog.clock_timestamp() + interval '%d years' $$`, years))
	}
	ahead(20)
	require.NoError(t, f.Seed(t.Context(), worldOf(unlocked+1)))
	listed := make([]int, unlocked+1)
	for n := range listed {
		listed[n] = n
	}

	pending, second := f.pending("r1"), f.pending("r2")
	inYears := func(years int, at time.Time) {
		t.Helper()
		require.WithinRange(t, at, time.Now().AddDate(years, 0, -1), time.Now().AddDate(years, 0, 1))
	}
	inYears(20, pending.CreatedTime)
	submitted, err := f.Submit(t.Context(), second.ID, picking("d1", listed...))
	require.NoError(t, err)
	inYears(20, submitted.SubmittedTime)

	require.Len(t, f.claimMail("relay", 50, 50), 6, "what is owed is due at once")
	waiting, err := f.MailWaiting(t.Context())
	require.NoError(t, err)
	require.Less(t, waiting.Oldest, 24*time.Hour)

	ahead(21)
	at, err := f.Look(t.Context(), pending.ID, transferstore.Watched{})
	require.NoError(t, err)
	require.Equal(t, transfer.DueExpiry, at.Due)
	for _, sub := range []transfer.Approval{everything("d2"), picking("d2", listed...)} {
		_, err = f.Submit(t.Context(), pending.ID, sub)
		refuses(t, err, transfer.RequestExpired)
	}
	_, err = f.SurveyHoldings(t.Context(), customerID, sourceID, pending.ID)
	refuses(t, err, transfer.RequestExpired)
	at, err = f.Expire(t.Context(), pending.ID)
	require.NoError(t, err)
	require.Equal(t, transfer.Expired, at.Status)
	inYears(21, f.stored(pending.ID).LastModifiedTime)
}
