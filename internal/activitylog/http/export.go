package activityloghttp

import (
	"context"
	"io"
	"strings"
	"time"

	"handover/internal/activitylog"
	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/httpapi"
	"handover/internal/kernel"
)

// The forms of a search's answer.
const (
	asJSON = "json"
	asCSV  = "csv"
)

// atOnce is how many records of an export stand in memory.
const atOnce = 1000

// form is how the answer is to look. Refusals: UnknownEnum; InvalidInput for a page of CSV, which has none.
func (in *searchAudit) form() (string, error) {
	form := strings.ToLower(in.Format)
	if form == "" && httpapi.Prefers(in.Accept, "text/csv", "application/json") {
		form = asCSV
	}
	switch {
	case form != "" && form != asCSV && form != asJSON:
		return "", kernel.Refuse(kernel.UnknownEnum, "format must be json or csv.")
	case form == asCSV && in.Size != 0:
		return "", kernel.Refuse(kernel.InvalidInput, "CSV has all records that are found. Leave size out, or ask for JSON.")
	}
	return form, nil
}

// export is everything that is searched for, the newest first, a page at a time: no transaction stays open for a client that reads slowly.
// So what is committed meanwhile with a time among pages that are still to come is in it, and what is forgotten meanwhile stands there
// as it is left.
func (s *Service) export(ctx context.Context, q activitylogstore.AuditSearch) (*httpapi.Download, error) {
	q.Limit = atOnce
	page, err := s.records.AuditPage(ctx, q)
	if err != nil {
		return nil, err
	}
	return &httpapi.Download{
		Kind: "text/csv; charset=utf-8", Name: "activity-" + q.From.Format(time.DateOnly) + ".csv",
		Write: func(ctx context.Context, w io.Writer) error { return s.writeCSV(ctx, w, q, page) },
	}, nil
}

func (s *Service) writeCSV(ctx context.Context, w io.Writer, q activitylogstore.AuditSearch, page []activitylogstore.AuditEntry) error {
	out, err := activitylog.NewCSV(w)
	for err == nil {
		for _, entry := range page {
			if err := out.Write(entry.Line()); err != nil {
				return err
			}
		}
		if len(page) < q.Limit {
			return out.Flush()
		}
		q.After = page[len(page)-1].Cursor()
		page, err = s.records.AuditPage(ctx, q)
	}
	return err
}
