package transfer

import (
	"time"

	"handover/internal/kernel"
)

// Asking is what a deployment lets a target ask for. Every request sends e-mail to people who did not ask for it, from the platform's
// own address; so they go to those who are known to be the customer, and there are no more of them than business needs.
type Asking struct {
	// AnyAddress takes any customerEmailId. Otherwise it must be the address that the ledger has of the customer, or one in the
	// customer's domain.
	AnyAddress bool
	// PerCustomer bounds a target's requests to one source about one customer: those that wait, and those of the last day. Zero is
	// no bound.
	PerCustomer int
	// PerDay bounds all requests of a target within a day. Zero is no bound.
	PerDay int
}

// Counts tells whether it matters how often a target asked before.
func (a Asking) Counts() bool { return a.PerCustomer > 0 || a.PerDay > 0 }

// AskedWithin is how long a request counts that does not wait any more.
const AskedWithin = 24 * time.Hour

// Asked is how often the target of a request asked before, counted up to the bounds.
type Asked struct {
	OfCustomer int // of the same source about the same customer: waiting, or of the last day
	OfAll      int // in the last day
}

func (a Asking) checkAddress(r Request, f OpenFacts) *kernel.Refusal {
	if a.AnyAddress || kernel.SameAddress(r.CustomerEmail, f.Customer.Email) || kernel.AddressIn(r.CustomerEmail, f.Customer.Domain) {
		return nil
	}
	return kernel.Refuse(AddressNotCustomers, "customerEmailId must be the address that is known of the customer, or one in the customer's domain.")
}

func (a Asking) checkPerCustomer(_ Request, f OpenFacts) *kernel.Refusal {
	if a.PerCustomer == 0 || f.Asked.OfCustomer < a.PerCustomer {
		return nil
	}
	return kernel.Refuse(TooManyOfCustomer, "%d requests to this source about this customer wait, or were made within a day. Let the source answer them, or ask tomorrow.", f.Asked.OfCustomer)
}

func (a Asking) checkPerDay(_ Request, f OpenFacts) *kernel.Refusal {
	if a.PerDay == 0 || f.Asked.OfAll < a.PerDay {
		return nil
	}
	return kernel.Refuse(TooManyInADay, "The target made %d requests within a day, which is all that it may. Ask tomorrow, or ask the platform's operator for more.", f.Asked.OfAll)
}
