package transfer

import (
	"encoding/csv"
	"io"
	"strconv"

	"handover/internal/kernel"
)

// reportColumn is one column of a report as a spreadsheet takes it, named as in JSON.
type reportColumn struct {
	name string
	cell func(ReportRow) string
	not  kernel.Role // to whom the column is never shown
}

var reportColumns = []reportColumn{
	{name: "ordinal", cell: func(r ReportRow) string { return strconv.Itoa(r.Ordinal) }},
	{name: "sourceSubscriptionId", cell: func(r ReportRow) string { return r.SourceSubscriptionID }, not: kernel.RoleTarget},
	{name: "targetSubscriptionId", cell: func(r ReportRow) string { return r.TargetSubscriptionID }, not: kernel.RoleSource},
	{name: "productType", cell: func(r ReportRow) string { return string(r.ProductType) }},
	{name: "offerId", cell: func(r ReportRow) string { return r.OfferID }},
	{name: "friendlyName", cell: func(r ReportRow) string { return r.FriendlyName }},
	{name: "quantity", cell: func(r ReportRow) string { return strconv.Itoa(r.Quantity) }},
	{name: "billingCycle", cell: func(r ReportRow) string { return string(r.BillingCycle) }},
	{name: "outcome", cell: func(r ReportRow) string { return string(r.Outcome) }},
	{name: "attempts", cell: attempts, not: kernel.RoleTarget},
	{name: "lastError", cell: func(r ReportRow) string { return r.LastError }, not: kernel.RoleTarget},
	{name: "transferError", cell: func(r ReportRow) string { return r.TransferError }, not: kernel.RoleTarget},
	{name: "effectiveDate", cell: func(r ReportRow) string { return r.EffectiveDate }},
	{name: "sourceFrom", cell: func(r ReportRow) string { return r.SourceFrom }, not: kernel.RoleTarget},
	{name: "sourceUntil", cell: func(r ReportRow) string { return r.SourceUntil }},
	{name: "targetFrom", cell: func(r ReportRow) string { return r.TargetFrom }},
	{name: "targetUntil", cell: func(r ReportRow) string { return r.TargetUntil }},
	{name: "refund", cell: func(r ReportRow) string { return strconv.FormatBool(r.Refund) }},
}

func attempts(r ReportRow) string {
	if r.Attempts == nil {
		return ""
	}
	return strconv.Itoa(*r.Attempts)
}

// WriteReportCSV writes the rows that a viewer in this role was given by Report as CSV, UTF-8 with CRLF (RFC 4180), a row
// of column names first. No spreadsheet takes a cell of it for a formula, whichever separator it reads (kernel.Cell). Errors are
// those of w.
func WriteReportCSV(w io.Writer, rows []ReportRow, role kernel.Role) error {
	var names []string
	var cells []func(ReportRow) string
	for _, column := range reportColumns {
		if column.not != role {
			names, cells = append(names, column.name), append(cells, column.cell)
		}
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(names); err != nil {
		return err
	}
	line := make([]string, len(cells))
	for _, row := range rows {
		for i, cell := range cells {
			line[i] = kernel.Cell(cell(row))
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
