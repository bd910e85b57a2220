package programmehttp

import (
	"context"
	"errors"

	"handover/internal/httpapi"
	"handover/internal/identity"
	"handover/internal/programme"
)

// Partners knows who takes part.
type Partners interface {
	// Partner reads a partner. Refusal: PartnerUnknown.
	Partner(ctx context.Context, tenantID string) (programme.Partner, error)
}

type partnerKey struct{}

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
		return context.WithValue(ctx, partnerKey{}, partner), nil
	}
}

// partnerOf is whom the caller acts for.
func partnerOf(ctx context.Context) programme.Partner {
	partner, _ := ctx.Value(partnerKey{}).(programme.Partner)
	return partner
}
