package notify

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/ledger/ledgertest"
	"handover/internal/outbox"
	"handover/internal/programme"
	"handover/internal/store"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

const (
	officeSource   = "a0000000-0000-4000-8000-000000000001"
	officeTarget   = "a0000000-0000-4000-8000-000000000002"
	officeCustomer = "c0000000-0000-4000-8000-000000000001"
)

var officeOpens = time.Date(2031, 3, 3, 11, 0, 0, 0, time.UTC)

// office is a ledger whose clock the test turns, with as many e-mails owed about one transfer as wanted.
type office struct {
	*ledger.Ledger
	t        *testing.T
	post     *post
	transfer string
	late     atomic.Int64
}

func newOffice(t *testing.T, mails int, p *post) *office {
	t.Helper()
	o := &office{t: t, post: startPost(t, p)}
	l := ledgertest.Open(t, ledger.Options{Now: func() time.Time { return officeOpens.Add(time.Duration(o.late.Load())) }})
	o.Ledger = l
	partner := func(id, name string, in programme.Program, agents int) programme.Partner {
		p := programme.Partner{
			TenantID: id, Name: name, Programs: programme.Enrolled(in, programme.Active, true), Market: "DE", Currency: "EUR", Locale: "de-DE",
		}
		for n := range agents {
			p.Users = append(p.Users, programme.Agent(fmt.Sprint(n), fmt.Sprintf("agent%d@%s.example", n, name)))
		}
		return p
	}
	require.NoError(t, l.Seed(t.Context(), ledger.World{
		Partners: []programme.Partner{
			partner(officeSource, "source", programme.DirectBill, mails-1), partner(officeTarget, "target", programme.IndirectProvider, 1),
		},
		Customers: []programme.Customer{{
			TenantID: officeCustomer, Name: "Contoso", Domain: "contoso.example", Email: "it@contoso.example", Market: "DE", Locale: "de-DE",
		}},
		Relationships: []programme.Relationship{{PartnerTenantID: officeTarget, CustomerTenantID: officeCustomer}},
		Agreements:    []programme.Agreement{{CustomerTenantID: officeCustomer, PartnerTenantID: officeTarget, Mode: programme.Attestation}},
	}))
	if mails > 0 {
		o.owe()
	}
	return o
}

// owe opens the transfer, and so owes the mail.
func (o *office) owe() {
	o.t.Helper()
	opened, err := o.OpenTransfer(o.t.Context(), transfer.Request{
		RequestID: "r", Actor: kernel.Actor{PartnerTenantID: officeTarget, UserID: "0"}, CustomerTenantID: officeCustomer,
		CustomerEmail: "it@contoso.example", CustomerName: "Contoso", SourcePartnerTenantID: officeSource, SourcePartnerName: "source", TransferType: 3,
	}, command.Terms[transferstore.Outcome]{})
	require.NoError(o.t, err)
	o.transfer = opened.Transfer.ID
}

func (o *office) advance(d time.Duration) { o.late.Add(int64(d)) }

// quick is the usual pace without the waiting, and with claims as big as batches.
func quick() pace {
	p := usualPace
	p.tick, p.firstPause, p.longestPause = 5*time.Millisecond, time.Millisecond, 8*time.Millisecond
	p.perTarget, p.recordAfter = p.batch, time.Hour
	p.gather, p.trusted = 0, 0
	return p
}

// relay makes a relay for the office at the pace; outbox is the ledger unless the test puts something between.
func (o *office) relay(p pace, outbox Outbox) *Relay {
	o.t.Helper()
	if outbox == nil {
		outbox = o.Ledger
	}
	r, err := newRelay(RelayOptions{Outbox: outbox, Kinds: o.kinds(), Mailer: mailerTo(o.t, o.post.addr)}, p)
	require.NoError(o.t, err)
	return r
}

// ofTransfers tells of the office's transfers, each by the name of its customer.
type ofTransfers struct{ *ledger.Ledger }

func (k ofTransfers) Subjects(ctx context.Context, ids []string) (map[string]Subject, error) {
	facts, err := k.MailFacts(ctx, ids)
	subjects := map[string]Subject{}
	for id, told := range facts {
		subjects[id] = named(told.Named.Customer)
	}
	return subjects, err
}

// named is a subject of that name, of which everything may be told.
type named string

func (n named) Letter(outbox.Notification) (Letter, error) { return letterOf(string(n)), nil }

func (o *office) kinds() Kinds { return Kinds{transferstore.SubjectKind: ofTransfers{o.Ledger}} }

// drain goes round by round until nothing is due.
func (o *office) drain(r *Relay) {
	o.t.Helper()
	for {
		claimed, err := r.round(o.t.Context())
		require.NoError(o.t, err)
		if claimed == 0 {
			r.hangUp()
			return
		}
	}
}

// running runs the relay until the test, or stop, ends it.
func (o *office) running(r *Relay) (stop func()) {
	ctx, cancel := context.WithCancel(o.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	stop = func() { cancel(); <-done }
	o.t.Cleanup(stop)
	return stop
}

func (o *office) eventually(what string, holds func() bool) {
	o.t.Helper()
	require.Eventually(o.t, holds, time.Minute, 2*time.Millisecond, what)
}

func (o *office) waiting() int {
	w, err := o.MailWaiting(context.WithoutCancel(o.t.Context()))
	if err != nil {
		o.t.Error(err)
	}
	return w.Count
}

// log is the notification log of the transfer.
func (o *office) log() []outbox.Notification {
	o.t.Helper()
	log, err := o.Notifications(o.t.Context(), transferstore.Subject(o.transfer))
	require.NoError(o.t, err)
	return log
}

// requireTaken asserts what the server took and that nothing waits any more.
func (o *office) requireTaken(mails, repeated int) {
	o.t.Helper()
	taken, again := o.post.tally()
	require.Equal(o.t, mails, taken)
	require.Equal(o.t, repeated, again)
	require.Zero(o.t, o.waiting())
}

// A thousand mails of one target: ten connections, RSET between mails, and a fixed number of statements.
func TestRelayDrainsAThousand(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 1000, &post{})
	p := quick()
	p.perTarget = usualPace.perTarget
	before := o.Statements()
	o.drain(o.relay(p, nil))
	statements := o.Statements() - before
	o.requireTaken(1000, 0)
	require.EqualValues(t, 10, o.post.connections.Load())
	require.EqualValues(t, 1000-10, o.post.resets.Load())
	require.EqualValues(t, 100*(2+10+1)+1, statements, "per ten: claim, transfers, ten checks, record; and the claim that found nothing")
	for _, n := range o.log() {
		require.Equal(t, 1, n.Attempts)
	}
}

// One recipient whom the server does not know ends alone.
func TestRelayAndOnePoisonedMail(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 30, &post{rcpt: func(to string) error {
		if to == "agent12@source.example" {
			return unknown
		}
		return nil
	}})
	o.drain(o.relay(quick(), nil))
	o.requireTaken(29, 0)
	require.EqualValues(t, 1, o.post.connections.Load())
	for _, n := range o.log() {
		require.Equal(t, n.Recipient == "agent12@source.example", n.SentAt.IsZero())
		require.Equal(t, n.SentAt.IsZero(), strings.Contains(n.LastError, "no such mailbox"), n.LastError)
		require.NotContains(t, n.LastError, "agent12")
	}
}

// 451 puts a mail off, longer each time, for 72 hours; then it is given up.
func TestRelayPutsOffAndGivesUp(t *testing.T) {
	t.Parallel()
	var refusing atomic.Bool
	refusing.Store(true)
	o := newOffice(t, 6, &post{rcpt: func(to string) error {
		if refusing.Load() || strings.HasPrefix(to, "agent") {
			return busy
		}
		return nil
	}})
	r := o.relay(quick(), nil)
	o.drain(r)
	require.Equal(t, 6, o.waiting())
	require.EqualValues(t, 1, o.post.connections.Load(), "the server is well, the mails are put off")
	refusing.Store(false)
	o.advance(firstWait + firstWait/5 + time.Millisecond)
	o.drain(r)
	require.Equal(t, 5, o.waiting())

	o.advance(longestOwed)
	for range fewestAttempts - 3 {
		o.drain(r)
		require.Equal(t, 5, o.waiting(), "an outage of three days is no reason by itself")
		o.advance(time.Hour)
	}
	o.drain(r)
	o.requireTaken(1, 0)
	for _, n := range o.log() {
		require.Equal(t, n.Audience == string(transfer.ToCustomer), !n.SentAt.IsZero())
		require.Equal(t, n.SentAt.IsZero(), strings.Contains(n.LastError, "given up after 5 attempts in 7"), n.LastError)
	}
}

func TestWaitsGrowAndEnd(t *testing.T) {
	t.Parallel()
	within := func(want, got time.Duration) {
		t.Helper()
		require.InDelta(t, want, got, float64(want/5+1))
	}
	for attempts, want := range map[int]time.Duration{
		1: 2 * time.Second, 2: 4 * time.Second, 8: 256 * time.Second, 9: 512 * time.Second, 10: 15 * time.Minute, 10_000: 15 * time.Minute,
	} {
		within(want, waitAfter(attempts))
	}
	b := breaker{first: time.Second, longest: time.Minute}
	require.False(t, b.open())
	var pauses []time.Duration
	for range 8 {
		b.trip()
		pauses = append(pauses, b.pause/time.Second)
	}
	require.Equal(t, []time.Duration{1, 2, 4, 8, 16, 32, 60, 60}, pauses)
	require.True(t, b.open())
	b.reset()
	require.False(t, b.open())
}

// watched is a ledger that notes the claims made on it, and how often it was asked whether one holds.
type watched struct {
	Outbox
	mu     sync.Mutex
	limits []int
	asked  atomic.Int32
}

func (w *watched) HoldsMail(ctx context.Context, claim string, id int64, atLeast time.Duration) (bool, error) {
	w.asked.Add(1)
	return w.Outbox.HoldsMail(ctx, claim, id, atLeast)
}

func (w *watched) ClaimMail(ctx context.Context, claim string, limit, perKey int, lease time.Duration) ([]outbox.Owed, error) {
	w.mu.Lock()
	w.limits = append(w.limits, limit)
	w.mu.Unlock()
	return w.Outbox.ClaimMail(ctx, claim, limit, perKey, lease)
}

func (w *watched) claims() []int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.limits)
}

// While the server is down one mail at a time asks whether it is back, and no mail is the worse for it.
func TestRelayOutlivesAnOutage(t *testing.T) {
	t.Parallel()
	p := &post{}
	p.down.Store(true)
	o := newOffice(t, 60, p)
	w := &watched{Outbox: o.Ledger}
	registry := prometheus.NewRegistry()
	r, err := newRelay(RelayOptions{Outbox: w, Kinds: o.kinds(), Mailer: mailerTo(t, p.addr), Registry: registry}, quick())
	require.NoError(t, err)
	o.running(r)
	o.eventually("what waits is seen", func() bool { return scraped(t, registry, "handover_mail_waiting") == 60 })
	o.eventually("probes", func() bool { return p.connections.Load() >= 10 })
	probes := w.claims()
	require.Equal(t, 50, probes[0])
	require.Equal(t, slices.Repeat([]int{1}, len(probes)-1), probes[1:])
	for _, n := range o.log() {
		require.Zero(t, n.Attempts)
		require.Empty(t, n.LastError)
	}
	require.Positive(t, scraped(t, registry, "handover_mail_connection_faults_total"))
	p.down.Store(false)
	o.eventually("all sent", func() bool { return o.waiting() == 0 })
	o.eventually("and seen", func() bool { return scraped(t, registry, "handover_mail_waiting") == 0 })
	o.requireTaken(60, 0)
	require.Contains(t, w.claims()[len(probes):], 50, "the breaker is closed")
	for _, n := range o.log() {
		require.Equal(t, 1, n.Attempts)
	}
}

// A mail server that is away for a day, and then says for another that it is busy, loses nothing and repeats nothing.
func TestRelayLosesNothingInDays(t *testing.T) {
	t.Parallel()
	p := &post{}
	var busyNow atomic.Bool
	p.rcpt = func(string) error {
		if busyNow.Load() {
			return busy
		}
		return nil
	}
	p.down.Store(true)
	o := newOffice(t, 20, p)
	r := o.relay(quick(), nil)
	for range 96 { // every quarter of an hour
		_, err := r.round(t.Context())
		var away *ConnectionError
		require.ErrorAs(t, err, &away)
		o.advance(15 * time.Minute)
	}
	require.Equal(t, 20, o.waiting())
	for _, n := range o.log() {
		require.Zero(t, n.Attempts, "nobody is the worse for it")
	}
	p.down.Store(false)
	busyNow.Store(true)
	for range 96 {
		o.drain(r)
		o.advance(15 * time.Minute)
	}
	require.Equal(t, 20, o.waiting())
	busyNow.Store(false)
	o.advance(longestWait + longestWait/5)
	o.drain(r)
	o.requireTaken(20, 0)
	for _, n := range o.log() {
		require.False(t, n.SentAt.IsZero())
	}
}

// A connection that is cut in the middle of a mail: what was taken before is sent, what came after is untouched, and the
// mail it happened to goes behind the others.
func TestRelayAndABrokenConnection(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 30, &post{coming: func(begun int, cut func()) {
		if begun == 13 {
			cut()
		}
	}})
	r := o.relay(quick(), nil)
	_, err := r.round(t.Context())
	var connection *ConnectionError
	require.ErrorAs(t, err, &connection)
	require.True(t, connection.Underway)
	require.Equal(t, 18, o.waiting())
	require.True(t, r.breaker.open())
	o.drain(r)
	require.False(t, r.breaker.open())
	require.Equal(t, 1, o.waiting())
	o.advance(time.Minute)
	o.drain(r)
	o.requireTaken(30, 0)
	var attempts int
	for _, n := range o.log() {
		attempts += n.Attempts
	}
	require.Equal(t, 31, attempts)
}

// A mail on which the server hangs costs its timeout once, and holds up nobody.
func TestRelayAndASlowServer(t *testing.T) {
	t.Parallel()
	released := make(chan struct{})
	defer close(released)
	o := newOffice(t, 5, &post{rcpt: func(to string) error {
		if to == "agent1@source.example" {
			<-released
		}
		return nil
	}})
	r := o.relay(quick(), nil)
	r.mailer.settings.Timeout = 200 * time.Millisecond
	_, err := r.round(t.Context())
	require.ErrorIs(t, err, context.DeadlineExceeded)
	o.drain(r)
	mails, repeated := o.post.tally()
	require.Equal(t, []int{4, 0}, []int{mails, repeated})
	require.Equal(t, 1, o.waiting())
}

// Whoever lost the claim sends no more of it, and what it says afterwards counts for nothing.
func TestRelayLosesItsClaim(t *testing.T) {
	t.Parallel()
	var o *office
	var stolen []outbox.Owed
	o = newOffice(t, 30, &post{accepted: func(taken int, _ func()) {
		if taken == 5 {
			o.advance(usualPace.lease + time.Hour)
			var err error
			if stolen, err = o.ClaimMail(context.Background(), "thief", 100, 100, time.Hour); err != nil {
				o.t.Error(err)
			}
		}
	}})
	_, err := o.relay(quick(), nil).round(t.Context())
	require.NoError(t, err)
	require.Len(t, stolen, 30)
	mails, repeated := o.post.tally()
	require.Equal(t, []int{5, 0}, []int{mails, repeated})
	require.Equal(t, 30, o.waiting())
	holds, err := o.HoldsMail(t.Context(), "thief", stolen[0].ID, time.Minute)
	require.NoError(t, err)
	require.True(t, holds)
}

// A claim that was just taken is believed, one that has grown old is asked about.
func TestRelayTrustsAFreshClaim(t *testing.T) {
	t.Parallel()
	for asked, trusted := range map[int32]time.Duration{0: time.Hour, 7: 0} {
		o := newOffice(t, 7, &post{})
		w := &watched{Outbox: o.Ledger}
		p := quick()
		p.trusted = trusted
		o.drain(o.relay(p, w))
		o.requireTaken(7, 0)
		require.Equal(t, asked, w.asked.Load())
	}
}

// Mails that are owed within a moment are claimed together, and the wakes of that moment cost no claim of their own.
func TestRelayGathers(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 3, &post{})
	w := &watched{Outbox: o.Ledger}
	p := quick()
	p.tick, p.gather = time.Hour, 10*time.Millisecond
	wake := make(chan struct{}, 1)
	r := o.relay(p, w)
	r.wake = wake
	o.running(r)
	o.eventually("mail left", func() bool { return o.waiting() == 0 })
	require.Len(t, w.claims(), 1)
	wake <- struct{}{}
	o.eventually("the wake was taken", func() bool { return len(wake) == 0 })
	wake <- struct{}{}
	o.eventually("a second claim", func() bool { return len(w.claims()) == 2 && len(wake) == 0 })
}

// mortal is a ledger that its user cannot reach any more after it died.
type mortal struct {
	Outbox
	dead atomic.Bool
}

func (m *mortal) RecordMail(ctx context.Context, claim string, results []outbox.MailResult) error {
	if m.dead.Load() {
		return errGone
	}
	return m.Outbox.RecordMail(ctx, claim, results)
}

// I-4: a relay that dies repeats at most the ten mails it had not recorded, under the same Message-IDs.
func TestRelayDies(t *testing.T) {
	t.Parallel()
	for _, at := range []int{1, 9, 10, 11, 25, 50} {
		t.Run(fmt.Sprint("at mail ", at), func(t *testing.T) {
			t.Parallel()
			p := &post{}
			o := newOffice(t, 60, p)
			m := &mortal{Outbox: o.Ledger}
			r := o.relay(quick(), m)
			ctx, die := context.WithCancel(t.Context())
			p.accepted = func(taken int, _ func()) {
				if taken == at {
					m.dead.Store(true)
					die()
				}
			}
			r.Run(ctx)
			mails, repeated := p.tally()
			require.Equal(t, []int{at, 0}, []int{mails, repeated})

			next := o.relay(quick(), nil)
			o.drain(next)
			o.advance(usualPace.lease + 2*time.Minute)
			o.drain(next)
			o.requireTaken(60, (at-1)%10+1)
		})
	}
}

// A ledger that is away for a moment costs no repetition: what was sent is recorded before anything more is sent.
func TestRelayRemembersWhatItCouldNotRecord(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 30, &post{})
	m := &mortal{Outbox: o.Ledger}
	m.dead.Store(true)
	r := o.relay(quick(), m)
	for range 3 {
		_, err := r.round(t.Context())
		require.ErrorIs(t, err, errGone)
	}
	mails, _ := o.post.tally()
	require.Equal(t, 10, mails)
	m.dead.Store(false)
	o.drain(r)
	o.requireTaken(30, 0)
}

// A relay that is stopped finishes the mail under way and gives the rest back for others to send at once.
func TestRelayStops(t *testing.T) {
	t.Parallel()
	p := &post{}
	o := newOffice(t, 30, p)
	ctx, stop := context.WithCancel(t.Context())
	p.accepted = func(taken int, _ func()) {
		if taken == 7 {
			stop()
		}
	}
	o.relay(quick(), nil).Run(ctx)
	require.Equal(t, 23, o.waiting())
	o.drain(o.relay(quick(), nil))
	o.requireTaken(30, 0)
}

// Three relays on one ledger send everything once.
func TestRelaysSideBySide(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 200, &post{})
	for range 3 {
		p := quick()
		p.perTarget = 7
		o.running(o.relay(p, nil))
	}
	o.eventually("all sent", func() bool { return o.waiting() == 0 })
	o.requireTaken(200, 0)
}

// invitations are a kind of subject that nothing but this test knows.
type invitations map[string]Subject

func (k invitations) Subjects(_ context.Context, ids []string) (map[string]Subject, error) {
	found := map[string]Subject{}
	for _, id := range ids {
		if s, known := k[id]; known {
			found[id] = s
		}
	}
	return found, nil
}

// withdrawn is a subject of which nobody needs to hear any more, untold one of which nobody ever hears.
type (
	withdrawn struct{}
	untold    struct{}
)

func (withdrawn) Letter(outbox.Notification) (Letter, error) {
	return Letter{}, &WithdrawnError{Reason: "It was accepted."}
}

func (untold) Letter(n outbox.Notification) (Letter, error) {
	return Letter{}, Permanent("Nobody is told of %s.", n.Event)
}

// oweAbout owes an e-mail about each of the subjects.
func (o *office) oweAbout(subjects ...outbox.Subject) {
	o.t.Helper()
	var mail []outbox.Notification
	for _, s := range subjects {
		mail = append(mail, outbox.Notification{Subject: s, Event: "sent", Audience: "invited", Recipient: s.ID + "@contoso.example", OwedAt: officeOpens.Add(time.Duration(o.late.Load()))})
	}
	_, err := store.Write(o.t.Context(), o.DB, "owe", func(tx store.Tx) (bool, error) { return true, outbox.Queue(o.t.Context(), tx, officeTarget, mail...) })
	require.NoError(o.t, err)
}

// F-5: a relay tells of any kind of subject that it was given, in the same turn as of transfers. What nobody needs any more is withdrawn,
// what is gone or told to nobody is given up, and what this program does not know waits for one that does.
func TestRelayTellsOfAnyKindOfSubject(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 3, &post{})
	about := func(kind, id string) outbox.Subject { return outbox.Subject{Kind: kind, ID: id} }
	o.oweAbout(about("invitation", "open"), about("invitation", "accepted"), about("invitation", "quiet"), about("invitation", "gone"), about("riddle", "open"))
	kinds := o.kinds()
	kinds["invitation"] = invitations{"open": named("an invitation"), "accepted": withdrawn{}, "quiet": untold{}}
	registry := prometheus.NewRegistry()
	r, err := newRelay(RelayOptions{Outbox: o.Ledger, Kinds: kinds, Mailer: mailerTo(t, o.post.addr), Registry: registry}, quick())
	require.NoError(t, err)
	o.drain(r)
	mails, repeated := o.post.tally()
	require.Equal(t, []int{4, 0}, []int{mails, repeated})
	require.Equal(t, 1, o.waiting(), "the riddle")
	for subject, want := range map[outbox.Subject]string{
		about("invitation", "open"): "", about("invitation", "accepted"): "It was accepted.", about("invitation", "quiet"): "Nobody is told of sent.",
		about("invitation", "gone"): "The invitation that the mail is about is gone.", about("riddle", "open"): "this program has nothing to tell about a riddle",
	} {
		log, err := o.Notifications(t.Context(), subject)
		require.NoError(t, err)
		require.Len(t, log, 1)
		require.Equal(t, want, log[0].LastError)
		require.Equal(t, want == "", !log[0].SentAt.IsZero())
		require.Equal(t, want != "" && subject.Kind == "invitation", log[0].Ended)
	}

	kinds["riddle"] = invitations{"open": named("a riddle")}
	o.advance(time.Minute)
	o.drain(r)
	o.requireTaken(5, 0)
}

// A kind that cannot be read puts off its own mail and holds up no other.
func TestRelayThatCannotReadWhatMailIsAbout(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 5, &post{})
	o.oweAbout(outbox.Subject{Kind: "invitation", ID: "open"})
	kinds := Kinds{transferstore.SubjectKind: unread{}, "invitation": invitations{"open": named("an invitation")}}
	r, err := newRelay(RelayOptions{Outbox: o.Ledger, Kinds: kinds, Mailer: mailerTo(t, o.post.addr)}, quick())
	require.NoError(t, err)
	o.drain(r)
	mails, repeated := o.post.tally()
	require.Equal(t, []int{1, 0}, []int{mails, repeated})
	for _, n := range o.log() {
		require.Equal(t, "what mail about a transfer tells cannot be read: this program is gone", n.LastError)
	}
	o.advance(time.Minute)
	o.drain(o.relay(quick(), nil))
	o.requireTaken(6, 0)
}

type unread struct{}

func (unread) Subjects(context.Context, []string) (map[string]Subject, error) { return nil, errGone }

// A wake makes the relay look at once.
func TestRelayIsWoken(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 0, &post{rcpt: func(to string) error {
		if strings.HasPrefix(to, "it@") {
			return unknown
		}
		return nil
	}})
	wake, registry := make(chan struct{}, 1), prometheus.NewRegistry()
	p := quick()
	p.tick = time.Hour
	w := &watched{Outbox: o.Ledger}
	options := RelayOptions{Outbox: w, Kinds: o.kinds(), Mailer: mailerTo(t, o.post.addr), Wake: wake, Registry: registry}
	r, err := newRelay(options, p)
	require.NoError(t, err)
	o.running(r)
	o.eventually("the first look", func() bool { return len(w.claims()) == 1 })
	o.owe()
	wake <- struct{}{}
	o.eventually("it is dealt with", func() bool { return o.waiting() == 0 })
	o.eventually("and is counted", func() bool { return scraped(t, registry, `handover_mail_results_total`) == 1 })
	_, err = NewRelay(options)
	require.Error(t, err, "a registry has one relay")
}

// scraped is the sum of a metric.
func scraped(t *testing.T, registry *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := registry.Gather()
	require.NoError(t, err)
	var sum float64
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}
