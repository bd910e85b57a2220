package activityloghttp

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/activitylog"
	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/kernel"
	"handover/internal/store"
)

var now = time.Date(2031, 3, 3, 11, 2, 3, 0, time.UTC)

// large is a log of so many records, each a second older than the one before.
type large struct {
	records int
	asked   []activitylogstore.AuditSearch
	fails   error // once pages go on
}

func (l *large) AuditPage(ctx context.Context, q activitylogstore.AuditSearch) ([]activitylogstore.AuditEntry, error) {
	if l.asked = append(l.asked, q); q.After != nil && l.fails != nil {
		return nil, l.fails
	}
	first := 0
	if q.After != nil {
		first = int(now.Sub(q.After.At).Seconds()) + 1
	}
	page := make([]activitylogstore.AuditEntry, 0, q.Limit)
	for n := first; n < min(first+q.Limit, l.records); n++ {
		page = append(page, activitylogstore.AuditEntry{ID: fmt.Sprint(n), At: now.Add(-time.Duration(n) * time.Second), Operation: activitylog.AuditUpdate})
	}
	return page, ctx.Err()
}

func (*large) AuditLog(context.Context, activitylogstore.AuditSearch) (store.Page[activitylogstore.AuditEntry], error) {
	return store.Page[activitylogstore.AuditEntry]{}, errors.New("an export counts nothing")
}

func (*large) AuditEntry(context.Context, string, string) (activitylogstore.AuditEntry, error) {
	return activitylogstore.AuditEntry{}, errors.New("an export reads no single record")
}

// counted counts lines and forgets them.
type counted struct{ lines, bytes int }

func (c *counted) Write(p []byte) (int, error) {
	c.lines += bytes.Count(p, []byte("\n"))
	c.bytes += len(p)
	return len(p), nil
}

func asksFor(form string) *searchAudit { return &searchAudit{Format: form} }

// a million records are exported in pages that follow one another, and nothing of them is kept.
func TestExportOfAMillionRecords(t *testing.T) {
	const million = 1_000_000
	log := &large{records: million}
	d, err := New(log, func() time.Time { return now }).listAudit(t.Context(), asksFor("CSV"))
	require.NoError(t, err)
	require.Equal(t, "text/csv; charset=utf-8", d.Kind)
	require.Equal(t, "activity-2031-02-01.csv", d.Name)
	require.Len(t, log.asked, 1, "the first page is asked for before anything is answered")
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	out := &counted{}
	require.NoError(t, d.Write(t.Context(), out))
	require.Equal(t, million+1, out.lines)
	require.Greater(t, out.bytes, 50*million)
	runtime.GC()
	runtime.ReadMemStats(&after)
	require.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(8<<20))
}

// Each record is there once and in order at the bounds of pages, too; a log of nothing has the names of the columns.
func TestExportAtTheBoundsOfPages(t *testing.T) {
	for _, records := range []int{0, 1, atOnce - 1, atOnce, atOnce + 1, 3 * atOnce} {
		log := &large{records: records}
		d, err := New(log, func() time.Time { return now }).listAudit(t.Context(), asksFor("csv"))
		require.NoError(t, err)
		var out bytes.Buffer
		require.NoError(t, d.Write(t.Context(), &out))
		rows, err := csv.NewReader(&out).ReadAll()
		require.NoError(t, err)
		require.Len(t, rows, records+1)
		for n, row := range rows[1:] {
			require.Equal(t, fmt.Sprint(n), row[len(row)-1])
		}
		require.Len(t, log.asked, records/atOnce+1)
		for _, q := range log.asked {
			require.Equal(t, atOnce, q.Limit)
		}
	}
}

// An export ends when its client is gone, and says so when the ledger fails between two pages.
func TestExportThatEnds(t *testing.T) {
	log := &large{records: 10 * atOnce}
	d, err := New(log, func() time.Time { return now }).listAudit(t.Context(), asksFor("csv"))
	require.NoError(t, err)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, d.Write(gone, &counted{}), context.Canceled)
	log.fails = errors.New("the ledger is away")
	require.ErrorIs(t, d.Write(t.Context(), &counted{}), log.fails)
}

// a size is for pages, which CSV has none of; a form that there is not is refused.
func TestFormsOfTheLog(t *testing.T) {
	paged := searchAudit{Format: "csv"}
	paged.Size = 5
	for _, c := range []struct {
		in    searchAudit
		want  string
		cause kernel.Cause
	}{
		{in: searchAudit{}},
		{in: searchAudit{Format: "JSON", Accept: "text/csv"}, want: asJSON},
		{in: searchAudit{Accept: "text/csv"}, want: asCSV},
		{in: searchAudit{Accept: "application/json, text/csv;q=0.5"}},
		{in: searchAudit{Accept: "*/*"}},
		{in: searchAudit{Format: "xml"}, cause: kernel.UnknownEnum},
		{in: paged, cause: kernel.InvalidInput},
	} {
		form, err := c.in.form()
		if c.cause != "" {
			require.ErrorIs(t, err, c.cause)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, c.want, form)
	}
}
