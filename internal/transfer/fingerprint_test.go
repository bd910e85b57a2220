package transfer_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/transfer"
)

// the fingerprints of commands are kept in the ledger for 30 days and in the histories of runs for as long as these.
// These commands say everything that a command can say, and as little as one may: a field that is renamed, moved, or written
// when nobody said it would make another command of one that was sent before.
func TestFingerprintsOfCommandsStay(t *testing.T) {
	const actor = `{"partnerTenantId":"aaaaaaaa-0000-4000-8000-000000000001","userId":"EEEEEEEE-0000-4000-8000-000000000101"}`
	for said, want := range map[string]string{
		`{"transferId":"T","verb":"create","request":{"requestId":"r","actor":` + actor + `,"customerTenantId":"c","customerEmailId":"it@contoso.example",` +
			`"customerName":"Contoso","sourcePartnerTenantId":"s","sourcePartnerName":"Northwind","targetPartnerTenantId":"t","targetPartnerEmailId":"x",` +
			`"targetProductTypes":["OnlineServicesNCE"],"partnerOnRecord":"4711001","transferType":3,"ignoreEligibilityCheck":true,` +
			`"externalReference":"4711","tags":["a","b"]}}`: "bc231dcccf9f416687d1e141f8fd2511",
		`{"transferId":"T","verb":"create","request":{"requestId":"r","actor":{},"customerTenantId":"","customerEmailId":"","sourcePartnerTenantId":"",` +
			`"sourcePartnerName":"","transferType":0}}`: "2cfc86146d33b94c1904c46c79396767",
		`{"transferId":"T","verb":"submit","approval":{"requestId":"r","actor":` + actor + `,"lineItems":[{"subscriptionId":"S","productType":"OnlineServicesNCE"},` +
			`{"subscriptionId":"s"}],"allEligible":true,"productTypes":["AzureReservation"]}}`: "fc52c917ec3a4e4d320ee90a47036f30",
		`{"transferId":"T","verb":"submit","approval":{"requestId":"r","actor":{}}}`:                           "0b33a5210526921358d99912d6dfbd94",
		`{"transferId":"T","verb":"decline","decision":{"requestId":"r","actor":` + actor + `,"reason":"No"}}`: "6f6e17fcd043ccec680ae1376f5fbe43",
		`{"transferId":"T","verb":"cancel","decision":{"requestId":"r","actor":{}}}`:                           "a03462169d24b7c2c8e8298c54ef51a7",
	} {
		var c transfer.Message
		require.NoError(t, json.Unmarshal([]byte(said), &c))
		written, err := json.Marshal(c)
		require.NoError(t, err)
		require.Equal(t, said, string(written))
		require.Equal(t, want, c.Fingerprint(), said)
	}
}
