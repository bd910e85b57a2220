package notify

import (
	"context"
	"fmt"
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
