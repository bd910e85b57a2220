// Package app wires the parts together for the programs: settings in, running things out. It decides nothing.
//
//	app.go             steps, ledger, connection to Temporal
//	worker.go          a worker: Temporal's, the dispatcher that makes runs follow the ledger, the mail relay
//	ports.go           a worker's HTTP ports: metrics, callbacks
//	describe.go        how the runs that the ledger wants are started
//	webhooks.go        what partners are told over HTTP, and by whom it is signed
//	contradictions.go  operators are told of what moved after its end
package app

import (
	"context"
	"fmt"
	"net/http"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"handover/activities"
	outages "handover/activities/billing"
	"handover/activities/subscriptions"
	"handover/activities/transfers"
	"handover/config"
	"handover/internal/answers"
	"handover/internal/billing"
	"handover/internal/ledger"
	"handover/internal/notify"
	"handover/internal/payloads"
	"handover/internal/telemetry"
	"handover/workflows"
)

// Steps are the activities with everything they act on, and what stands beside them in a worker.
type Steps struct {
	activities.Activities
	// Mailer sends what the relay hands it, which says where partners open a transfer.
	Mailer      *notify.Mailer
	TransferURL string
	// Callback takes the billing system's callbacks; nil when the ledger is the billing system, like Answers, which asks about
	// what it calls back for.
	Callback http.Handler
	Answers  *answers.Taker
	// Breaker knows whether the billing system is away; nil when the ledger is the billing system.
	Breaker *billing.Breaker
}

// NewSteps makes the activities from the settings.
func NewSteps(c config.Config, l *ledger.Ledger, logger *zap.Logger) (Steps, error) {
	mailer, err := notify.NewMailer(notify.Settings{
		Host: c.SMTP.Host, Port: c.SMTP.Port, Username: c.SMTP.Username, Password: c.SMTP.Password,
		From: c.SMTP.From, TLS: c.SMTP.TLS, Timeout: c.SMTP.Timeout,
	})
	if err != nil {
		return Steps{}, fmt.Errorf("the mail settings do not work: %w", err)
	}
	steps := Steps{
		Activities: activities.Activities{
			Transfers: &transfers.Activities{
				Ledger: l, Mover: billing.Sandbox{Now: time.Now}, DoorClosed: !c.Transfers.TemporalCommands, CommandKey: c.Transfers.CommandKey,
			},
			Subscriptions: &subscriptions.Activities{Ledger: l},
			Billing:       &outages.Activities{Ledger: l},
		},
		Mailer: mailer, TransferURL: c.Mail.TransferURL,
	}
	if steps.Delivery, err = deliverySteps(c.Webhooks, l); err != nil {
		return Steps{}, err
	}
	if !c.Billing.Remote() {
		return steps, nil
	}
	remote, err := BillingSystem(c.Billing)
	if err != nil {
		return Steps{}, err
	}
	steps.Breaker = billing.NewBreaker(billing.BreakerOptions{AtOnce: c.Billing.Concurrent})
	guarded := billing.Guard(remote, steps.Breaker)
	steps.Transfers.Mover, steps.Transfers.AskEvery = guarded, c.Billing.Poll
	steps.Answers = answers.New(answers.Options{Book: l, Asker: guarded, Fencer: guarded, Logger: logger})
	steps.Callback = billing.Callbacks(c.Billing.CallbackToken, steps.Answers.Hear)
	return steps, nil
}

// BillingSystem is the operator's own of the settings, which must have one. It does not connect.
func BillingSystem(c config.Billing) (*billing.HTTP, error) {
	remote, err := billing.NewHTTP(billing.HTTPSettings{
		BaseURL: c.URL, Token: c.Token, Timeout: c.Timeout,
	})
	if err != nil {
		return nil, fmt.Errorf("the billing settings do not work: %w", err)
	}
	return remote, nil
}

// OpenLedger opens the ledger of the settings and brings its schema up to date.
func OpenLedger(ctx context.Context, c config.Config) (*ledger.Ledger, error) {
	if err := c.NeedsLedger(); err != nil {
		return nil, err
	}
	return ledger.Open(ctx, c.LedgerURL, ledger.Options{Policy: c.Transfers.Policy(), Rules: c.Transfers.Subscriptions()})
}

// Dial connects to Temporal with the programs' converters, logger and metrics.
func Dial(ctx context.Context, options client.Options, converters payloads.Converters, logger *zap.Logger, metrics telemetry.Metrics) (client.Client, error) {
	converters.Use(&options)
	options.Logger = telemetry.ForTemporal(logger)
	options.MetricsHandler = metrics.Temporal
	c, err := client.DialContext(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("no Temporal server answers at %s; check TEMPORAL_ADDRESS: %w", options.HostPort, err)
	}
	return c, nil
}

// EnsureSearchAttributes registers the search attributes of transfers with the namespace, where they are missing. A
// service account without that right gets an error that says what an administrator has to run.
func EnsureSearchAttributes(ctx context.Context, c client.Client, namespace string) error {
	operator := c.OperatorService()
	listed, err := operator.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return fmt.Errorf("the search attributes of namespace %q could not be read: %w", namespace, err)
	}
	missing := map[string]enumspb.IndexedValueType{}
	for name, kind := range workflows.SearchAttributes() {
		if _, known := listed.GetCustomAttributes()[name]; !known {
			missing[name] = kind
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = operator.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{Namespace: namespace, SearchAttributes: missing})
	if err != nil {
		return fmt.Errorf("the search attributes %v are missing in namespace %q and could not be added; an administrator adds them with "+
			"\"temporal operator search-attribute create\": %w", names(missing), namespace, err)
	}
	return awaitSearchAttributes(ctx, c, namespace)
}

// A cluster takes a moment until it knows attributes that were added.
const (
	attributesWithin = time.Minute
	attributesAgain  = 500 * time.Millisecond
)

// awaitSearchAttributes waits until the cluster knows them: until then it would refuse every start of a run.
func awaitSearchAttributes(ctx context.Context, c client.Client, namespace string) error {
	ctx, cancel := context.WithTimeout(ctx, attributesWithin)
	defer cancel()
	uses := &workflowservice.CountWorkflowExecutionsRequest{Namespace: namespace}
	for name := range workflows.SearchAttributes() {
		if uses.Query != "" {
			uses.Query += " AND "
		}
		uses.Query += name + " IS NOT NULL"
	}
	again := time.NewTicker(attributesAgain)
	defer again.Stop()
	for {
		_, err := c.CountWorkflow(ctx, uses)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the search attributes were added to namespace %q, and the cluster does not know them yet: %w", namespace, err)
		case <-again.C:
		}
	}
}

func names(attributes map[string]enumspb.IndexedValueType) []string {
	var all []string
	for name, kind := range attributes {
		all = append(all, fmt.Sprintf("%s (%s)", name, kind))
	}
	return all
}
