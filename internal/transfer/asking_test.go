package transfer_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/transfer"
)

// E4: what a deployment lets a target ask for.
func TestRulesOfAsking(t *testing.T) {
	opens := func(p transfer.Policy, address string, f transfer.OpenFacts) error {
		r := request()
		r.CustomerEmail = address
		return p.CheckOpen(normal(r), f)
	}
	const known = "office@contoso.example"
	rule(t, "R-200 the customer is told at its own address, or in its domain", func(t *testing.T) {
		f := facts()
		f.Customer.Domain, f.Customer.Email = "bücher.example", "info@agency.example"
		for address, fine := range map[string]bool{
			"info@agency.example": true, "INFO@Agency.example": true, "it@xn--bcher-kva.example": true, "it@bücher.example": true, "it@shop.bücher.example": true,
			"other@agency.example": false, "it@evil.example": false, "it@notbücher.example": false, "it@bücher.example.evil.example": false,
		} {
			err := opens(policy, address, f)
			if fine {
				require.NoError(t, err, address)
			} else {
				assert.NotContains(t, refused(t, err, transfer.AddressNotCustomers).Message, "agency", "the address that is known is not told")
			}
		}
		f.Customer.Domain, f.Customer.Email = "", ""
		refused(t, opens(policy, known, f), transfer.AddressNotCustomers)
	})
	rule(t, "R-200 a deployment may take any address", func(t *testing.T) {
		any := policy
		any.Asking.AnyAddress = true
		require.NoError(t, opens(any, "cio@elsewhere.example", facts()))
	})
	rule(t, "R-200 a stranger to the customer does not hear of its address", func(t *testing.T) {
		f := facts()
		f.Relationship = false
		refusals := policy.OpenRefusals(normal(withAddress("it@evil.example")), f)
		for _, r := range refusals {
			assert.NotEqual(t, transfer.AddressNotCustomers, r.Cause)
		}
	})
	rule(t, "R-77 a few requests to one source about one customer may coexist", func(t *testing.T) {
		f := facts()
		f.Asked.OfCustomer = policy.Asking.PerCustomer - 1
		require.NoError(t, opens(policy, known, f))
		f.Asked.OfCustomer++
		r := refused(t, opens(policy, known, f), transfer.TooManyOfCustomer)
		assert.Equal(t, 409, r.HTTPStatus())
		unbounded := policy
		unbounded.Asking = transfer.Asking{}
		require.NoError(t, opens(unbounded, known, f))
	})
	rule(t, "R-200 a target makes so many requests in a day", func(t *testing.T) {
		f := facts()
		f.Asked.OfAll = policy.Asking.PerDay - 1
		require.NoError(t, opens(policy, known, f))
		f.Asked.OfAll++
		r := refused(t, opens(policy, known, f), transfer.TooManyInADay)
		assert.Equal(t, 429, r.HTTPStatus())
	})
}

func withAddress(address string) transfer.Request {
	r := request()
	r.CustomerEmail = address
	return r
}

// B4: an address that cannot be mailed is refused before it is asked whose it is.
func TestAddressesThatCannotBeMailed(t *testing.T) {
	for _, address := range []string{"jürgen@contoso.example", `"it"@contoso.example`, "it@[192.0.2.1]", "it@192.0.2.1"} {
		_, err := policy.Normalize(withAddress(address))
		assert.Contains(t, refused(t, err, kernel.InvalidInput).Message, "customerEmailId must be one plain e-mail address")
	}
	o, err := policy.Normalize(withAddress("it@bücher.example"))
	require.NoError(t, err)
	assert.Equal(t, "it@bücher.example", o.Request().CustomerEmail, "it is kept as it came")
}

// What a target may ask for decides about new requests: it is not among the rules that a transfer keeps (ADR 0013).
func TestAskingIsNotKept(t *testing.T) {
	kept, err := json.Marshal(policy)
	require.NoError(t, err)
	other := policy
	other.Asking = transfer.Asking{AnyAddress: true, PerCustomer: 1}
	same, err := json.Marshal(other)
	require.NoError(t, err)
	assert.Equal(t, string(kept), string(same))
}
