package main

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"handover/internal/ledger"
	"handover/internal/programme"
	"handover/internal/world"
)

// the PostgreSQL driver; the ledger brings SQLite's

// A past is transfers that were in the ledger before anything was measured: past.sql writes them, because to live through
// a hundred thousand would take hours. They satisfy the schema's guards and the invariants, and have no workflows.

//go:embed past.sql
var pastSQL string

// past is what was written. The customers are numbered on across several calls of extend.
type past struct {
	customers int
	each      int // transfers of each customer, in the last extension
	now       time.Time
}

// waiting is how long ago the oldest Pending transfer was created; a request lives 30 days.
const waiting = 28 * 24 * time.Hour

func (p *past) transfers() int { return p.customers * p.each }

// extend adds customers with that many transfers each, then does what the database does by itself after some time.
func (p *past) extend(ctx context.Context, s *stage, customers, each int) error {
	return p.extendLedger(ctx, s.Ledger, s.Settings.LedgerURL, customers, each)
}

func (p *past) extendLedger(ctx context.Context, l *ledger.Ledger, url string, customers, each int) error {
	if err := l.Extend(ctx, p.world(customers)); err != nil {
		return err
	}
	d := dialects[string(l.Dialect())]
	db, err := sql.Open(d.driver, d.name(url))
	if err != nil {
		return err
	}
	err = p.write(ctx, db, d.script(p.values(customers, each)))
	if err == nil {
		_, err = db.ExecContext(ctx, d.settle)
	}
	p.customers, p.each = p.customers+customers, each
	return errors.Join(err, db.Close())
}

// write runs the script, all or nothing.
func (p *past) write(ctx context.Context, db *sql.DB, statements []string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for _, statement := range statements {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return errors.Join(fmt.Errorf("%w\n%s", err, statement), tx.Rollback())
		}
	}
	return tx.Commit()
}

// values fill the script's gaps.
func (p *past) values(customers, each int) *strings.Replacer {
	var parties []string
	for k, pair := range pastParties {
		parties = append(parties, fmt.Sprintf("(%d, '%s', '%s')", k, pair.source, pair.target))
	}
	return strings.NewReplacer(
		"{first}", fmt.Sprint(p.customers), "{customers}", fmt.Sprint(customers), "{each}", fmt.Sprint(each), "{parties}", strings.Join(parties, ", "),
		"{now}", fmt.Sprint(p.now.Unix()), "{apart}", fmt.Sprint(int(waiting.Seconds())*10/(3*each)),
	)
}

// dialect is how a database is reached and what differs in its SQL.
type dialect struct {
	driver string
	name   func(url string) string // what the driver calls the database
	stamp  string                  // a time from seconds
	settle string                  // what happens by itself in the end, done now so that nothing is measured with it
}

var dialects = map[string]dialect{
	"postgres": {
		driver: "pgx", name: func(url string) string { return url },
		stamp: "to_timestamp($1)", settle: "VACUUM ANALYZE",
	},
	"sqlite": {
		driver: "sqlite", name: func(url string) string {
			return "file:" + strings.TrimPrefix(url, "sqlite://") + "?_pragma=foreign_keys(1)&_pragma=busy_timeout(10000)"
		},
		stamp: "strftime('%Y-%m-%dT%H:%M:%S.000000Z', $1, 'unixepoch')", settle: "PRAGMA wal_checkpoint(TRUNCATE)",
	},
}

var stamps = regexp.MustCompile(`stamp\(([^()]+)\)`)

// script is past.sql for this database, statement by statement.
func (d dialect) script(values *strings.Replacer) []string {
	text := stamps.ReplaceAllString(values.Replace(pastSQL), d.stamp)
	statements := strings.Split(strings.TrimSpace(text), ";\n")
	statements[len(statements)-1] = strings.TrimSuffix(statements[len(statements)-1], ";")
	return statements
}

// Partners that take part in the past besides the large world's two.
const (
	pastSecond = "aaaaaaaa-7777-4000-8000-000000000002"
	pastThird  = "aaaaaaaa-7777-4000-8000-000000000003"
	pastFourth = "aaaaaaaa-7777-4000-8000-000000000004"
)

type parties struct{ source, target string }

// pastParties are who transfers to whom: customer n's parties are those at n modulo 5. So the large world's target, who
// is the one that reads in the end, takes part in three fifths of everything, mostly as the target.
var pastParties = [5]parties{
	{world.LargeSource, world.LargeTarget},
	{world.LargeSource, world.LargeTarget},
	{world.LargeTarget, pastSecond},
	{world.LargeSource, pastThird},
	{pastThird, pastFourth},
}

// world is the customers that come next, with what each needed to be transferred, and at first the partners.
func (p *past) world(customers int) ledger.World {
	var w ledger.World
	if p.customers == 0 {
		for _, id := range []string{pastSecond, pastThird, pastFourth} {
			w.Partners = append(w.Partners, programme.Partner{
				TenantID: id, Name: "Partner " + id[35:], Programs: programme.Enrolled(programme.DirectBill, programme.Active, true),
				MPNID: "777000" + id[35:], Market: "US", Currency: "USD", Locale: "en-US",
				Users: []programme.User{programme.Agent("eeeeeeee"+id[8:], "agent"+id[35:]+"@past.example")},
			})
		}
	}
	for n := p.customers; n < p.customers+customers; n++ {
		c := programme.Customer{
			TenantID: pastCustomer(n), Name: fmt.Sprintf("Past %d", n), Domain: fmt.Sprintf("past%d.example", n),
			Email: fmt.Sprintf("it@past%d.example", n), Market: "US", Locale: "en-US",
		}
		target := pastParties[n%len(pastParties)].target
		w.Customers = append(w.Customers, c)
		w.Relationships = append(w.Relationships, programme.Relationship{PartnerTenantID: target, CustomerTenantID: c.TenantID})
		w.Agreements = append(w.Agreements, programme.Agreement{PartnerTenantID: target, CustomerTenantID: c.TenantID, Mode: programme.Attestation})
	}
	return w
}

// pastCustomer is the id of the customer with that number.
func pastCustomer(n int) string { return fmt.Sprintf("cccccccc-7777-4000-8000-%012d", n) }

// pastTransfer is the id of the customer's transfer of that age, 0 being the oldest.
func pastTransfer(customer, age int) string {
	number := customer*10_000 + age
	return fmt.Sprintf("%08d-7777-4000-8000-%012d", number*61_803_399%100_000_000, number)
}

// moved tells whether the large world's target took over three line items by that transfer.
func (p *past) moved(customer, age int) bool {
	return pastParties[customer%len(pastParties)].target == world.LargeTarget && age*10 < p.each*7 && (customer+age)%7 == 6 && age%3 == 2
}
