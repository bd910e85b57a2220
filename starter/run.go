package main

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/google/uuid"

	"handover/config"
	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/administration"
	administrationstore "handover/internal/administration/store"
	"handover/internal/billing"
	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/operatorview"
	"handover/internal/outbox"
	"handover/internal/programme"
	"handover/internal/progress"
	"handover/internal/runs"
	"handover/internal/store"
	"handover/internal/subscription"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
	"handover/internal/transferclient"
	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
)

// transfers is what the commands need of Temporal. *service implements it; tests have a fake.
type transfers interface {
	Create(ctx context.Context, r transfer.Request) (transfer.Answer, error)
	Submit(ctx context.Context, id string, a transfer.Approval) (transfer.Answer, error)
	Cancel(ctx context.Context, id string, d transfer.Decision) (transfer.Answer, error)
	Decline(ctx context.Context, id string, d transfer.Decision) (transfer.Answer, error)
	Get(ctx context.Context, id string) (operatorview.Snapshot, error)
	List(ctx context.Context, f transferclient.Filter) ([]transferclient.Summary, error)
	temporalRuns
	histories
	Close()
}

// records is what the commands need of the ledger. *ledger.Ledger implements it.
type records interface {
	operatorview.Book
	Empty(ctx context.Context) (bool, error)
	Seed(ctx context.Context, w ledger.World) error
	Administer(ctx context.Context, terms command.Terms[administration.Applied], how administrationstore.How, propose administrationstore.Proposal) (administration.Applied, error)
	Partner(ctx context.Context, id string) (programme.Partner, error)
	Customer(ctx context.Context, id string) (programme.Customer, error)
	Subscription(ctx context.Context, id string) (subscription.Subscription, error)
	Subscriptions(ctx context.Context, customer, partner string) ([]subscription.Subscription, error)
	AuditPage(ctx context.Context, q activitylogstore.AuditSearch) ([]activitylogstore.AuditEntry, error)
	Verify(ctx context.Context) ([]ledger.Finding, error)
	Anchor(ctx context.Context) (ledger.Anchor, error)
	Holds(ctx context.Context, a ledger.Anchor) (bool, error)
	Grant(ctx context.Context, role string) error
	Forget(ctx context.Context, f ledger.Forgetting) (ledger.Forgotten, error)
	Follows(ctx context.Context, after string, limit int) ([]transferstore.Follow, error)
	FollowOf(ctx context.Context, id string) (transferstore.Follow, error)
	FollowedRuns(ctx context.Context, after string, limit int) ([]runs.Wanted, error)
	WantRuns(ctx context.Context, wanted ...runs.Wanted) error
	RunsBehind(ctx context.Context, workflowIDs ...string) (int, error)
	EndedItems(ctx context.Context, after transferstore.ItemCursor, limit int) ([]transfer.EndedItem, error)
	GiveUp(ctx context.Context, id string, g transferstore.GivingUp, terms command.Terms[transferstore.GivenUp]) (transferstore.GivenUp, error)
	ResolveHeld(ctx context.Context, id string, r transferstore.Resolution, terms command.Terms[transfer.LineItem]) (transfer.LineItem, error)
	Resume(ctx context.Context, r transferstore.Resumption, ids ...string) (int, error)
	ResumeOpen(ctx context.Context, r transferstore.Resumption, after string, limit int) (last string, resumed int, err error)
	UndeliveredMail(ctx context.Context, about outbox.Subject, limit int) (mail []outbox.Undelivered, count int, err error)
	MailBounced(ctx context.Context, b outbox.Bounce) (outbox.Bounced, error)
	ResendMail(ctx context.Context, w outbox.Which, operator kernel.Actor, terms command.Terms[ledger.Resent]) (ledger.Resent, error)
	Webhook(ctx context.Context, partner string) (webhook.Registration, error)
	RegisterWebhook(ctx context.Context, terms command.Terms[webhook.Registration], partner string, w webhook.Wish, rules webhook.Addresses) (webhook.Registration, error)
	ReplaceWebhook(ctx context.Context, terms command.Terms[webhook.Registration], partner string, w webhook.Wish, rules webhook.Addresses) (webhook.Registration, error)
	UnregisterWebhook(ctx context.Context, terms command.Terms[webhook.Registration], partner string) (webhook.Registration, error)
	WebhookDelivery(ctx context.Context, partner, id string) (webhook.Delivery, []webhook.Attempt, error)
	TestWebhook(ctx context.Context, terms command.Terms[webhook.Event], partner, id string) (webhook.Event, error)
	WebhookDeliveries(ctx context.Context, q webhookstore.Search) (store.Page[webhook.Delivery], error)
	RedeliverWebhook(ctx context.Context, terms command.Terms[webhook.Delivery], partner, id string) (webhook.Delivery, error)
	RedeliverDeadWebhooks(ctx context.Context, terms command.Terms[webhookstore.Redelivered], partner string, from, until time.Time) (webhookstore.Redelivered, error)
	Stuck(ctx context.Context, olderThan time.Duration) (ledger.Stuck, error)
	Close() error
}

// environment is everything outside of the process's arguments and streams that a run touches.
type environment struct {
	connect    func(ctx context.Context, address, namespace string) (transfers, error) // empty: as TEMPORAL_… says
	ledgerAt   func(url, address string) (string, error)                               // the ledger at hand, empty when there is none
	openLedger func(ctx context.Context, url string) (records, error)                  // empty: as HANDOVER_LEDGER_URL says
	billing    func() (billing.Asker, error)                                           // the billing system of HANDOVER_BILLING_…
	endpoints  func(ledger string) (webhook.Addresses, error)                          // that HANDOVER_WEBHOOKS_… or standalone allows
	terminal   func(out io.Writer) bool                                                // somebody watches it
	variable   func(name string) (string, bool)                                        // NO_COLOR and TERM, the terminal's own; settings are package config's
	build      func() (build, error)                                                   // of the worker that this program belongs to
	newID      func() string
	user       func() string // the system's user who runs the program
	wait       func(ctx context.Context, d time.Duration) error
}

// surroundings is the environment of the real program. The settings are read once: reading takes the secrets out of the
// environment.
func surroundings() environment {
	read := sync.OnceValues(config.Load)
	return environment{
		endpoints: func(ledger string) (webhook.Addresses, error) {
			settings, err := read()
			if err != nil {
				return webhook.Addresses{}, &usageError{err}
			}
			if isStandalones(ledger) {
				return settings.Webhooks.OnThisMachine().Addresses(), nil
			}
			return settings.Webhooks.Addresses(), nil
		},
		connect: func(ctx context.Context, address, namespace string) (transfers, error) {
			return connect(ctx, read, address, namespace)
		},
		ledgerAt:   func(url, address string) (string, error) { return ledgerAt(read, url, address) },
		openLedger: func(ctx context.Context, url string) (records, error) { return openLedger(ctx, read, url) },
		billing:    func() (billing.Asker, error) { return billingSystem(read) },
		terminal:   progress.Terminal, variable: os.LookupEnv, build: func() (build, error) { return thisBuild(read) }, newID: uuid.NewString, user: systemUser, wait: wait,
	}
}

// run does what the arguments ask for and returns the exit status, see failure.go. It ends early when the context does.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, env environment) int {
	answers := &answers{Writer: stdout}
	c := &cli{env: env, in: stdin, out: answers, err: stderr}
	root := c.root()
	root.SetArgs(args)
	called, err := root.ExecuteContextC(ctx)
	switch lost := answers.missing(); {
	case lost != nil && (err == nil || errors.Is(err, errors.Unwrap(lost))):
		err = lost
	case err == nil:
		return statusDone
	case !c.working:
		err = &usageError{err}
	}
	return c.report(ending(ctx, err), called.CommandPath(), args)
}

// wait returns after that time, or with the context's error.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "unknown"
}
