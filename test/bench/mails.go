package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	historypb "go.temporal.io/api/history/v1"

	"handover/test/bench/naive"
)

// mailCustomers have the transfers whose e-mail is sent; the creation of each is told to two.
const (
	mailCustomers  = 10
	mailsOfEachOne = 2
	writtenForEach = 4 // transfers that are written for each that is to wait for an answer: three in ten do
)

// mailing is one way to send a backlog of e-mail. What it returns is what runs did for it.
type mailing struct {
	of   string
	on   *book
	send func(ctx context.Context, transfers []string) (history func() ([]*historypb.HistoryEvent, error), err error)
}

func (m mailing) name() string { return m.of }

// mailings are ours, where the relay is told that something is owed, and the naive one, with an activity for each event.
func (s *stage) mailings() []mailing {
	nothing := func() ([]*historypb.HistoryEvent, error) { return nil, nil }
	relay := func(context.Context, []string) (func() ([]*historypb.HistoryEvent, error), error) {
		s.wakeRelay()
		return nothing, nil
	}
	activities := func(ctx context.Context, transfers []string) (func() ([]*historypb.HistoryEvent, error), error) {
		id := fmt.Sprintf("naive-mailing/%d", time.Now().UnixNano())
		run, err := naive.Client{Temporal: s.Connection}.Mail(ctx, id, transfers)
		if err != nil {
			return nil, err
		}
		return func() ([]*historypb.HistoryEvent, error) {
			if err := run.Get(ctx, nil); err != nil {
				return nil, err
			}
			return s.history(ctx, id)
		}, nil
	}
	return []mailing{{oursName, s.book, relay}, {naiveName, s.naiveBook, activities}}
}

// mail takes row 10: it writes transfers as they would have been, and has the e-mails about them sent once more in every round.
func (b *bench) mail(ctx context.Context, s *stage) error {
	if !b.wants(10) {
		return nil
	}
	all := slices.DeleteFunc(s.mailings(), func(m mailing) bool { return !b.measures(m.name()) })
	var transfers []string
	for _, m := range all {
		written := past{now: time.Now()}
		wanted := b.mails / mailsOfEachOne
		if err := written.extendLedger(ctx, m.on.Ledger, s.urls[m.on], mailCustomers, writtenForEach*wanted/mailCustomers); err != nil {
			return err
		}
		var err error
		if transfers, err = s.pending(ctx, m.on, written.ids(), wanted); err != nil {
			return err
		}
	}
	for round := range b.rounds {
		first := round % max(len(all), 1)
		for _, m := range slices.Concat(all[first:], all[:first]) {
			if err := b.mailOnce(ctx, s, m, transfers); err != nil {
				return fmt.Errorf("mail (%s): %w", m.name(), err)
			}
		}
	}
	return nil
}

// ids are those of all transfers.
func (p *past) ids() []string {
	var all []string
	for customer := range p.customers {
		for age := range p.each {
			all = append(all, pastTransfer(customer, age))
		}
	}
	return all
}

// listed are ids in a statement.
func listed(ids []string) string { return "'" + strings.Join(ids, "', '") + "'" }

// pending are that many of the transfers that wait for an answer: nobody is told of being asked once that is over.
func (s *stage) pending(ctx context.Context, on *book, of []string, wanted int) (ids []string, err error) {
	err = s.onDatabaseOf(on, func(db *sql.DB, _ dialect) error {
		rows, err := db.QueryContext(ctx, "SELECT id FROM transfers WHERE status = 'Pending' AND id IN ("+listed(of)+") ORDER BY id")
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() && len(ids) < wanted {
			var id string
			if err := rows.Scan(&id); err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return rows.Err()
	})
	if err == nil && len(ids) < wanted {
		err = fmt.Errorf("only %d of %d transfers wait for an answer", len(ids), wanted)
	}
	return ids, err
}

// unsend owes e-mails again that were sent.
const unsend = `UPDATE notifications SET sent_at = NULL, attempts = 0, next_at = stamp({now}) WHERE subject_kind = 'transfer' AND event = 'created' AND subject_id IN ({ids})`

func (b *bench) mailOnce(ctx context.Context, s *stage, m mailing, transfers []string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	gaps := strings.NewReplacer("{now}", fmt.Sprint(time.Now().Unix()), "{ids}", listed(transfers))
	return s.onDatabaseOf(m.on, func(db *sql.DB, d dialect) error {
		if _, err := db.ExecContext(ctx, stamps.ReplaceAllString(gaps.Replace(unsend), d.stamp)); err != nil {
			return err
		}
		mails := len(transfers) * mailsOfEachOne
		statements, began := m.on.Statements(), time.Now()
		history, err := m.send(ctx, transfers)
		if err != nil {
			return err
		}
		if err := sent(ctx, db, transfers); err != nil {
			return err
		}
		took, statements := time.Since(began), m.on.Statements()-statements
		events, err := history()
		if err != nil {
			return err
		}
		b.noteMails(m, mails, took, statements, events)
		return nil
	})
}

// sent returns when nothing is owed any more; that all about these transfers was sent is checked.
func sent(ctx context.Context, db *sql.DB, transfers []string) error {
	var left, undelivered int
	err := until(ctx, "e-mails are not sent", func() (bool, error) {
		err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM notifications WHERE sent_at IS NULL AND undelivered_at IS NULL").Scan(&left)
		return left == 0, err
	})
	failed := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM notifications WHERE undelivered_at IS NOT NULL AND subject_id IN ("+listed(transfers)+")").Scan(&undelivered)
	if err = errors.Join(err, failed); err == nil && undelivered > 0 {
		err = fmt.Errorf("%d of %d e-mails could not be delivered", undelivered, len(transfers)*mailsOfEachOne)
	}
	return err
}

func (b *bench) noteMails(m mailing, mails int, took time.Duration, statements int64, events []*historypb.HistoryEvent) {
	rate := float64(mails) / took.Seconds()
	b.say("%d e-mails, %s: %.1f/s, histories of %d events and %d actions, %d statements", mails, m.name(), rate, len(events), CountActions(events), statements)
	b.report.note(figure{Row: 10, What: fmt.Sprintf("E-mails/s, %d owed", mails)}, m, rate)
	for _, cost := range []cost{{"history events", len(events)}, {"actions", CountActions(events)}, {"statements", int(statements)}} {
		if cost.count > 0 {
			b.report.note(figure{Row: 10, What: cost.what + " of each e-mail"}, m, float64(cost.count)/float64(mails))
		}
	}
}

// cost is what something took of what is counted.
type cost struct {
	what  string
	count int
}
