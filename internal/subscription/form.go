package subscription

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"handover/internal/kernel"
)

// TermForm is the form of a term.
var TermForm = kernel.NewForm(`^P[1-9][0-9]{0,2}[DMY]$`, "a duration (ISO 8601) such as P1M, P1Y or P3Y")

// MostUnits bounds the units of a subscription that a ledger is given; times the highest price it still fits 64 bits.
const MostUnits = 10_000_000

// mostPrice is the highest price of a unit, in minor units: nine digits and two decimals.
const mostPrice = 999_999_999_99

// PriceExample says what a price must be.
const PriceExample = "an amount such as 12.50"

var priceForm = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})(?:\.([0-9]{1,2}))?$`)

// ParsePrice reads an amount of money in minor units, digit by digit, so that no amount is ever rounded.
func ParsePrice(text string) (int64, bool) {
	parts := priceForm.FindStringSubmatch(text)
	if parts == nil {
		return 0, false
	}
	amount, err := strconv.ParseInt(parts[1]+(parts[2] + "00")[:2], 10, 64)
	return amount, err == nil
}

// TermGiven says what of a term is given at all.
type TermGiven struct{ Duration, End bool }

// Wrong finds a term without its end, an end without its term, and an end before the beginning: the field, and what is wrong with
// it. The field is empty when all is well.
func (g TermGiven) Wrong(s Subscription) (field, says string) {
	switch {
	case g.Duration && !g.End:
		return "termDuration", "termDuration needs commitmentEndDate, the last day of the term."
	case g.End && !g.Duration:
		return "commitmentEndDate", "commitmentEndDate needs termDuration, such as P1Y."
	case !s.CommitmentEndDate.IsZero() && !s.CreationDate.IsZero() && s.CommitmentEndDate.Before(s.CreationDate):
		return "commitmentEndDate", "commitmentEndDate lies before creationDate. Correct one of them."
	}
	return "", ""
}

// Check tells whether a ledger can be given the subscription, as far as that alone tells. Refusals: InvalidInput for a field of
// another form, UnknownEnum.
func (s Subscription) Check() error {
	for _, check := range []func(Subscription) error{checkIDs, checkTexts, checkNames, checkAmounts, checkTimes} {
		if err := check(s); err != nil {
			return err
		}
	}
	return nil
}

func checkIDs(s Subscription) error {
	for _, one := range []struct{ field, id string }{
		{"id", s.ID}, {"customer", s.CustomerTenantID}, {"partner", s.PartnerTenantID}, {"parentId", s.ParentID},
	} {
		if _, err := kernel.ParseID(one.field, one.id); err != nil && (one.field != "parentId" || one.id != "") {
			return err
		}
	}
	return nil
}

func checkTexts(s Subscription) error {
	if err := kernel.AnyLine.Check("offerId", s.OfferID); err != nil {
		return err
	}
	if err := kernel.AnyLine.Check("friendlyName", s.FriendlyName); err != nil {
		return err
	}
	if _, err := ParseFault(s.SandboxFault); err != nil {
		return kernel.Refuse(kernel.InvalidInput, "The %s.", kernel.Line(err.Error()))
	}
	return nil
}

func checkNames(s Subscription) error {
	switch {
	case !slices.Contains(ProductTypes(), s.ProductType):
		return notOneOf("productType", string(s.ProductType), ProductTypes())
	case !slices.Contains(BillingCycles(), s.BillingCycle):
		return notOneOf("billingCycle", string(s.BillingCycle), BillingCycles())
	case !slices.Contains(Statuses(), s.Status):
		return notOneOf("status", string(s.Status), Statuses())
	}
	return nil
}

func notOneOf[T ~string](field, text string, allowed []T) error {
	return kernel.Refuse(kernel.UnknownEnum, "%s must be one of %v, not %q.", field, allowed, kernel.Clip(text))
}

func checkAmounts(s Subscription) error {
	switch {
	case s.Quantity < 1 || s.Quantity > MostUnits:
		return kernel.Refuse(kernel.InvalidInput, "The quantity must be a whole number from 1 to %d, not %d.", MostUnits, s.Quantity)
	case s.UnitPriceMinor < 0 || s.UnitPriceMinor > mostPrice:
		return kernel.Refuse(kernel.InvalidInput, "unitPrice must be an amount such as 12.50, of at most nine digits and two decimals.")
	}
	return nil
}

func checkTimes(s Subscription) error {
	if s.TermDuration != "" {
		if err := TermForm.Check("termDuration", s.TermDuration); err != nil {
			return err
		}
	}
	if s.CreationDate.IsZero() {
		return kernel.Refuse(kernel.InvalidInput, "creationDate must be given: when it was bought.")
	}
	if _, says := (TermGiven{Duration: s.TermDuration != "", End: !s.CommitmentEndDate.IsZero()}).Wrong(s); says != "" {
		return kernel.Refuse(kernel.InvalidInput, "%s.", strings.TrimSuffix(says, "."))
	}
	return nil
}
