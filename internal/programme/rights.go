package programme

import (
	"strings"

	"handover/internal/kernel"
)

// Dealings are what a partner has to do with one customer; with none, or where no customer is meant, they are empty.
type Dealings struct {
	Accepted bool // the customer accepted it as the one who bills it
	Resells  bool // the customer accepted it as its reseller
	Bills    bool // it bills the customer something, or did: what was billed, and the transfer that took it away, stay readable
}

// Trades tells whether the partner may do what has to do with billing: read, change and transfer what is billed, and attest for
// it. Its programmes decide, and of a partner with several, what it is to the customer: what a reseller's customer buys is its
// provider's business, whoever else the reseller bills. A partner that may no longer transact still bills, so it goes on
// reading and submitting.
func (p Partner) Trades(with Dealings) bool {
	return p.Bills() && (!with.Resells || with.Accepted || with.Bills)
}

// mostNamed bounds how many providers a sentence names.
const mostNamed = 3

// AskProvider is the answer to a partner that does not trade, naming whom to ask: its providers. Cause: PartnerNotEnabled.
func (p Partner) AskProvider(providers []string) *kernel.Refusal {
	who := "the indirect provider that you work with"
	if len(providers) > 0 {
		who = "your indirect provider " + strings.Join(providers[:min(len(providers), mostNamed)], " or ")
	}
	switch {
	case p.Bills():
		return kernel.Refuse(PartnerNotEnabled, "You are this customer's indirect reseller and do not bill it. Ask %s to do this.", who)
	case p.In(IndirectReseller):
		return kernel.Refuse(PartnerNotEnabled, "An indirect reseller does not bill customers itself. Ask %s to do this.", who)
	default:
		return kernel.Refuse(PartnerNotEnabled, "You take part in no programme in which you bill customers; see /v1/programs.")
	}
}
