// Package api is the HTTP API: the wire contract that Partner Center clients know (domain section 4), with what Handover
// adds marked as extensions. It knows the ledger alone: a write is one transaction there, with its answer, and the
// workflow runs follow. So everything goes on while Temporal is down.
//
// Where to look:
//
//	api.go          what the API is made of, and the order in which a request passes through it
//	request.go      every request: its ids, its deadline, its log line, its metrics, the headers of its answer
//	route.go        how an operation is declared; access.go who may call it
//	idempotency.go  why the same request gets the same answer; answers.go what that answer is
//	limits.go       how much one partner may ask for; turns.go how decisions about one transfer take turns
//	errors.go       what a refusal looks like; causes.go those that are about HTTP and not about transfers
//	transfers.go    create, list, get; decisions.go submit, cancel, decline; the other files each one resource
//	openapi.go      the description of all this, and the page that shows it
package api
