package notify

// The relay: what the ledger owes goes out. Nobody waits for it, and it keeps nothing but what it has in hand, so any
// number of them may run and each may die at any point: what it had is free again when its claim ends, and at most what it
// had not recorded yet is sent a second time, under the same Message-ID.

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"handover/internal/jitter"
	"handover/internal/outbox"
)

// Outbox is what a relay needs of the ledger; see its methods there.
type Outbox interface {
	ClaimMail(ctx context.Context, claim, domain string, limit, perKey int, lease time.Duration) ([]outbox.Owed, error)
	HoldsMail(ctx context.Context, claim string, id int64, atLeast time.Duration) (bool, error)
	RecordMail(ctx context.Context, claim string, results []outbox.MailResult) error
	MailWaiting(ctx context.Context) (outbox.WaitingMail, error)
}

// RelayOptions say what a relay takes from where and sends through what.
type RelayOptions struct {
	Outbox   Outbox
	Kinds    Kinds // what there is to tell, of what
	Mailer   *Mailer
	Wake     <-chan struct{}      // something may be owed; nil when nobody says so
	Logger   *zap.Logger          // nil for none
	Registry *prometheus.Registry // for its metrics; nil for none
}

// Relay sends what the outbox owes.
type Relay struct {
	outbox   Outbox
	kinds    Kinds
	mailer   *Mailer
	wake     <-chan struct{}
	logger   *zap.Logger
	counts   *counts
	pace     pace
	breaker  breaker
	claim    string           // its name on what it has in hand
	sure     time.Time        // when it certainly held what it has in hand
	found    map[string]found // what the claim's mail is about, by kind
	session  *session         // nil between connections
	refusals refusals
	finished []outbox.MailResult
	since    time.Time // when the first of finished was
}

// NewRelay makes a relay that does nothing before Run. It fails when its metrics are registered already.
func NewRelay(o RelayOptions) (*Relay, error) {
	return newRelay(o, usualPace)
}

func newRelay(o RelayOptions, p pace) (*Relay, error) {
	c, err := newCounts(o.Registry)
	if err != nil {
		return nil, fmt.Errorf("register the metrics of the mail relay: %w", err)
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	return &Relay{
		outbox: o.Outbox, kinds: o.Kinds, mailer: o.Mailer, wake: o.Wake, logger: o.Logger, counts: c, pace: p,
		breaker: breaker{first: p.firstPause, longest: p.longestPause}, claim: uuid.NewString(),
	}, nil
}

// Run sends until ctx ends: at once when woken, and at every tick. Then the mail under way has a few seconds to be
// finished, and the rest is given back. Nothing ends it earlier; what goes wrong is logged, counted and tried again. A
// relay runs once at a time.
func (r *Relay) Run(ctx context.Context) {
	measured := make(chan struct{})
	go func() { defer close(measured); r.measure(ctx) }()
	for ctx.Err() == nil {
		most := min(r.batch(), r.pace.perTarget)
		claimed, err := r.round(ctx)
		if err == nil && claimed >= most {
			continue // there may be more
		}
		r.hangUp()
		if err != nil && ctx.Err() == nil {
			r.logger.Warn("Mail waits.", zap.Error(err), zap.Duration("pause", r.breaker.pause))
		}
		r.wait(ctx)
	}
	r.hangUp()
	<-measured
}

// wait lasts until the next look: a wake, the tick, or the pause of an open breaker, which no wake shortens.
func (r *Relay) wait(ctx context.Context) {
	pause, wake := r.pace.tick, r.wake
	if r.breaker.open() {
		pause, wake = r.breaker.pause, nil
	}
	timer := time.NewTimer(jitter.Fifth(pause))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-wake:
		r.gather(ctx)
	case <-timer.C:
	}
}

// gather lets a moment pass and takes all wakes until then for one.
func (r *Relay) gather(ctx context.Context) {
	timer := time.NewTimer(r.pace.gather)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
	select {
	case <-r.wake:
	default:
	}
}

// batch is how many mails are claimed at a time: one that asks whether the mail server is back, or many.
func (r *Relay) batch() int {
	if r.breaker.open() {
		return 1
	}
	return r.pace.batch
}

// round claims some mail, sends it and records what became of it. It tells how much it claimed; an error ends the round
// early, with the rest given back.
func (r *Relay) round(ctx context.Context) (int, error) {
	if err := r.record(ctx); err != nil {
		return 0, err
	}
	r.sure = timeOfDay()
	owed, err := r.outbox.ClaimMail(ctx, r.claim, r.mailer.domain(), r.batch(), r.pace.perTarget, r.pace.lease+r.mailer.settings.Timeout)
	if err != nil {
		return 0, err
	}
	r.found = map[string]found{}
	for n := range owed {
		if err = r.deliver(ctx, owed[n:]); err != nil {
			r.giveBack(owed[n+1:])
			break
		}
	}
	return len(owed), errors.Join(err, r.record(ctx))
}

// giveBack leaves mails of the claim as they were, for others to send at once.
func (r *Relay) giveBack(owed []outbox.Owed) {
	for _, untried := range owed {
		r.finish(untried, outbox.MailResult{Outcome: outbox.MailUntried})
	}
}

// deliver sends the first of what is left of the claim. An error is not the mail's own and ends the round.
func (r *Relay) deliver(ctx context.Context, left []outbox.Owed) error {
	result, err := r.attempt(ctx, left)
	r.finish(left[0], result)
	if err == nil && (len(r.finished) >= r.pace.recordMails || time.Since(r.since) >= r.pace.recordAfter) {
		err = r.record(ctx)
	}
	return err
}

// attempt tells what became of the first mail, and whether the round can go on. One that is not needed needs no connection either.
func (r *Relay) attempt(ctx context.Context, left []outbox.Owed) (outbox.MailResult, error) {
	mail, untried := left[0], outbox.MailResult{Outcome: outbox.MailUntried}
	if err := ctx.Err(); err != nil {
		return untried, err
	}
	letter, err := r.write(ctx, left)
	if err == nil && !r.connected() {
		if err := r.connect(ctx); err != nil {
			return untried, r.fault(ctx, err)
		}
		letter, err = r.write(ctx, left) // connecting may have taken long
	}
	if ended := ctx.Err(); ended != nil {
		return untried, ended
	}
	if err != nil {
		return resultOf(mail, err), nil
	}
	if holds, err := r.holds(ctx, mail); err != nil || !holds { // somebody else sends it, or will
		return untried, err
	}
	err = r.send(ctx, mail, letter)
	var refused *RefusedError
	var connection *ConnectionError
	if errors.As(err, &refused) {
		return resultOf(mail, err), r.refused(ctx, mail, err)
	}
	if !errors.As(err, &connection) {
		r.breaker.reset()
		r.refusals.reset()
		return resultOf(mail, err), nil
	}
	if connection.Underway && ctx.Err() == nil {
		// It goes behind the others: were it what the server stumbles over, nothing else would ever leave.
		return resultOf(mail, err), r.fault(ctx, err)
	}
	return untried, r.fault(ctx, err)
}

// holds makes sure that the mail is still the relay's to send. The ledger is not asked again for a moment: a lease is much
// longer.
func (r *Relay) holds(ctx context.Context, o outbox.Owed) (bool, error) {
	now := timeOfDay()
	if now.Sub(r.sure) < r.pace.trusted {
		return true, nil
	}
	holds, err := r.outbox.HoldsMail(ctx, r.claim, o.ID, r.mailer.settings.Timeout)
	if holds {
		r.sure = now
	}
	return holds, err
}

// timeOfDay also counts the time that the machine was suspended, which the monotonic clock leaves out.
func timeOfDay() time.Time { return time.Now().Round(0) }

// connected tells that there is a connection that has room for a mail.
func (r *Relay) connected() bool {
	return r.session != nil && r.session.mails < r.pace.perConnection
}

// connect makes a connection, in place of one that is full.
func (r *Relay) connect(ctx context.Context) error {
	r.hangUp()
	s, err := r.mailer.open(ctx)
	if err == nil {
		r.session = s
	}
	return err
}

// fault ends a connection that is of no use, and leaves the mail server alone for a while.
func (r *Relay) fault(ctx context.Context, err error) error {
	if r.session != nil {
		r.session.call.hangUp()
		r.session = nil
	}
	if ctx.Err() == nil {
		r.breaker.trip()
		r.counts.faults.Inc()
	}
	return err
}

// refused has the mail server left alone once it refuses whatever it is told. Until then only the mail is put off: it may be its
// recipient's policy, which nobody else should wait for.
func (r *Relay) refused(ctx context.Context, o outbox.Owed, err error) error {
	if r.refusals.add(o.Recipient); r.refusals.everywhere() {
		return r.fault(ctx, err)
	}
	r.counts.faults.Inc()
	r.logger.Warn("A mail server refuses what is not the recipient's fault.", zap.Int64("notification", o.ID), zap.Error(err))
	return nil
}

// send sends the mail over the connection. The end of ctx leaves it a moment, because a mail cut off at its very end may
// be sent twice.
func (r *Relay) send(ctx context.Context, o outbox.Owed, l Letter) error {
	const moment = 5 * time.Second
	lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(moment, cancel) })
	defer stop()
	return r.session.send(lasting, Mail{To: o.Recipient, MessageID: o.MessageID, Attempt: o.Attempts + 1, Letter: l})
}

// resultOf is the result of an attempt that ended with err.
func resultOf(o outbox.Owed, err error) outbox.MailResult {
	var permanent *PermanentError
	var withdrawn *WithdrawnError
	attempts := o.Attempts + 1
	switch {
	case err == nil:
		return outbox.MailResult{Outcome: outbox.MailSent}
	case errors.As(err, &permanent):
		return outbox.MailResult{Outcome: outbox.MailUndelivered, Reason: permanent.Reason}
	case errors.As(err, &withdrawn):
		return outbox.MailResult{Outcome: outbox.MailWithdrawn, Reason: withdrawn.Reason}
	case givenUp(o.Age, attempts):
		return outbox.MailResult{
			Outcome: outbox.MailUndelivered,
			Reason:  fmt.Sprintf("It was given up after %d attempts in %d hours. The last one: %v", attempts, int(o.Age.Hours()), err),
		}
	default:
		return outbox.MailResult{Outcome: outbox.MailAgain, Reason: err.Error(), After: waitAfter(attempts)}
	}
}

// finish keeps a result until it is recorded.
func (r *Relay) finish(o outbox.Owed, result outbox.MailResult) {
	if len(r.finished) == 0 {
		r.since = time.Now()
	}
	result.ID = o.ID
	r.finished = append(r.finished, result)
	about := []zap.Field{zap.Int64("notification", o.ID), zap.String(o.Subject.Kind, o.Subject.ID), zap.String("event", o.Event), zap.String("reason", result.Reason)}
	switch result.Outcome {
	case outbox.MailUndelivered:
		r.logger.Warn("An e-mail cannot be delivered.", about...)
	case outbox.MailWithdrawn:
		r.logger.Info("An e-mail is not sent: it would not be true any more.", about...)
	default: // counted, and seen in the ledger
	}
}

// record writes the results, also after ctx ended. Until that is done nothing more is claimed or sent, so that what may be
// sent twice does not grow.
func (r *Relay) record(ctx context.Context) error {
	const patience = 5 * time.Second
	if len(r.finished) == 0 {
		return nil
	}
	lasting, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := r.outbox.RecordMail(lasting, r.claim, r.finished); err != nil {
		return fmt.Errorf("what became of %d e-mails is not recorded yet: %w", len(r.finished), err)
	}
	for _, result := range r.finished {
		r.counts.results.WithLabelValues(string(result.Outcome)).Inc()
	}
	r.finished = nil
	return nil
}

// hangUp takes leave of the mail server.
func (r *Relay) hangUp() {
	if r.session != nil {
		r.session.end()
		r.session = nil
	}
}
