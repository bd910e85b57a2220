// Package api puts the HTTP API together: the kernel (httpapi) and the operations of each context (its package http). The
// wire contract is that which Partner Center clients know (domain section 4), with what Handover adds marked as extensions.
// It knows the ledger alone: a write is one transaction there, with its answer, and the workflow runs follow. So everything
// goes on while Temporal is down.
//
// A new operation is declared in the room of its context, with httpapi.Register or httpapi.RegisterWrite, and has its row in apitest, which
// every suite reads; a new context is one line in New.
package api
