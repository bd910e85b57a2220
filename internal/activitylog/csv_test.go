package activitylog_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/activitylog"
	"handover/internal/kernel/kerneltest"
)

// written is the CSV of the lines.
func written(t *testing.T, lines ...activitylog.Line) string {
	t.Helper()
	var out bytes.Buffer
	sheet, err := activitylog.NewCSV(&out)
	require.NoError(t, err)
	for _, line := range lines {
		require.NoError(t, sheet.Write(line))
	}
	require.NoError(t, sheet.Flush())
	return out.String()
}

// the columns of the log as Partner Center shows them, as RFC 4180 has it.
func TestCSV(t *testing.T) {
	line := activitylog.Line{
		At: at("2031-03-03T12:02:03.5+01:00"), CustomerName: `Contoso, "the" Bakery`, CustomerID: customerID, Operation: activitylog.AuditCreate, User: "tara@target.example",
		Resource: activitylog.TransferResource, ResourceID: transferID, Status: activitylog.Succeeded, ID: "a_b",
	}
	assert.Equal(t, "operationDate,customerName,customerId,operationType,userPrincipalName,resourceType,resourceId,operationStatus,id\r\n"+
		`2031-03-03T11:02:03.5Z,"Contoso, ""the"" Bakery",`+customerID+",create_transfer,tara@target.example,transfer,"+transferID+",succeeded,a_b\r\n"+
		"2031-03-03T11:02:03.5Z,,"+activitylog.NoCustomer+",,,,,failed,\r\n", written(t, line, activitylog.Line{At: line.At, Status: activitylog.Failed}))
}

// what others wrote, such as a customer's name, is never taken for a formula and never begins another cell or row.
func TestCSVIsHarmless(t *testing.T) {
	texts := []string{`=HYPERLINK("https://evil.example","x")`, "+1", "-1", "@SUM(A1)", "\t=1", "a;=1", "two\r\nlines", "＝1", "a|=1"}
	for _, text := range kerneltest.Hostile() {
		texts = append(texts, text)
	}
	for _, text := range texts {
		rows, err := csv.NewReader(strings.NewReader(written(t, activitylog.Line{At: at("2031-03-03T11:02:03Z"), CustomerName: text, User: text}))).ReadAll()
		require.NoError(t, err, text)
		require.Len(t, rows, 2, text)
		for _, cell := range []string{rows[1][1], rows[1][4]} {
			assert.NotContains(t, "=+-@＝\t", firstOf(cell), text)
			assert.NotContains(t, cell, "\n", text)
			assert.NotContains(t, cell, ";=", text)
			assert.NotContains(t, cell, "|=", text)
		}
	}
}

// firstOf is the first character; a space, which is harmless, of nothing.
func firstOf(text string) string {
	for _, r := range text {
		return string(r)
	}
	return " "
}

var errFull = errors.New("no space left")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

// Whoever cannot be written to is found out, no later than at the end.
func TestCSVTellsOfFailures(t *testing.T) {
	sheet, err := activitylog.NewCSV(fullDisk{})
	for err == nil {
		err = errors.Join(sheet.Write(activitylog.Line{}), sheet.Flush())
	}
	require.ErrorIs(t, err, errFull)
}
