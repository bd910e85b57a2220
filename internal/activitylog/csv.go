package activitylog

import (
	"cmp"
	"encoding/csv"
	"io"
	"time"

	"handover/internal/kernel"
)

// Line is a record as people read it, in a table.
type Line struct {
	At           time.Time
	CustomerName string // empty for none
	CustomerID   string // empty for none
	Operation    AuditOperation
	User         string // empty for an application and for the platform
	Resource     ResourceType
	ResourceID   string
	Status       string
	ID           string
}

// csvColumns are named as in JSON, in the order of the columns that Partner Center shows.
var csvColumns = []string{
	"operationDate", "customerName", "customerId", "operationType", "userPrincipalName", "resourceType", "resourceId", "operationStatus", "id",
}

// CSV writes records as CSV: UTF-8 with CRLF (RFC 4180), a row of column names first. No spreadsheet takes a cell of it for a formula,
// whichever separator it reads (kernel.Cell).
type CSV struct{ out *csv.Writer }

// NewCSV begins with the names of the columns. Errors are those of w, and come no later than with Flush.
func NewCSV(w io.Writer) (*CSV, error) {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	return &CSV{out}, out.Write(csvColumns)
}

// Write adds a record.
func (c *CSV) Write(l Line) error {
	cells := []string{
		l.At.UTC().Format(time.RFC3339Nano), l.CustomerName, cmp.Or(l.CustomerID, NoCustomer), string(l.Operation), l.User, string(l.Resource), l.ResourceID,
		l.Status, l.ID,
	}
	for i, cell := range cells {
		cells[i] = kernel.Cell(cell)
	}
	return c.out.Write(cells)
}

// Flush hands on what is still held back.
func (c *CSV) Flush() error {
	c.out.Flush()
	return c.out.Error()
}
