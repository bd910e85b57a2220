package transfer_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/kernel/kerneltest"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

// The report: what became of each line item and who pays which days, as far as each viewer may know it.

// reported is a transfer submitted on 15 June 2024 (the worked example of R-32) with one line item in each state.
func reported() (transfer.Transfer, []transfer.LineItem, map[string]subscription.Subscription) {
	tr, items := inProgress()
	tr.SubmittedTime = at("2024-06-15T09:30:00Z")
	olds := map[string]subscription.Subscription{}
	for _, item := range items {
		olds[item.SubscriptionID] = sample("0001", func(s *subscription.Subscription) { s.ID = item.SubscriptionID })
	}
	return tr, items, olds
}

func report(t *testing.T, v transfer.Viewer) []transfer.ReportRow {
	t.Helper()
	tr, items, olds := reported()
	rows, err := transfer.Report(tr, items, olds, v)
	require.NoError(t, err)
	return rows
}

func TestRulesOfTheReport(t *testing.T) {
	attempts := 2
	done := transfer.ReportRow{
		Ordinal: 1, SourceSubscriptionID: "old-1", TargetSubscriptionID: "new-1", ProductType: subscription.OnlineServicesNCE,
		OfferID: "CFQ7TTC0LH18:0001", FriendlyName: "Business Basic", Quantity: 10, BillingCycle: subscription.Monthly,
		Outcome: transfer.ItemComplete, Attempts: &attempts, EffectiveDate: "2024-06-15",
		SourceFrom: "2024-04-10", SourceUntil: "2024-06-14", TargetFrom: "2024-06-15", TargetUntil: "2025-04-09",
	}
	rule(t, "R-32 an operator sees both ids and who pays which days", func(t *testing.T) {
		assert.Equal(t, done, report(t, operator)[1])
	})
	rule(t, "R-185 the source sees every item, and no new id", func(t *testing.T) {
		rows := report(t, source)
		require.Len(t, rows, 3)
		own := done
		own.TargetSubscriptionID = ""
		assert.Equal(t, own, rows[1])
		assert.Equal(t, "billing answered 503", rows[0].LastError)
		assert.Equal(t, "refused: account closed", rows[2].TransferError)
	})
	rule(t, "R-32 days are told of what has moved only", func(t *testing.T) {
		for _, row := range []transfer.ReportRow{report(t, source)[0], report(t, operator)[2]} {
			assert.Empty(t, row.EffectiveDate+row.SourceFrom+row.SourceUntil+row.TargetFrom+row.TargetUntil)
		}
	})
	rule(t, "R-183 the target sees what is done, and nothing of the source's side", func(t *testing.T) {
		rows := report(t, target)
		taken := done
		taken.SourceSubscriptionID, taken.Attempts, taken.SourceFrom = "", nil, ""
		assert.Equal(t, []transfer.ReportRow{taken}, rows)
	})
	rule(t, "R-184 nothing about the source makes any difference to the target's report", func(t *testing.T) {
		tr, items, olds := reported()
		for id, old := range olds {
			old.CreationDate = tr.SubmittedTime // bought on the day of the submit
			olds[id] = old
		}
		items[0].LastError, items[1].LastError, items[1].Attempts = "other", "other", 9
		items = append(items[:1:1], items[1]) // the failed one is gone
		rows, err := transfer.Report(tr, items, olds, target)
		require.NoError(t, err)
		assert.Equal(t, report(t, target), rows)
	})
	rule(t, "R-110 nobody else gets a report", func(t *testing.T) {
		tr, items, olds := reported()
		for _, v := range []transfer.Viewer{{PartnerTenantID: strangerID}, {PartnerTenantID: customerID}, {}} {
			_, err := transfer.Report(tr, items, olds, v)
			refused(t, err, transfer.NotFound)
		}
	})
}

func TestRulesOfTheReportedDays(t *testing.T) {
	settled := func(t *testing.T, change func(*subscription.Subscription)) transfer.ReportRow {
		t.Helper()
		tr, items, olds := reported()
		old := olds["old-1"]
		change(&old)
		olds["old-1"] = old
		rows, err := transfer.Report(tr, items, olds, source)
		require.NoError(t, err)
		return rows[1]
	}
	rule(t, "R-32 a subscription bought on the day of the submit costs the source nothing", func(t *testing.T) {
		row := settled(t, func(s *subscription.Subscription) { s.CreationDate = at("2024-06-15T00:10:00Z") })
		assert.Empty(t, row.SourceFrom+row.SourceUntil)
		assert.Equal(t, "2024-06-15", row.TargetFrom)
		row = settled(t, func(s *subscription.Subscription) { s.CreationDate = at("2024-06-14T23:50:00Z") })
		assert.Equal(t, []string{"2024-06-14", "2024-06-14"}, []string{row.SourceFrom, row.SourceUntil})
	})
	rule(t, "R-32 without a term the target pays on", func(t *testing.T) {
		row := settled(t, func(s *subscription.Subscription) { s.CommitmentEndDate = at("0001-01-01T00:00:00Z") })
		assert.Equal(t, "2024-06-15", row.TargetFrom)
		assert.Empty(t, row.TargetUntil)
	})
	rule(t, "R-33 a term that was paid up front is refunded", func(t *testing.T) {
		assert.True(t, settled(t, func(s *subscription.Subscription) { s.BillingCycle = subscription.Annual }).Refund)
		assert.False(t, settled(t, func(*subscription.Subscription) {}).Refund)
	})
}

// what a billing system writes about an attempt may name the target's new subscription.
func TestReportWithholdsForeignIDs(t *testing.T) {
	const foreign = "9a000000-0000-4000-8000-00000000000e"
	tr, items, olds := reported()
	own := sample("0001")
	items[0].SubscriptionID, olds[own.ID] = own.ID, own
	items[0].LastError = "Subscription " + upper(own.ID) + " became " + foreign + " in " + transferID + "."
	items[0].TransferError = strings.ToUpper(foreign)
	rows, err := transfer.Report(tr, items, olds, source)
	require.NoError(t, err)
	assert.Equal(t, "Subscription "+upper(own.ID)+" became (id withheld) in "+transferID+".", rows[0].LastError)
	assert.Equal(t, "(id withheld)", rows[0].TransferError)
	rows, err = transfer.Report(tr, items, olds, operator)
	require.NoError(t, err)
	assert.Equal(t, items[0].LastError, rows[0].LastError)
}

func TestReportNeedsTheOldSubscription(t *testing.T) {
	tr, items, olds := reported()
	delete(olds, "old-2")
	_, err := transfer.Report(tr, items, olds, source)
	require.ErrorContains(t, err, "old-2")
	_, err = transfer.Report(tr, items, olds, target)
	require.NoError(t, err, "what the target does not see cannot be missed")
}

// sheet writes the rows as CSV and reads them again.
func sheet(t *testing.T, rows []transfer.ReportRow, role kernel.Role) [][]string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, transfer.WriteReportCSV(&out, rows, role))
	assert.Equal(t, strings.Count(out.String(), "\n"), strings.Count(out.String(), "\r\n"))
	lines, err := csv.NewReader(&out).ReadAll()
	require.NoError(t, err)
	require.Len(t, lines, len(rows)+1)
	return lines
}

// A spreadsheet has the columns that the viewer's JSON may have, under the same names.
func TestReportAsCSV(t *testing.T) {
	for role, v := range map[kernel.Role]transfer.Viewer{kernel.RoleSource: source, kernel.RoleTarget: target, kernel.RoleOperator: operator} {
		rows := report(t, v)
		lines := sheet(t, rows, role)
		may := map[string]bool{}
		for i, row := range rows {
			text, err := json.Marshal(row)
			require.NoError(t, err)
			var fields map[string]any
			require.NoError(t, json.Unmarshal(text, &fields))
			cells := map[string]string{}
			for n, name := range lines[0] {
				cells[name] = lines[i+1][n]
			}
			for name, value := range fields {
				may[name] = true
				text, err := json.Marshal(value)
				require.NoError(t, err)
				assert.Equal(t, strings.Trim(string(text), `"`), cells[name], "%s of %s", name, role)
			}
		}
		for _, name := range lines[0] {
			assert.True(t, may[name], "the %s never sees %s", role, name)
		}
	}
	assert.Len(t, sheet(t, nil, kernel.RoleSource)[0], 17)
}

// B3: what a customer or a billing system wrote must not run in a spreadsheet, whichever separator it goes by.
func TestReportAsCSVIsHarmless(t *testing.T) {
	for name, cell := range map[string]string{
		"=HYPERLINK(\"https://x.example\")": "'=HYPERLINK(\"https://x.example\")",
		"+1":                                "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'=1", "\r=1": "'=1", "\n=1": "'=1", "a=1, \"b\"": "a=1, \"b\"", "": "",
		"Ünïcode": "Ünïcode", "＝1+1": "'＝1+1", "a;=1": "a;'=1", "a\t=1": "a =1",
	} {
		lines := sheet(t, []transfer.ReportRow{{FriendlyName: name, LastError: name}}, kernel.RoleSource)
		for n, column := range lines[0] {
			if column == "friendlyName" || column == "lastError" {
				assert.Equal(t, cell, lines[1][n])
			}
		}
	}
	for name, text := range kerneltest.Hostile() {
		var out strings.Builder
		row := transfer.ReportRow{FriendlyName: text, OfferID: text, LastError: text, TransferError: text}
		require.NoError(t, transfer.WriteReportCSV(&out, []transfer.ReportRow{row}, kernel.RoleSource))
		lines := strings.Split(strings.TrimSuffix(out.String(), "\r\n"), "\r\n")
		require.Len(t, lines, 2, name)
		kerneltest.Shown(t, lines[1], name)
		for _, cell := range strings.FieldsFunc(lines[1], func(r rune) bool { return strings.ContainsRune(",;|", r) }) {
			assert.NotRegexp(t, `^[\s"]*[=+\-@＝＋－＠﹦﹢﹣﹫−]`, cell, name)
		}
	}
}

type fullDisk struct{}

var errFull = errors.New("no space left")

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestReportAsCSVTellsOfFailures(t *testing.T) {
	require.ErrorIs(t, transfer.WriteReportCSV(fullDisk{}, nil, kernel.RoleSource), errFull)
	require.ErrorIs(t, transfer.WriteReportCSV(fullDisk{}, make([]transfer.ReportRow, 500), kernel.RoleSource), errFull)
}
