package commerce

import (
	"strings"
	"time"

	"handover/internal/kernel"
)

// Invoice is all that a partner was charged and credited in one currency in a calendar month, in UTC, that is over.
type Invoice struct {
	PartnerTenantID string
	Month           time.Time // its first instant
	Currency        string    // ISO 4217
	Total           Minor     // less than nothing when more was given back than charged
}

// Month is the first instant of the month that the time is in.
func Month(t time.Time) time.Time {
	t = t.UTC()
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
}

// Until is the first instant after the month: the date of the invoice, which is made a little later, when nothing of the month is under
// way any more.
func (i Invoice) Until() time.Time { return i.Month.AddDate(0, 1, 0) }

const (
	invoiceMonth  = "200601"
	ofPartnerSize = 8
)

// CheckCurrency reads the code of a currency, in any case. Refusal: InvalidInput.
func CheckCurrency(field, code string) (string, error) {
	if len(code) != len("EUR") || strings.Trim(strings.ToUpper(code), "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "", kernel.Refuse(kernel.InvalidInput, "%s must be a currency of three letters (ISO 4217) such as EUR.", field)
	}
	return strings.ToUpper(code), nil
}

// ID is what the invoice is called: the same for ever, and no other partner's.
func (i Invoice) ID() string {
	partner := kernel.DeriveID("invoices", i.PartnerTenantID)[:ofPartnerSize]
	return "G" + i.Month.Format(invoiceMonth) + strings.ToUpper(i.Currency+partner)
}

// ReadInvoiceID is the invoice of the partner that is called so, without its total, in any case. Refusal: InvoiceUnknown, for
// one that is another partner's too.
func ReadInvoiceID(partnerTenantID, id string) (Invoice, error) {
	const size = len("G200601EUR") + ofPartnerSize
	text := strings.ToUpper(id)
	if len(text) != size {
		return Invoice{}, NoSuchInvoice(text)
	}
	month, err := time.Parse(invoiceMonth, text[1:7])
	found := Invoice{PartnerTenantID: partnerTenantID, Month: month, Currency: text[7:10]}
	if err != nil || found.ID() != text {
		return Invoice{}, NoSuchInvoice(text)
	}
	return found, nil
}
