package programmehttp

import (
	"context"
	"errors"

	"handover/internal/httpapi"
	"handover/internal/kernel"
	"handover/internal/programme"
)

var commerce = &httpapi.Right{
	Says:   "For partners that bill: an indirect reseller asks its provider, as does who is no more than the customer's reseller (R-416).",
	Causes: []kernel.Cause{programme.PartnerNotEnabled},
	Check:  mayTrade,
}

// Commerce is the right to whatever has to do with what is billed. An operation with a customerId in its path is about that
// customer.
func Commerce() *httpapi.Right { return commerce }

func mayTrade(ctx context.Context, path func(name string) string) error {
	a := admittedIn(ctx)
	customer := path("customerId")
	var with programme.Dealings
	if customer != "" && len(a.partner.Programs) > 1 { // of a partner with one programme, that decides
		var err error
		if with, err = a.partners.Dealings(ctx, a.partner.TenantID, customer); err != nil {
			return err
		}
	}
	if a.partner.Trades(with) {
		return nil
	}
	providers, err := a.providers(ctx, customer)
	if err != nil {
		return err
	}
	return a.partner.AskProvider(providers)
}

// providers are the names of the partner's providers: those whom the customer accepted too or, where there are none, all.
func (a admitted) providers(ctx context.Context, customer string) ([]string, error) {
	var names []string
	if customer != "" {
		shared, err := a.partners.CustomerPartnerships(ctx, a.partner.TenantID, customer)
		if err != nil && !errors.Is(err, programme.CustomerUnknown) {
			return nil, err
		}
		for _, c := range shared {
			if c.Asking == programme.IndirectReseller {
				names = append(names, c.Name)
			}
		}
	}
	if len(names) > 0 {
		return names, nil
	}
	all, err := a.partners.Partnerships(ctx, a.partner.TenantID, programme.IndirectReseller)
	for _, p := range all {
		names = append(names, p.Name)
	}
	return names, err
}
