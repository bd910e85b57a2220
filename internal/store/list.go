package store

// Lists: conditions that are given or not, a page at a time, and texts that are looked for.

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Where collects the conditions of a list and their arguments.
type Where struct {
	Conditions []string
	Args       []any
}

// And adds a condition on the argument, unless that is empty. The condition's verb stands for the placeholder.
func (w *Where) And(arg, condition string) {
	if arg == "" {
		return
	}
	w.Conditions = append(w.Conditions, fmt.Sprintf(condition, w.Placeholder(arg)))
}

// Placeholder adds an argument and returns what stands for it.
func (w *Where) Placeholder(arg any) string {
	w.Args = append(w.Args, arg)
	return fmt.Sprintf("$%d", len(w.Args))
}

// Clause is what is collected, as part of a query; empty when nothing is.
func (w *Where) Clause() string {
	if len(w.Conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.Conditions, " AND ")
}

// OneOf adds the condition that the column has one of the values, unless there are none.
func (w *Where) OneOf(column string, values ...string) {
	if len(values) == 0 {
		return
	}
	var list []string
	for _, v := range values {
		list = append(list, w.Placeholder(v))
	}
	w.Conditions = append(w.Conditions, column+" IN ("+strings.Join(list, ", ")+")")
}

// At adds a condition on a time, unless that is zero.
func (w *Where) At(t time.Time, condition string) {
	if !t.IsZero() {
		w.Conditions = append(w.Conditions, fmt.Sprintf(condition, w.Placeholder(Stamp(t))))
	}
}

// Page is a part of a list.
type Page[T any] struct {
	Items []T
	Total int  // in the whole list
	More  bool // there are items after these
}

// Listing is a query with its arguments.
type Listing struct {
	Text string
	Args []any
}

// PageOf runs a query without a limit for one page, and the query that counts the whole list.
func PageOf[T any](ctx context.Context, r Runner, count, rows Listing, fields func(*T) []any, limit int) (Page[T], error) {
	limit = max(limit, 1)
	var page Page[T]
	var err error
	if page.Total, _, err = One(ctx, r, Both(count.Text), Value[int], count.Args...); err != nil {
		return page, err
	}
	if page.Items, err = All(ctx, r, Both(fmt.Sprintf("%s LIMIT %d", rows.Text, limit+1)), fields, rows.Args...); err != nil {
		return page, err
	}
	if page.More = len(page.Items) > limit; page.More {
		page.Items = page.Items[:limit]
	}
	return page, nil
}

// StartsWith is a pattern for LIKE with \ as its escape; empty for an empty text.
func StartsWith(text string) string {
	if text == "" {
		return ""
	}
	return likeEscapes.Replace(text) + "%"
}

// EndsWith is such a pattern too.
func EndsWith(text string) string {
	if text == "" {
		return ""
	}
	return "%" + likeEscapes.Replace(text)
}

// Containing is such a pattern too.
func Containing(text string) string {
	if text == "" {
		return ""
	}
	return "%" + likeEscapes.Replace(text) + "%"
}

var likeEscapes = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// Lower gives ids the form they are stored in.
func Lower(ids ...*string) {
	for _, id := range ids {
		*id = strings.ToLower(*id)
	}
}
