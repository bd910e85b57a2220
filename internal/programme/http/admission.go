package programmehttp

import (
	"context"
	"errors"

	"handover/internal/httpapi"
	"handover/internal/identity"
	"handover/internal/programme"
)

// Partners knows who takes part, and in what with whom.
type Partners interface {
	// Partner reads a partner. Refusal: PartnerUnknown.
	Partner(ctx context.Context, tenantID string) (programme.Partner, error)
	Dealings(ctx context.Context, partnerTenantID, customerTenantID string) (programme.Dealings, error)
	Partnerships(ctx context.Context, partnerTenantID string, as programme.Program) ([]programme.Partner, error)
	CustomerPartnerships(ctx context.Context, partnerTenantID, customerTenantID string) ([]programme.Colleague, error)
}

type admittedKey struct{}

// admitted is a partner who calls, and where more is known of it.
type admitted struct {
	partner  programme.Partner
	partners Partners
}

// Admit lets in whose tenant is a partner here, and remembers which one in the context that it returns. Errors: NotAPartner, of a sandbox
// too that went with its owner's direct-bill; those of reading.
func Admit(partners Partners) func(context.Context, identity.Caller) (context.Context, error) {
	return func(ctx context.Context, caller identity.Caller) (context.Context, error) {
		partner, err := partners.Partner(ctx, caller.TenantID)
		if errors.Is(err, programme.PartnerUnknown) {
			return nil, httpapi.Refuse(httpapi.NotAPartner, "Your tenant is not a partner here.")
		}
		if err != nil {
			return nil, err
		}
		if partner.SandboxGone {
			return nil, httpapi.Refuse(httpapi.NotAPartner, "Your tenant is a sandbox, and the partner that it belongs to is in direct-bill no more.")
		}
		return context.WithValue(ctx, admittedKey{}, admitted{partner, partners}), nil
	}
}

// partnerOf is whom the caller acts for.
func partnerOf(ctx context.Context) programme.Partner {
	return admittedIn(ctx).partner
}

func admittedIn(ctx context.Context) admitted {
	a, _ := ctx.Value(admittedKey{}).(admitted)
	return a
}
