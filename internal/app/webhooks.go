package app

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/worker"
	"go.uber.org/zap"

	"handover/activities/delivery"
	"handover/config"
	"handover/internal/jitter"
	"handover/internal/ledger"
	"handover/internal/webhook/courier"
	deliveries "handover/workflows/delivery"
)

// lingers is how long the run of a partner stays that is told everything.
const lingers = 10 * time.Minute

// deliverySteps are the steps that tell partners over HTTP. Errors name the settings: a certificate that cannot be used, or that nobody
// could have.
func deliverySteps(c config.Webhooks, l *ledger.Ledger, logger *zap.Logger) (*delivery.Activities, error) {
	if err := c.NeedsPublicURL(); err != nil {
		return nil, err
	}
	signers := courier.SelfMade
	if c.Certificate != "" {
		signers = courier.InFiles(c.Certificate, c.Key)
	}
	keys, err := courier.NewKeys(courier.KeySettings{
		Next: signers, Publish: l.PublishWebhookCertificate,
		Warn: func(why error) { logger.Warn("The certificate of webhooks needs attention.", zap.Error(why)) },
	})
	if err != nil {
		return nil, fmt.Errorf("HANDOVER_WEBHOOKS_CERTIFICATE and HANDOVER_WEBHOOKS_KEY cannot be used: %w", err)
	}
	return &delivery.Activities{
		Ledger: l, Lingers: lingers, AtOnce: c.PerEndpoint,
		Courier: courier.New(courier.Settings{Networks: c.AllowedNetworks, Bases: c.Bases(), Signer: keys.Signer, Timeout: c.Timeout, AtOnce: c.PerEndpoint}),
	}, nil
}

// newDeliveriesWorker calls endpoints, in places of their own: however long they take, nothing else waits for them.
func newDeliveriesWorker(s Surroundings, fail func(error)) worker.Worker {
	options := workerOptions(s, fail)
	options.DisableWorkflowWorker = true
	options.MaxConcurrentActivityExecutionSize = s.Webhooks.Concurrent
	w := worker.New(s.Temporal, deliveries.Queue, options)
	s.Steps.Register(w)
	return w
}

// forgetEvery is how often what became of events is forgotten.
const forgetEvery = time.Hour

// forgetWebhooks forgets what became of events once its days are over, until the context ends.
func forgetWebhooks(ctx context.Context, l *ledger.Ledger, logger *zap.Logger) {
	tick := time.NewTicker(jitter.Fifth(forgetEvery))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if _, err := l.ForgetWebhooks(ctx); err != nil && ctx.Err() == nil {
			logger.Warn("What became of old events could not be forgotten.", zap.Error(err))
		}
		if _, err := l.ForgetWebhookCertificates(ctx); err != nil && ctx.Err() == nil {
			logger.Warn("Certificates that are out of use could not be forgotten.", zap.Error(err))
		}
	}
}
