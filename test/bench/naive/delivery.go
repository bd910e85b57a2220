package naive

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"handover/activities/delivery"
	"handover/internal/ledger"
	"handover/internal/webhook"
	"handover/workflows"
)

// Telling a subscriber over HTTP as a first version would: one run for each subscriber, one activity for each event, and each records what
// became of it.

const deliveryType = "NaiveDelivery"

const (
	// lookedUp is how many events a run takes before it begins afresh, because its history grows with each.
	lookedUp = 500
	// AtOnce is how many a subscriber gets at once.
	AtOnce = 8
)

// RegisterDelivery adds the workflow and its activities to a worker on TaskQueue.
func RegisterDelivery(w workflows.Registry, t *Tellers) {
	w.RegisterWorkflowWithOptions(Delivery, workflow.RegisterOptions{Name: deliveryType})
	w.RegisterActivity(t)
}

// tellers names the activities; it is nil and only carries their types.
var tellers *Tellers

// Delivery tells the partner everything that it is owed.
func Delivery(ctx workflow.Context, partner string) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: time.Minute,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: time.Minute},
	})
	var due []webhook.Delivery
	if err := workflow.ExecuteActivity(ctx, tellers.Due, partner).Get(ctx, &due); err != nil || len(due) == 0 {
		return err
	}
	places := workflow.NewSemaphore(ctx, AtOnce)
	told := make([]workflow.Future, len(due))
	for i, d := range due {
		if err := places.Acquire(ctx, 1); err != nil {
			return err
		}
		told[i] = workflow.ExecuteActivity(ctx, tellers.Tell, partner, d)
		workflow.Go(ctx, func(ctx workflow.Context) {
			_ = told[i].Get(ctx, nil) // it is asked again below
			places.Release(1)
		})
	}
	if err := all(ctx, told); err != nil {
		return err
	}
	return workflow.NewContinueAsNewError(ctx, deliveryType, partner)
}

// Tellers are the activities of the naive delivery, on the same methods of the ledger as the real ones.
type Tellers struct {
	Ledger  *ledger.Ledger
	Courier delivery.Courier
}

// Due reads what is to be sent.
func (t *Tellers) Due(ctx context.Context, partner string) ([]webhook.Delivery, error) {
	now, err := t.Ledger.LookAtWebhook(ctx, partner, lookedUp)
	return now.Due, err
}

// Tell sends one event and records what became of it. The registration is read for each, since its secret has no place in a history.
func (t *Tellers) Tell(ctx context.Context, partner string, d webhook.Delivery) error {
	r, err := t.Ledger.Webhook(ctx, partner)
	if err != nil {
		return err
	}
	began := time.Now()
	answer, err := t.Courier.Bring(ctx, r, d.Event)
	if err != nil {
		return err
	}
	_, err = t.Ledger.RecordWebhookAttempts(ctx, partner, webhook.Attempt{DeliveryID: d.ID, N: d.Attempts + 1, At: began, Registered: r.ModifiedAt, Answer: answer})
	if err == nil && !answer.Delivered() {
		err = fmt.Errorf("the endpoint answered %d", answer.Status)
	}
	return err
}

// DeliveryID is the workflow id of telling a partner.
func DeliveryID(partner string) string { return "naive-delivery/" + partner }

// Tell starts the run that tells the partner.
func (c Client) Tell(ctx context.Context, partner string) (client.WorkflowRun, error) {
	return c.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: DeliveryID(partner), TaskQueue: TaskQueue}, deliveryType, partner)
}
