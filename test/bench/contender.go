package main

import (
	"context"

	"handover/internal/transfer"
	"handover/internal/transferclient"
	"handover/test/bench/naive"
	"handover/workflows"
)

// contender is one way to make a transfer. Both take the same two commands in the same way.
type contender interface {
	name() string
	Create(ctx context.Context, r transfer.Request) (workflows.Receipt, error)
	Submit(ctx context.Context, id string, a workflows.Approval) (workflows.Receipt, error)
	workflowID(transferID string) string
}

const (
	oursName  = "ours"
	naiveName = "naive"
)

type ours struct{ *transferclient.Client }

func (ours) name() string                { return oursName }
func (ours) workflowID(id string) string { return workflows.WorkflowID(id) }

type naively struct{ naive.Client }

func (naively) name() string                { return naiveName }
func (naively) workflowID(id string) string { return naive.WorkflowID(id) }
