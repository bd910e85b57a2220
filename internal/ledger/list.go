package ledger

// Lists: conditions that are given or not, a page at a time, and texts that are looked for.

import (
	"context"
	"fmt"
	"strings"
	"time"

	"handover/internal/store"
)

// where collects the conditions of a list and their arguments.
type where struct {
	conditions []string
	args       []any
}

// and adds a condition on the argument, unless that is empty. The condition's verb stands for the placeholder.
func (w *where) and(arg, condition string) {
	if arg == "" {
		return
	}
	w.conditions = append(w.conditions, fmt.Sprintf(condition, w.placeholder(arg)))
}

// placeholder adds an argument and returns what stands for it.
func (w *where) placeholder(arg any) string {
	w.args = append(w.args, arg)
	return fmt.Sprintf("$%d", len(w.args))
}

// clause is what is collected, as part of a query; empty when nothing is.
func (w *where) clause() string {
	if len(w.conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.conditions, " AND ")
}

// oneOf adds the condition that the column has one of the values, unless there are none.
func (w *where) oneOf(column string, values ...string) {
	if len(values) == 0 {
		return
	}
	var list []string
	for _, v := range values {
		list = append(list, w.placeholder(v))
	}
	w.conditions = append(w.conditions, column+" IN ("+strings.Join(list, ", ")+")")
}

// at adds a condition on a time, unless that is zero.
func (w *where) at(t time.Time, condition string) {
	if !t.IsZero() {
		w.conditions = append(w.conditions, fmt.Sprintf(condition, w.placeholder(store.Stamp(t))))
	}
}

// Page is a part of a list.
type Page[T any] struct {
	Items []T
	Total int  // in the whole list
	More  bool // there are items after these
}

// listing is a query with its arguments.
type listing struct {
	text string
	args []any
}

// pageOf runs a query without a limit for one page, and the query that counts the whole list.
func pageOf[T any](ctx context.Context, r store.Runner, count, rows listing, fields func(*T) []any, limit int) (Page[T], error) {
	limit = max(limit, 1)
	var page Page[T]
	var err error
	if page.Total, _, err = store.One(ctx, r, store.Both(count.text), store.Value[int], count.args...); err != nil {
		return page, err
	}
	if page.Items, err = store.All(ctx, r, store.Both(fmt.Sprintf("%s LIMIT %d", rows.text, limit+1)), fields, rows.args...); err != nil {
		return page, err
	}
	if page.More = len(page.Items) > limit; page.More {
		page.Items = page.Items[:limit]
	}
	return page, nil
}

// startsWith is a pattern for LIKE with \ as its escape; empty for an empty text.
func startsWith(text string) string {
	if text == "" {
		return ""
	}
	return likeEscapes.Replace(text) + "%"
}

// containing is such a pattern too.
func containing(text string) string {
	if text == "" {
		return ""
	}
	return "%" + likeEscapes.Replace(text) + "%"
}

var likeEscapes = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// lower gives ids the form they are stored in.
func lower(ids ...*string) {
	for _, id := range ids {
		*id = strings.ToLower(*id)
	}
}
