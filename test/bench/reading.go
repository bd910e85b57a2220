package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"handover/internal/transfer"
)

// pageSize is how many transfers a page of a search has.
const pageSize = 50

// reading is one kind of read. What it must answer has the same size however much else is in the ledger.
type reading struct {
	next  func() (path string) // of the next request: about different transfers and customers in turn
	check func(answer []byte) error
}

// read asks the next of the readings of that kind.
func (s *subject) read(ctx context.Context, what string) error {
	r := s.readings[what]
	answer, err := s.timed(ctx, what, s.reads(r.next()))
	if err != nil {
		return err
	}
	return r.check(answer)
}

// reads is a read by the large world's target.
func (s *subject) reads(path string) call {
	return call{by: s.target, method: http.MethodGet, path: path, want: http.StatusOK}
}

// allReadings are the readings by what they are called.
func (s *subject) allReadings(ctx context.Context) (map[string]reading, error) {
	halfWay, err := s.halfWay(ctx)
	if err != nil {
		return nil, err
	}
	at := halfWay
	return map[string]reading{
		getRequest:   {next: inTurn(s.past.completed()), check: isComplete},
		listRequest:  {next: inTurn(s.past.listed()), check: s.past.hasAll},
		firstRequest: {next: func() string { return searchFrom("") }, check: isFullPage},
		deepRequest: {
			next: func() string { return searchFrom(at) },
			check: func(answer []byte) error {
				page, err := readAs[foundPage](answer)
				if at = page.ContinuationToken; at == "" { // the last page, which has what is left
					at = halfWay
					return err
				}
				return errors.Join(err, page.full())
			},
		},
	}, nil
}

// inTurn gives one path after the other, and begins again after the last.
func inTurn(paths []string) func() string {
	n := -1
	return func() string {
		n++
		return paths[n%len(paths)]
	}
}

// completed are transfers of three line items that the large world's target took over, of all customers in turn.
func (p *past) completed() []string {
	var paths []string
	for age := range p.each {
		for customer := range p.customers {
			if p.moved(customer, age) {
				paths = append(paths, transfersOf(pastCustomer(customer))+"/"+pastTransfer(customer, age))
			}
		}
	}
	return paths
}

func isComplete(answer []byte) error {
	t, err := readAs[transfer.Entity](answer)
	if err == nil && (t.Status != transfer.Complete || len(t.LineItems) != smallItems) {
		err = fmt.Errorf("transfer %s is %s with %d line items", t.ID, t.Status, len(t.LineItems))
	}
	return err
}

// listed are the lists of customers all of whose transfers go to the large world's target.
func (p *past) listed() []string {
	var paths []string
	for customer := 0; customer < p.customers; customer += len(pastParties) {
		paths = append(paths, transfersOf(pastCustomer(customer)))
	}
	return paths
}

func (p *past) hasAll(answer []byte) error {
	all, err := readAs[[]transfer.Entity](answer)
	if err == nil && len(all) != p.each {
		err = fmt.Errorf("the list has %d transfers, not %d", len(all), p.each)
	}
	return err
}

// foundPage is a page of a search.
type foundPage struct {
	Items             []transfer.Entity `json:"items"`
	ContinuationToken string            `json:"continuationToken"`
}

func (f foundPage) full() error {
	if len(f.Items) != pageSize {
		return fmt.Errorf("the page has %d transfers, not %d", len(f.Items), pageSize)
	}
	return nil
}

func isFullPage(answer []byte) error {
	page, err := readAs[foundPage](answer)
	return errors.Join(err, page.full())
}

func searchFrom(cursor string) string {
	q := url.Values{"size": {fmt.Sprint(pageSize)}}
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	return "/v1/transfers?" + q.Encode()
}

// halfWay follows the cursors half way through all transfers of the large world's target, who takes part in three fifths.
func (s *subject) halfWay(ctx context.Context) (cursor string, err error) {
	for range s.past.transfers() * 3 / 5 / pageSize / 2 {
		answer, _, err := s.reads(searchFrom(cursor)).send(ctx, s.API)
		if err != nil {
			return "", err
		}
		page, err := readAs[foundPage](answer)
		if err = errors.Join(err, page.full()); err != nil {
			return "", fmt.Errorf("on the way through all transfers: %w", err)
		}
		cursor = page.ContinuationToken
	}
	return cursor, nil
}
