package main

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/kernel/kerneltest"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

// encodings are how tools of one system or another write a text file, by name.
func encodings(text string) map[string][]byte {
	in16 := func(order binary.AppendByteOrder, mark string) []byte {
		var out []byte
		for _, unit := range utf16.Encode([]rune(mark + text)) {
			out = order.AppendUint16(out, unit)
		}
		return out
	}
	return map[string][]byte{
		"UTF-8": []byte(text), "UTF-8 with a mark": []byte("\ufeff" + text), "CRLF": []byte(strings.ReplaceAll(text, "\n", "\r\n")), "CR": []byte(strings.ReplaceAll(text, "\n", "\r")),
		"UTF-16 LE": in16(binary.LittleEndian, "\ufeff"), "UTF-16 BE": in16(binary.BigEndian, "\ufeff"),
		"UTF-16 LE without a mark": in16(binary.LittleEndian, ""), "UTF-16 BE without a mark": in16(binary.BigEndian, ""),
	}
}

// B5: an items file is read as Windows tools, spreadsheets and our own report write it.
func TestItemsFileAsToolsWriteIt(t *testing.T) {
	t.Parallel()
	plain := []transfer.Pick{{SubscriptionID: subOne}, {SubscriptionID: subTwo}}
	typed := []transfer.Pick{{SubscriptionID: subOne, ProductType: subscription.OnlineServicesNCE}, {SubscriptionID: subTwo}}
	other := "11111111-2222-4333-8444-555555555555"
	for name, c := range map[string]struct {
		text string
		want []transfer.Pick
	}{
		"a list":                        {subOne + "\n" + subTwo + "\n", plain},
		"without an end":                {subOne + "\n" + subTwo, plain},
		"in quotes":                     {`"` + subOne + "\"\n'" + subTwo + "'\n", plain},
		"as Excel keeps text":           {`="` + subOne + "\"\n=\"" + subTwo + "\"\n", plain},
		"a heading":                     {"SubscriptionId\n" + subOne + "\n" + subTwo + "\n", plain},
		"a heading in quotes":           {"\"Subscription ID\"\n\"" + strings.ToUpper(subOne) + "\"\n\"" + subTwo + "\"\n", plain},
		"a heading in German":           {"Abonnement-Kennung\n" + subOne + "\n" + subTwo + "\n", plain},
		"a table":                       {"Customer ID,Subscription ID,Name\n" + other + "," + subOne + ",\"Seats, ten\"\n" + other + "," + subTwo + ",x\n", plain},
		"semicolons":                    {"Name;Id;\nA;" + subOne + ";\nB;" + subTwo + ";\n;;\n", plain},
		"tabs":                          {"Name\tId\n\t" + subOne + "\nB\t" + subTwo + "\n", plain},
		"Excel's separator":             {"sep=;\nid;name\n" + subOne + ";a\n" + subTwo + ";b\n", plain},
		"Excel's tab":                   {"sep=\t\nid\tname\n" + subOne + "\ta\n" + subTwo + "\tb\n", plain},
		"no heading":                    {"A;" + subOne + "\nB;" + subTwo + "\n", plain},
		"a German heading over columns": {"Kunde;Abonnement\nA;" + subOne + "\nB;" + subTwo + "\n", plain},
		"types in a column":             {"id,productType\n" + subOne + ",OnlineServicesNCE\n" + subTwo + ",\n", typed},
		"types at the ids":              {subOne + ":OnlineServicesNCE\n" + subTwo + "\n", typed},
		"comments and empty lines":      {"# \"seats\n\n  # more\n" + subOne + "\n   \n\"\"\n" + subTwo + "\n", plain},
		"lines in a cell":               {"id,name\n" + subOne + ",\"a\nb\"\n" + subTwo + ",c\n", plain},
		"blanks around":                 {"  " + subOne + "  \n\u00a0" + subTwo + "\n", plain},
	} {
		for encoding, content := range encodings(c.text) {
			file := filepath.Join(t.TempDir(), "items.csv")
			require.NoError(t, os.WriteFile(file, content, 0o600))
			for _, s := range []stage{{}, {stdin: string(content)}} {
				from := file
				if s.stdin != "" {
					from = "-"
				}
				require.Equal(t, 0, s.run(t, "submit", transferID, "--items-file", from), "%s, %s: %s", name, encoding, s.stderr.String())
				assert.Equal(t, c.want, s.service.approval.LineItems, "%s, %s", name, encoding)
			}
		}
	}
}

// B5: our own report names what to move again.
func TestItemsFileFromAReport(t *testing.T) {
	t.Parallel()
	var report bytes.Buffer
	require.NoError(t, transfer.WriteReportCSV(&report, []transfer.ReportRow{
		{SourceSubscriptionID: subOne, TargetSubscriptionID: subTwo, ProductType: subscription.OnlineServicesNCE, FriendlyName: "=1;=2"},
	}, kernel.RoleOperator))
	s := stage{stdin: report.String()}
	require.Equal(t, 0, s.run(t, "submit", transferID, "--items-file", "-"), s.stderr.String())
	assert.Equal(t, []transfer.Pick{{SubscriptionID: subOne, ProductType: subscription.OnlineServicesNCE}}, s.service.approval.LineItems)
}

// What cannot be read is named by its line, and nothing is sent.
func TestItemsFileThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, says string }{
		"two columns of ids":    {subOne + ";" + subTwo + "\n", "line 1: more than one column has ids"},
		"a column that ends":    {"name;id\nA;" + subOne + "\nB\n", "line 3: the column of the subscription ids is missing"},
		"a bad id in the first": {"8c2e4d10-77aa\n" + subOne + "\n", "line 1: the subscription id must be a GUID"},
		"a bad id in a table":   {"id;name\n" + subOne + ";A\nx1;B\n", "line 3: the subscription id must be a GUID"},
		"half a character":      {"\xff\xfe1", "in the middle of a character"},
		"a heading alone":       {"Subscription ID\n", "name line items"},
	} {
		s := stage{stdin: c.text}
		assert.Equal(t, 2, s.run(t, "submit", transferID, "--items-file", "-"), name)
		assert.Contains(t, s.stderr.String(), c.says, name)
		assert.False(t, s.service.connected, name)
	}
	for name, text := range kerneltest.Hostile() {
		s := stage{stdin: text + "1\n" + text + "\n"}
		assert.Equal(t, 2, s.run(t, "submit", transferID, "--items-file", "-"), name)
		shown(t, s.stderr.String())
	}
}
