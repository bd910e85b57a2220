package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"handover/internal/kernel"
	"handover/internal/transfer"
)

type reportQuery struct {
	TransferPath
	Format string `query:"format" doc:"json or csv; the header Accept: text/csv does the same." example:"csv"`
	Accept string `header:"Accept" doc:"text/csv for CSV."`
}

// reportAnswer is a report in the form that was asked for.
type reportAnswer struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

func (a *API) registerReport() {
	register(a, route{
		id: "getTransferReport", method: http.MethodGet, path: "/v1/customers/{customerId}/transfers/{transferId}/report", tag: "Extensions", extension: true,
		summary: "Report on a transfer",
		description: "Per line item: what it was and became (as far as the caller may see, R-183..R-185), its outcome and attempts, " +
			"the day the billing changed hands and who pays which days (R-32, R-33). As JSON or CSV.",
		roles: transferRoles, causes: []kernel.Cause{transfer.NotFound, kernel.UnknownEnum},
		forms: []form{
			{http.StatusOK, "application/json", typeOf[[]transfer.ReportRow](), "One row per line item."},
			{http.StatusOK, "text/csv", typeOf[string](), ""},
		},
	}, a.report)
	register(a, route{
		id: "listTransferEvents", method: http.MethodGet, path: "/v1/customers/{customerId}/transfers/{transferId}/events", tag: "Extensions", extension: true,
		summary: "What happened to a transfer", description: "The transfer's history from the caller's own log: who did what, when and why, the oldest first (R-190).",
		roles: transferRoles, causes: []kernel.Cause{transfer.NotFound},
	}, a.events)
}

func (a *API) report(ctx context.Context, in *reportQuery) (*reportAnswer, error) {
	format := strings.ToLower(in.Format)
	if format == "" && strings.Contains(in.Accept, "text/csv") {
		format = "csv"
	}
	if format != "" && format != "csv" && format != "json" {
		return nil, kernel.Refuse(kernel.UnknownEnum, "format must be json or csv.")
	}
	t, err := a.transferOf(ctx, in.TransferPath)
	if err != nil {
		return nil, err
	}
	t, items, olds, err := a.Ledger.ReportFacts(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	viewer := requestOf(ctx).viewer()
	rows, err := transfer.Report(t, items, olds, viewer)
	if err != nil {
		return nil, err
	}
	if format != "csv" {
		body, err := json.Marshal(rows)
		return &reportAnswer{ContentType: "application/json", Body: body}, err
	}
	var out bytes.Buffer
	if err := transfer.WriteReportCSV(&out, rows, t.RoleOf(requestOf(ctx).actor())); err != nil {
		return nil, err
	}
	return &reportAnswer{ContentType: "text/csv; charset=utf-8", Disposition: `attachment; filename="transfer-` + t.ID + `.csv"`, Body: out.Bytes()}, nil
}

func (a *API) events(ctx context.Context, in *TransferPath) (*struct{ Body []transfer.TimelineEvent }, error) {
	t, err := a.transferOf(ctx, *in)
	if err != nil {
		return nil, err
	}
	found, err := a.Ledger.Timeline(ctx, t.ID, requestOf(ctx).viewer())
	return &struct{ Body []transfer.TimelineEvent }{found}, err
}
