package main

// The file of a submit: a list of ids, or a table as a spreadsheet or another system writes it, in which one column has the ids.

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"handover/internal/subscription"
	"handover/internal/transfer"
)

// The columns that are read, by their headings without case, blanks and punctuation. The first name that a heading has counts.
var (
	idHeadings   = []string{"subscriptionid", "sourcesubscriptionid", "subscription", "id"}
	typeHeadings = []string{"producttype"}
)

// readPicks reads the picks of a list or a table. Empty lines, and those that begin with #, are left out.
func readPicks(text []byte) ([]transfer.Pick, error) {
	text = bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
	separator, err := separatorOf(text)
	if err != nil {
		return nil, err
	}
	rows := csv.NewReader(bytes.NewReader(text))
	rows.Comma, rows.Comment, rows.LazyQuotes, rows.FieldsPerRecord, rows.ReuseRecord = separator, '#', true, -1, true
	var table itemsTable
	for {
		row, err := rows.Read()
		switch {
		case errors.Is(err, io.EOF):
			return table.picks, nil
		case err != nil:
			return nil, err
		}
		line, _ := rows.FieldPos(0)
		if err := table.add(bare(row)); err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
	}
}

// itemsTable is what was read so far. Its first row says where the ids are.
type itemsTable struct {
	begun      bool
	ids, types int // columns; -1 for one that is not known
	picks      []transfer.Pick
}

func (t *itemsTable) add(row []string) error {
	if first := row[0]; strings.Join(row, "") == "" || strings.HasPrefix(first, "#") || !t.begun && strings.EqualFold(first, "sep") {
		return nil
	}
	if !t.begun {
		t.begun = true
		heading, err := t.find(row)
		if heading || err != nil {
			return err
		}
	}
	if t.ids < 0 { // under a heading in another language
		if err := t.findID(row); err != nil {
			return err
		}
	}
	return t.pick(row)
}

// find finds the columns, and tells whether the row is a heading.
func (t *itemsTable) find(row []string) (heading bool, err error) {
	t.ids, t.types = headed(row, idHeadings), headed(row, typeHeadings)
	switch {
	case t.ids >= 0:
		return true, nil
	case len(row) > 1 && !strings.ContainsFunc(strings.Join(row, ""), unicode.IsDigit): // no id is without; in a list it is a mistake
		return true, nil
	}
	return false, t.findID(row)
}

// findID finds the one column that has an id.
func (t *itemsTable) findID(row []string) error {
	var found []int
	for i, cell := range row {
		if _, err := parsePick(cell); err == nil {
			found = append(found, i)
		}
	}
	switch len(found) {
	case 0:
		_, err := parsePick(row[0])
		return err
	case 1:
		t.ids = found[0]
		return nil
	}
	return errors.New("more than one column has ids; call one of them subscriptionId in the first line")
}

func (t *itemsTable) pick(row []string) error {
	if t.ids >= len(row) {
		return errors.New("the column of the subscription ids is missing")
	}
	pick, err := parsePick(row[t.ids])
	if err != nil {
		return err
	}
	if pick.ProductType == "" && t.types >= 0 && t.types < len(row) {
		pick.ProductType = subscription.ProductType(row[t.types])
	}
	t.picks = append(t.picks, pick)
	return nil
}

// headed is the column with the first of the names that any column has, -1 for none.
func headed(row []string, names []string) int {
	for _, name := range names {
		for i, cell := range row {
			if strings.ToLower(strings.Map(onlyWords, cell)) == name {
				return i
			}
		}
	}
	return -1
}

func onlyWords(r rune) rune {
	if unicode.IsLetter(r) || unicode.IsDigit(r) {
		return r
	}
	return -1
}

// bare are the cells without what keeps spreadsheets from changing them: quotes, an apostrophe, ="…".
func bare(row []string) []string {
	for i, cell := range row {
		row[i] = strings.TrimSpace(strings.Trim(strings.TrimSpace(cell), `="'`))
	}
	return row
}

// separatorOf is what parts the cells: what stands most often in the first line that is neither empty nor a comment. Error: a line
// that is longer than any of such a file.
func separatorOf(text []byte) (rune, error) {
	lines := bufio.NewScanner(bytes.NewReader(text))
	first := ""
	for lines.Scan() {
		if line := strings.TrimSpace(lines.Text()); first == "" && line != "" && !strings.HasPrefix(line, "#") {
			first = lines.Text()
		}
	}
	separator, most := ',', 0
	for _, candidate := range ",;\t" {
		if n := strings.Count(first, string(candidate)); n > most {
			separator, most = candidate, n
		}
	}
	if lines.Err() != nil {
		return separator, fmt.Errorf("a line is longer than %d characters, so it is no list or table", bufio.MaxScanTokenSize)
	}
	return separator, nil
}
