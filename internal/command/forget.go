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

// subjectID is what the request was about; no id when the route does not end with one.
func (k keptAnswer) subjectID() string {
	if k.subject != "" {
		return k.subject
	}
	return k.Route[max(0, len(k.Route)-sizeOfID):]
}

// keptAnswer is an answer with its place among all.
type keptAnswer struct {
	Claim
	apiRequest
	about bool   // the customer
	left  []byte // of the body; none when the answer is rendered again
}

func (k *keptAnswer) fields() []any {
	return []any{&k.CallerTenantID, &k.Route, &k.Key, &k.subject, &k.form, &k.header, &k.body, &k.about}
}

var keepLess = store.Both(`UPDATE api_requests SET body = $4` + ofRequest + ` AND body = $5`)

// selectKept is a page of all answers: to look for those about a customer would be to read more than a page.
func selectKept(subjects string) store.Statement {
	return store.Both(`SELECT p.caller_tenant_id, p.route, p.request_key, p.subject_id, p.form, p.header, CASE WHEN p.about THEN p.body END, p.about
		FROM (SELECT k.*, k.body IS NOT NULL AND (k.route LIKE $4
				OR length(k.route) > 36 AND lower(substr(k.route, length(k.route) - 35)) IN (` + subjects + `)) AS about
			FROM api_requests k WHERE (k.caller_tenant_id, k.route, k.request_key) > ($1, $2, $3)
			ORDER BY k.caller_tenant_id, k.route, k.request_key LIMIT $5) p
		ORDER BY p.caller_tenant_id, p.route, p.request_key`)
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
	page, err := store.Read(ctx, r.db, "look for kept answers to forget", func(tx store.Tx) ([]keptAnswer, error) {
		return store.All(ctx, tx, selectKept(of.Subjects), (*keptAnswer).fields, after.caller, after.route, after.key,
			"%/customers/"+of.CustomerTenantID+"%", forgottenAtOnce, of.CustomerTenantID)
	})
	if err != nil || len(page) == 0 {
		return 0, nil, err
	}
	last := page[len(page)-1]
	next = &AnswerCursor{last.CallerTenantID, last.Route, last.Key}
	var personal []keptAnswer
	for _, k := range page {
		if !k.about || but[k.subjectID()] {
			continue
		}
		changes, err := k.forget(r.db.Now())
		if err != nil {
			return 0, next, err
		}
		if changes {
			personal = append(personal, k)
		}
	}
	if dryRun || len(personal) == 0 {
		return len(personal), next, nil
	}
	n, err = store.Write(ctx, r.db, "forget kept answers", func(tx store.Tx) (int, error) { return keepLessOf(ctx, tx, personal) })
	return n, next, err
}

// forget keeps as much of the answer as is not personal, and tells whether that is less.
func (k *keptAnswer) forget(now time.Time) (changes bool, err error) {
	if k.form != "" {
		return true, nil
	}
	a, err := k.answer()
	if err != nil {
		return false, err
	}
	left := kernel.Bury(string(a.Body), now, "description", "data", "messages", "detail")
	if left == string(a.Body) {
		return false, nil
	}
	_, body, err := (Answer{Body: []byte(left)}).pack()
	k.left, _ = body.([]byte)
	return true, err
}

// keepLessOf leaves of the answers what is to be left, but of those that somebody else changed meanwhile, and tells of how many.
func keepLessOf(ctx context.Context, tx store.Tx, personal []keptAnswer) (n int, err error) {
	for _, k := range personal {
		var left any
		if k.left != nil {
			left = k.left
		}
		changed, err := tx.Exec(ctx, keepLess, append(k.id(), left, k.body)...)
		if err != nil {
			return 0, err
		}
		n += int(changed)
	}
	return n, nil
}
