package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"go.temporal.io/sdk/client"

	activities "handover/activities/transfers"
	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
	"handover/test/bench/naive"
)

// contender is one way to make a transfer.
type contender interface {
	name() string
	// on is the ledger that it works on.
	on() *book
	// create requests a transfer and returns its id once it is Pending.
	create(ctx context.Context, r transfer.Request) (id string, err error)
	// finish submits a transfer and returns once it is closed in the ledger.
	finish(ctx context.Context, id string, s transfer.Approval) error
	// rest returns when nothing but e-mail is left to be done for a transfer that is closed.
	rest(ctx context.Context, id string) error
	// workflowID is where the history of a transfer is; empty when there is none.
	workflowID(transferID string) string
}

const (
	oursName  = "ours"
	naiveName = "naive"
	bareName  = "bare"
)

// ours takes commands as the gateway does, but for HTTP: each is one transaction, and the run follows.
type ours struct {
	*book
	temporal client.Client
}

func (ours) name() string                { return oursName }
func (ours) workflowID(id string) string { return transfer.WorkflowID(id) }
func (o ours) on() *book                 { return o.book }

func (o ours) create(ctx context.Context, r transfer.Request) (string, error) {
	return open(ctx, o.book, r, asPartner(r.Actor, "create", r.RequestID))
}

func (o ours) finish(ctx context.Context, id string, s transfer.Approval) error {
	if _, err := o.Submit(ctx, id, s, asPartner(s.Actor, "submit "+id, s.RequestID)); err != nil {
		return err
	}
	return o.closings.await(ctx, id)
}

func (o ours) rest(ctx context.Context, id string) error {
	return o.temporal.GetWorkflow(ctx, transfer.WorkflowID(id), "").Get(ctx, nil)
}

// asPartner are the terms of a partner's command: it is remembered with its answer.
func asPartner(by kernel.Actor, route, requestID string) command.Terms[transferstore.Outcome] {
	return command.Terms[transferstore.Outcome]{
		Claim: command.Claim{CallerTenantID: by.PartnerTenantID, Route: route, Key: requestID, Fingerprint: requestID},
		Answer: func(o transferstore.Outcome, refusal *kernel.Refusal) (command.Answer, error) {
			if refusal != nil {
				return command.Answer{}, refusal // which is then not kept
			}
			body, err := json.Marshal(o)
			return command.Answer{Status: http.StatusOK, Body: body, Subject: o.Transfer.ID}, err
		},
		Origin: kernel.Origin{Via: kernel.ByAPI},
	}
}

func open(ctx context.Context, b *book, r transfer.Request, terms command.Terms[transferstore.Outcome]) (id string, err error) {
	opened, err := b.OpenTransfer(ctx, r, terms)
	return opened.Transfer.ID, err
}

// naively is the naive workflow.
type naively struct {
	*book
	naive.Client
}

func (naively) name() string                { return naiveName }
func (naively) workflowID(id string) string { return naive.WorkflowID(id) }
func (n naively) on() *book                 { return n.book }

func (n naively) create(ctx context.Context, r transfer.Request) (string, error) {
	return n.Create(ctx, r)
}

func (n naively) finish(ctx context.Context, id string, s transfer.Approval) error {
	if err := n.Submit(ctx, id, s); err != nil {
		return err
	}
	return n.closings.await(ctx, id)
}

func (n naively) rest(ctx context.Context, id string) error {
	return n.Temporal.GetWorkflow(ctx, naive.WorkflowID(id), "").Get(ctx, nil)
}

// barely calls our steps one after the other, with nothing durable but the ledger. Whatever holds the process costs more, so
// it is the ceiling; what it began is lost with the program.
type barely struct {
	*book
	steps *activities.Activities
}

func (barely) name() string             { return bareName }
func (barely) workflowID(string) string { return "" }
func (b barely) on() *book              { return b.book }

func (b barely) create(ctx context.Context, r transfer.Request) (string, error) {
	return open(ctx, b.book, r, withoutRun(asPartner(r.Actor, "create", r.RequestID)))
}

// withoutRun keeps the dispatcher from starting a run.
func withoutRun(terms command.Terms[transferstore.Outcome]) command.Terms[transferstore.Outcome] {
	terms.ByRun = true
	return terms
}

// windowSize is that of the workflow.
const windowSize = 100

func (b barely) finish(ctx context.Context, id string, s transfer.Approval) error {
	submitted, err := b.Submit(ctx, id, s, withoutRun(asPartner(s.Actor, "submit "+id, s.RequestID)))
	if err != nil {
		return err
	}
	items := len(submitted.Items)
	for from := 0; from < items; from += windowSize {
		window := transfer.Ordinals(fmt.Sprintf("%d-%d", from, min(from+windowSize, items)-1))
		if _, err := b.steps.MoveWindow(ctx, id, window); err != nil {
			return err
		}
	}
	closed, err := b.steps.Close(ctx, id)
	if err != nil {
		return err
	}
	_, err = b.steps.NotifyParties(ctx, closed)
	return err
}

func (barely) rest(context.Context, string) error { return nil }
