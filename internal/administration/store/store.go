// Package administrationstore carries out what operators add and change.
//
//	store.go  a command, from its proposal to what came of it
//	facts.go  what the ledger knows of what is named; names.go what that is
//	write.go  what was decided is written
//	note.go   and noted in the logs of the partners concerned
package administrationstore

import (
	"context"

	"handover/internal/activitylog"
	"handover/internal/administration"
	"handover/internal/command"
	"handover/internal/programme"
	programmestore "handover/internal/programme/store"
	"handover/internal/store"
	"handover/internal/subscription"
	subscriptionstore "handover/internal/subscription/store"
)

// Store is what operators change in a database.
type Store struct {
	db        *store.DB
	rules     subscription.Rules
	transfers Transfers
}

// Transfers knows what is being moved. Each answers for those that are asked about, and says nothing of the rest.
type Transfers struct {
	Moving  func(ctx context.Context, tx store.Tx, subscriptionIDs ...string) (map[string]string, error)
	Open    func(ctx context.Context, tx store.Tx, tenantIDs ...string) (map[string]string, error)
	Between func(ctx context.Context, tx store.Tx, pairs ...programme.Pair) (map[programme.Pair]string, error)
}

// New is what operators change in the database, by the rules of changes of subscriptions, and not what a transfer is about.
func New(db *store.DB, rules subscription.Rules, transfers Transfers) *Store {
	return &Store{db: db, rules: rules, transfers: transfers}
}

// Over is the same over another view of the database.
func (s *Store) Over(db *store.DB) *Store { return New(db, s.rules, s.transfers) }

// Proposal is what an operator wants of the ledger, given what it says; nobody else administers meanwhile. An error of it ends the
// command.
type Proposal func(ctx context.Context, known Known) (administration.Changes, error)

// Of proposes the changes, whatever the ledger says.
func Of(c administration.Changes) Proposal {
	return func(context.Context, Known) (administration.Changes, error) { return c, nil }
}

// How says how a proposal is carried out.
type How struct {
	By       activitylog.By       // the operator; the partner is that of each record
	Place    administration.Place // where references may lead, for sentences
	Rehearse bool                 // nothing is written
}

// Administer carries the proposal out under the terms, all of it or nothing, and tells what came of it. What changes nothing writes
// nothing, and is in no log.
//
// Refusals: those of administration.Decide. Errors: the proposal's; those of command.Execute.
func (s *Store) Administer(ctx context.Context, terms command.Terms[administration.Applied], how How, propose Proposal) (administration.Applied, error) {
	return command.Execute(ctx, s.db, "administer", terms, func(tx store.Tx) (administration.Applied, error) {
		if err := programmestore.LockAdministration(ctx, tx); err != nil {
			return administration.Applied{}, err
		}
		changes, err := propose(ctx, Known{tx})
		if err != nil {
			return administration.Applied{}, err
		}
		changes = changes.Normal()
		if err := changes.CheckSize(); err != nil {
			return administration.Applied{}, err
		}
		facts, err := s.facts(ctx, tx, changes)
		if err != nil {
			return administration.Applied{}, err
		}
		plan, err := administration.Decide(changes, facts, s.rules, how.Place)
		if plan.Applied.Rehearsed = how.Rehearse; err != nil || how.Rehearse {
			return plan.Applied, err
		}
		return plan.Applied, write(ctx, tx, plan, how.By, facts)
	})
}

// Known is what the ledger says while a proposal is made.
type Known struct{ tx store.Tx }

// Partner is the partner with the id, and whether there is one.
func (k Known) Partner(ctx context.Context, id string) (programme.Partner, bool, error) {
	store.Lower(&id)
	found, err := programmestore.Partners(ctx, k.tx, "", id)
	return first(found, err)
}

// Customer is the customer with the id, and whether there is one.
func (k Known) Customer(ctx context.Context, id string) (programme.Customer, bool, error) {
	store.Lower(&id)
	found, err := programmestore.CustomersOf(ctx, k.tx, id)
	return first(found, err)
}

// Subscription is the subscription with the id, and whether there is one.
func (k Known) Subscription(ctx context.Context, id string) (subscription.Subscription, bool, error) {
	store.Lower(&id)
	found, err := subscriptionstore.Lock(ctx, k.tx, id)
	return first(found, err)
}

func first[T any](found []T, err error) (T, bool, error) {
	if err != nil || len(found) == 0 {
		var nothing T
		return nothing, false, err
	}
	return found[0], true, nil
}
