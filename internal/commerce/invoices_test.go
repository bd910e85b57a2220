package commerce

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/kernel/kerneltest"
)

func TestInvoicesHaveOneNameForEver(t *testing.T) {
	t.Parallel()
	of := Invoice{PartnerTenantID: sourceID, Month: date("2024-06-01"), Currency: "EUR"}
	read, err := ReadInvoiceID(sourceID, of.ID())
	require.NoError(t, err)
	assert.Equal(t, of, read)
	assert.Equal(t, date("2024-07-01"), of.Until())
	assert.Equal(t, of.Month, Month(at("2024-06-30T23:59:59.999Z")))
	assert.Regexp(t, `^G202406EUR[0-9A-F]{8}$`, of.ID())
	for _, other := range []string{"", "G", "G202406EUR", of.ID() + "0", "G202413" + of.ID()[7:], "G202407" + of.ID()[7:14] + "00000", "H" + of.ID()[1:]} {
		_, err := ReadInvoiceID(sourceID, other)
		kerneltest.Refused(t, err, InvoiceUnknown)
	}
	_, err = ReadInvoiceID(targetID, of.ID())
	kerneltest.Refused(t, err, InvoiceUnknown)
}

func TestCurrencies(t *testing.T) {
	t.Parallel()
	code, err := CheckCurrency("currencyCode", "usd")
	require.NoError(t, err)
	assert.Equal(t, "USD", code)
	for _, bad := range []string{"", "us", "dollar", "U5D", "€€€", "\x00SD"} {
		_, err := CheckCurrency("currencyCode", bad)
		kerneltest.Refused(t, err, kernel.InvalidInput)
	}
}
