package command

import (
	"context"
	"time"

	"handover/internal/kernel"
	"handover/internal/store"
)

// KeptOf says which kept answers are about a customer: those to requests under its address, and to commands about its subjects, but not
// about these.
type KeptOf struct {
	CustomerTenantID string
	Subjects         string   // the query for ids of what commands are about, of the customer $6
	But              []string // subjects that are not over
}

// sizeOfID is the size of the id of a subject, which ends the route of a command about it.
const sizeOfID = 36

// about is what the request was about; empty when the route does not end with the id of it.
func (k keptAnswer) about() string {
	if k.subject != "" {
		return k.subject
	}
	return k.Route[max(0, len(k.Route)-sizeOfID):]
}

// keptAnswer is an answer with its place among all.
type keptAnswer struct {
	Claim
	apiRequest
}

func (k *keptAnswer) fields() []any {
	return []any{&k.CallerTenantID, &k.Route, &k.Key, &k.subject, &k.form, &k.header, &k.body}
}

var (
	keepLess = store.Both(`UPDATE api_requests SET body = $4` + ofRequest)
)

// selectKept finds a page of them.
func selectKept(subjects string) store.Statement {
	return store.Both(`SELECT caller_tenant_id, route, request_key, subject_id, form, header, body FROM api_requests
		WHERE (caller_tenant_id, route, request_key) > ($1, $2, $3) AND body IS NOT NULL
			AND (route LIKE $4 OR length(route) > 36 AND lower(substr(route, length(route) - 35)) IN (` + subjects + `))
		ORDER BY caller_tenant_id, route, request_key LIMIT $5 FOR UPDATE`)
}

// AnswerCursor is a place among the kept answers.
type AnswerCursor struct{ caller, route, key string }

// ForgetAnswers forgets what is personal in a page of the kept answers about the customer, those after the cursor: an answer that can be
// rendered again is, of what is left of its subject, and in another one tombstones stand. It tells in how many, and where the next page
// goes on; nil when nothing was left. A dry run counts.
func (r *Requests) ForgetAnswers(ctx context.Context, of KeptOf, dryRun bool, after AnswerCursor) (n int, next *AnswerCursor, err error) {
	store.Lower(&of.CustomerTenantID)
	but := map[string]bool{}
	for _, subject := range of.But {
		but[subject] = true
	}
	n, err = store.Write(ctx, r.db, "forget kept answers", func(tx store.Tx) (forgotten int, err error) {
		next = nil // of an earlier try
		page, err := store.All(ctx, tx, selectKept(of.Subjects), (*keptAnswer).fields, after.caller, after.route, after.key,
			"%/customers/"+of.CustomerTenantID+"%", forgottenAtOnce, of.CustomerTenantID)
		if err != nil || len(page) == 0 {
			return 0, err
		}
		last := page[len(page)-1]
		next = &AnswerCursor{last.CallerTenantID, last.Route, last.Key}
		for _, k := range page {
			if but[k.about()] {
				continue
			}
			changed, err := k.forget(ctx, tx, r.db.Now(), dryRun)
			if err != nil {
				return 0, err
			}
			if changed {
				forgotten++
			}
		}
		return forgotten, nil
	})
	return n, next, err
}

// forget keeps as much of the answer as is not personal, and tells whether that is less.
func (k keptAnswer) forget(ctx context.Context, tx store.Tx, now time.Time, dryRun bool) (changed bool, err error) {
	var body any
	if k.form == "" {
		a, err := k.answer()
		if err != nil {
			return false, err
		}
		left := kernel.Bury(string(a.Body), now, "description", "data", "detail")
		if left == string(a.Body) {
			return false, nil
		}
		if _, body, err = (Answer{Body: []byte(left)}).pack(); err != nil {
			return false, err
		}
	}
	if dryRun {
		return true, nil
	}
	_, err = tx.Exec(ctx, keepLess, append(k.id(), body)...)
	return true, err
}
