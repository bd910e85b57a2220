package ledger

// An operator's word to forget what is personal, of a customer or of whatever ended long ago. It is done in portions, each a transaction:
// whoever meets one sees all of it or nothing, and what a kill left to do is done by doing it again.

import (
	"context"
	"errors"
	"time"

	"handover/internal/activitylog"
	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/store"
	transferstore "handover/internal/transfer/store"
)

// ErrMayNotForget says that the role of the programs may not touch what is logged.
var ErrMayNotForget = errors.New("this database role may not forget: run starter forget as the owner of the ledger's tables")

// Forgetting is an operator's word to forget: of one customer, or of what ended longer ago than the age.
type Forgetting struct {
	CustomerTenantID string
	OlderThan        time.Duration
	DryRun           bool // it is counted only
	Operator         kernel.Actor
	Origin           kernel.Origin
	Watch            func(Forgotten) // is told after each portion; nil for nobody
}

// Forgotten is of how much what is personal was forgotten, by kind.
type Forgotten struct {
	Transfers    int `json:"transfers"`
	Reasons      int `json:"reasons"` // why operators gave line items up
	Mails        int `json:"mails"`
	Records      int `json:"logRecords"`
	Agreements   int `json:"agreements"`
	Users        int `json:"users"`
	Applications int `json:"applications"`
	Answers      int `json:"keptAnswers"`
	Excerpts     int `json:"webhookAnswers"`

	Left []transferstore.NotOver `json:"left"` // transfers of which nothing was forgotten
}

// Places is how many there are of all kinds.
func (f Forgotten) Places() int {
	return f.Transfers + f.Reasons + f.Mails + f.Records + f.Agreements + f.Users + f.Applications + f.Answers + f.Excerpts
}

var mayForget = store.Statement{
	Postgres: `SELECT has_table_privilege('` + theLog + `', 'UPDATE') AND has_table_privilege('` + tombstones + `', 'INSERT')`,
	Sqlite:   `SELECT TRUE`,
}

// mailed are the addresses of e-mails that are known (I-6). It is asked after transfers and mail were forgotten, and at once with users, so
// that it does not matter what was decided of the mail before, and what was sent since.
const mailed = `SELECT n.recipient FROM notifications n WHERE n.channel = 'email'`

// stillMailed are those that would be once that is done with what ended by $3.
const stillMailed = `SELECT n.recipient FROM notifications n LEFT JOIN transfers t ON t.id = n.subject_id AND n.subject_kind = '` + transferstore.SubjectKind + `'
	WHERE n.channel = 'email' AND n.recipient IN (SELECT u.email FROM partner_users u WHERE u.ended_at <= $3) AND CASE WHEN t.id IS NULL THEN COALESCE(n.sent_at, n.undelivered_at) IS NULL OR COALESCE(n.sent_at, n.undelivered_at) > $3
		ELSE t.forgotten_at IS NULL AND (t.status IN ('Pending', 'InProgress') OR t.last_modified_time > $3
			OR EXISTS (SELECT 1 FROM line_items i WHERE i.transfer_id = t.id AND i.held)
			OR EXISTS (SELECT 1 FROM notifications w WHERE w.subject_id = t.id AND w.subject_kind = n.subject_kind AND w.sent_at IS NULL AND w.undelivered_at IS NULL)) END`

// Forget forgets what is personal, as docs/personal-data.md lists it: addresses and names, and texts that people typed. Tombstones stand
// in their places; ids, times, states and money stay, and the log stays whole (I-9). What is not over is left, and told. Doing it again
// does the rest, or nothing.
//
// Refusals: those of activitylog.ForgettingOf; CustomerUnknown. Errors: ErrMayNotForget. After an error what was forgotten so far is.
func (l *Ledger) Forget(ctx context.Context, f Forgetting) (Forgotten, error) {
	done := Forgotten{Left: []transferstore.NotOver{}}
	store.Lower(&f.CustomerTenantID)
	scope, err := l.forgetting(ctx, f)
	if err != nil {
		return done, err
	}
	tell := func(n *int, more int) {
		*n += more
		if f.Watch != nil {
			f.Watch(done)
		}
	}
	if err := l.forgetTransfers(ctx, f, scope, &done, tell); err != nil {
		return done, err
	}
	if err := l.forgetRecords(ctx, scope, func(n int) { tell(&done.Records, n) }); err != nil {
		return done, err
	}
	for _, kind := range l.kinds(f, scope, &done) {
		for {
			n, err := kind.forget(ctx)
			if err != nil {
				return done, err
			}
			tell(kind.count, n)
			if n == 0 || scope.DryRun {
				break
			}
		}
	}
	if scope.CustomerTenantID != "" {
		return done, l.forgetAnswers(ctx, scope, done.Left, func(n int) { tell(&done.Answers, n) })
	}
	return done, nil
}

// forgetting is what the word says, if it may be said.
func (l *Ledger) forgetting(ctx context.Context, f Forgetting) (kernel.Forgetting, error) {
	now, err := store.Read(ctx, l.DB, "see whether to forget", func(tx store.Tx) (time.Time, error) {
		may, _, err := store.One(ctx, tx, mayForget, store.Value[bool])
		if err == nil && !may {
			err = ErrMayNotForget
		}
		if err != nil {
			return time.Time{}, err
		}
		return l.Time(ctx, tx)
	})
	if err != nil {
		return kernel.Forgetting{}, err
	}
	scope, err := activitylog.ForgettingOf(f.CustomerTenantID, f.OlderThan, now)
	scope.DryRun = f.DryRun
	if err == nil && scope.CustomerTenantID != "" {
		_, err = l.Customer(ctx, scope.CustomerTenantID)
	}
	return scope, err
}

func (l *Ledger) forgetTransfers(ctx context.Context, f Forgetting, scope kernel.Forgetting, done *Forgotten, tell func(*int, int)) error {
	for after := ""; ; {
		page, err := l.ForgetTransfers(ctx, scope, f.Operator, f.Origin, after)
		if err != nil || page.Last == "" {
			return err
		}
		after = page.Last
		done.Reasons += page.Reasons
		done.Mails += page.Mails
		done.Records += page.Found
		done.Left = append(done.Left, page.Left...)
		tell(&done.Transfers, page.Transfers)
	}
}

func (l *Ledger) forgetRecords(ctx context.Context, scope kernel.Forgetting, tell func(int)) error {
	for after := ""; ; {
		n, last, err := l.ForgetRecords(ctx, scope, after)
		if err != nil || last == "" {
			return err
		}
		after = last
		tell(n)
	}
}

// kind is one of those that are forgotten a portion at a time, until nothing is left.
type kind struct {
	count  *int
	forget func(context.Context) (int, error)
}

// kinds are those of which something is forgotten. What is kept for less time than an age can be is forgotten of a customer only.
func (l *Ledger) kinds(f Forgetting, scope kernel.Forgetting, done *Forgotten) []kind {
	by := activitylog.By{UserID: f.Operator.UserID, ApplicationID: f.Origin.Application}
	known := mailed
	if scope.DryRun {
		known = stillMailed
	}
	contacts := kind{&done.Agreements, func(ctx context.Context) (int, error) { return l.ForgetContacts(ctx, scope, by) }}
	if scope.CustomerTenantID != "" {
		return []kind{contacts, {&done.Excerpts, func(ctx context.Context) (int, error) { return l.ForgetExcerpts(ctx, scope) }}}
	}
	return []kind{
		contacts,
		{&done.Mails, func(ctx context.Context) (int, error) { return l.ForgetMail(ctx, transferstore.SubjectKind, scope) }},
		{&done.Users, func(ctx context.Context) (int, error) { return l.ForgetUsers(ctx, scope, by, known) }},
		{&done.Applications, func(ctx context.Context) (int, error) { return l.ForgetApplications(ctx, scope, by) }},
	}
}

func (l *Ledger) forgetAnswers(ctx context.Context, scope kernel.Forgetting, left []transferstore.NotOver, tell func(int)) error {
	of := command.KeptOf{CustomerTenantID: scope.CustomerTenantID, Subjects: transferstore.IDsOfCustomer}
	for _, transfer := range left {
		of.But = append(of.But, transfer.TransferID)
	}
	var after command.AnswerCursor
	for {
		n, next, err := l.ForgetAnswers(ctx, of, scope.DryRun, after)
		if err != nil || next == nil {
			return err
		}
		after = *next
		tell(n)
	}
}
