package transferhttp

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"

	"handover/internal/httpapi"
	"handover/internal/kernel"
	programmehttp "handover/internal/programme/http"
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

func (s *Service) registerReport(a *httpapi.API) {
	httpapi.Register(a, httpapi.Route{
		ID: "getTransferReport", Method: http.MethodGet, Path: "/v1/customers/{customerId}/transfers/{transferId}/report", Tag: "Extensions", Extension: true,
		Summary: "Report on a transfer",
		Description: "Per line item: what it was and became (as far as the caller may see, R-183..R-185), its outcome and attempts, " +
			"the day the billing changed hands and who pays which days (R-32, R-33). As JSON or CSV.",
		Roles: transferRoles, Right: programmehttp.Commerce(), Causes: []kernel.Cause{transfer.NotFound, kernel.UnknownEnum},
		Forms: []httpapi.Form{
			{Status: http.StatusOK, Kind: "application/json", Body: reflect.TypeFor[[]transfer.ReportRow](), Description: "One row per line item."},
			{Status: http.StatusOK, Kind: "text/csv", Body: reflect.TypeFor[string]()},
		},
	}, s.report)
	httpapi.Register(a, httpapi.Route{
		ID: "listTransferEvents", Method: http.MethodGet, Path: "/v1/customers/{customerId}/transfers/{transferId}/events", Tag: "Extensions", Extension: true,
		Summary: "What happened to a transfer", Description: "The transfer's history from the caller's own log: who did what, when and why, the oldest first (R-190).",
		Roles: transferRoles, Right: programmehttp.Commerce(), Causes: []kernel.Cause{transfer.NotFound},
	}, s.events)
}

func (s *Service) report(ctx context.Context, in *reportQuery) (*reportAnswer, error) {
	format := strings.ToLower(in.Format)
	if format == "" && httpapi.Prefers(in.Accept, "text/csv", "application/json") {
		format = "csv"
	}
	if format != "" && format != "csv" && format != "json" {
		return nil, kernel.Refuse(kernel.UnknownEnum, "format must be json or csv.")
	}
	t, err := s.transferOf(ctx, in.TransferPath)
	if err != nil {
		return nil, err
	}
	t, items, olds, err := s.records.ReportFacts(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	viewer := viewerOf(ctx)
	rows, err := transfer.Report(t, items, olds, viewer)
	if err != nil {
		return nil, err
	}
	if format != "csv" {
		body, err := json.Marshal(rows)
		return &reportAnswer{ContentType: "application/json", Body: body}, err
	}
	var out bytes.Buffer
	if err := transfer.WriteReportCSV(&out, rows, t.RoleOf(httpapi.RequestOf(ctx).Actor())); err != nil {
		return nil, err
	}
	return &reportAnswer{ContentType: "text/csv; charset=utf-8", Disposition: `attachment; filename="transfer-` + t.ID + `.csv"`, Body: out.Bytes()}, nil
}

func (s *Service) events(ctx context.Context, in *TransferPath) (*struct{ Body []transfer.TimelineEvent }, error) {
	t, err := s.transferOf(ctx, *in)
	if err != nil {
		return nil, err
	}
	found, err := s.records.Timeline(ctx, t.ID, viewerOf(ctx))
	return &struct{ Body []transfer.TimelineEvent }{found}, err
}
