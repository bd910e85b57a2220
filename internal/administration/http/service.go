// Package administrationhttp are the operations of operators: they add and change what a ledger says of partners, customers and what
// is billed. Nobody else has their role.
//
//	service.go  what they need, and who may call them
//	worlds.go   a world is taken onto the ledger, ties end
//	reads.go    what the ledger says of one partner, customer or subscription
package administrationhttp

import (
	"context"

	"handover/internal/administration"
	administrationstore "handover/internal/administration/store"
	"handover/internal/command"
	"handover/internal/httpapi"
	"handover/internal/identity"
	"handover/internal/programme"
	"handover/internal/subscription"
)

// Records is what the operations ask of the ledger.
type Records interface {
	Administer(ctx context.Context, terms command.Terms[administration.Applied], how administrationstore.How, propose administrationstore.Proposal) (administration.Applied, error)
	Partner(ctx context.Context, id string) (programme.Partner, error)
	Customer(ctx context.Context, id string) (programme.Customer, error)
	Subscription(ctx context.Context, id string) (subscription.Subscription, error)
}

// Reader reads the text of a world, in the form of a world file. Its error tells everything that is wrong with it, a line each.
type Reader func(name string, text []byte) (administration.World, error)

// Service answers operators.
type Service struct {
	records Records
	read    Reader
}

// New makes the service.
func New(records Records, read Reader) *Service { return &Service{records, read} }

// Register declares the operations.
func (s *Service) Register(a *httpapi.API) {
	s.registerWorlds(a)
	s.registerReads(a)
}

// operators are those of the deployment's own tenant.
var operators = []identity.Role{identity.Operator}

const tag = "Administration"
