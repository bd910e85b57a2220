package administrationhttp

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"

	"handover/internal/administration"
	administrationstore "handover/internal/administration/store"
	"handover/internal/command"
	"handover/internal/httpapi"
	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/subscription"
)

// largestWorld bounds the text of a world, in bytes.
const largestWorld = 8 << 20

// Ending says who parts.
type Ending struct {
	Relationships []EndedRelationship `json:"relationships,omitempty" doc:"Customers and partners who bill them for nothing any more."`
	Partnerships  []EndedPartnership  `json:"partnerships,omitempty" doc:"Resellers and providers who credit them for nothing any more."`
}

// EndedRelationship is a customer that is a partner's no longer.
type EndedRelationship struct {
	Partner  string `json:"partner" format:"uuid" doc:"Microsoft ID of the partner."`
	Customer string `json:"customer" format:"uuid" doc:"Microsoft ID of the customer."`

	Kind programme.RelationshipKind `json:"kind,omitempty" enum:"direct,provider,reseller" doc:"What the partner was to the customer; everything when left out."`
}

// EndedPartnership is a reseller that works under a provider no longer.
type EndedPartnership struct {
	Provider string `json:"provider" format:"uuid" doc:"Microsoft ID of the indirect provider."`
	Reseller string `json:"reseller" format:"uuid" doc:"Microsoft ID of the indirect reseller."`
}

// causes are what changes are refused with.
var causes = []kernel.Cause{
	kernel.InvalidInput, kernel.UnknownEnum, administration.Contradicts, administration.TooMany, programme.InUse,
	subscription.MovesByTransfer, subscription.InOtherTransfer, subscription.Ended, subscription.NotActivated, subscription.StatusNotPossible,
	subscription.AddonsActive, subscription.CancellationClosed, subscription.CancellationHoursOver, subscription.QuantitySuspended,
	subscription.QuantityOutOfRange, subscription.RenewalNotPossible, subscription.RecordNotAllowed, subscription.RecordUnknown,
	subscription.RecordNotReseller, subscription.RecordNotPartner, subscription.RecordMPAMissing, subscription.CycleNotOffered,
}

func (s *Service) registerWorlds(a *httpapi.API) {
	httpapi.RegisterWrite[applyWorld, applied](a, httpapi.Route{
		ID: "applyWorld", Method: http.MethodPost, Path: "/v1/admin/worlds", Tag: tag, Extension: true, Roles: operators, Right: httpapi.Everybody(), Rehearses: true, MaxBody: largestWorld,
		Summary: "Add and change partners, customers and what is billed",
		Description: "The body is a world as docs/world.schema.json has it, of one record or of many, without what is not to change. All of it is done or nothing. " +
			"It may refer to what only the ledger has. Of a partner that it names, `users` and `adminAgents` are all that it has from then on. " +
			"With `?dryRun=true` nothing is written; the answer tells what would be.",
		Resource: reflect.TypeFor[struct{}](), // no client reads a world
		Causes:   causes,
	}, s.applyWorld)
	httpapi.RegisterWrite[endTies, applied](a, httpapi.Route{
		ID: "endTies", Method: http.MethodPost, Path: "/v1/admin/endings", Tag: tag, Extension: true, Roles: operators, Right: httpapi.Everybody(), Rehearses: true,
		Summary:     "End relationships and partnerships",
		Description: "What has ended already stays so. With `?dryRun=true` nothing is written; the answer tells what would be.",
		Resource:    reflect.TypeFor[Ending](),
		Causes:      []kernel.Cause{kernel.InvalidInput, administration.Contradicts, programme.InUse},
	}, s.endTies)
}

type applyWorld struct {
	DryRun bool `query:"dryRun" doc:"Write nothing, and tell what would be written."`
	Body   json.RawMessage
}

type endTies struct {
	DryRun bool `query:"dryRun" doc:"Write nothing, and tell what would be written."`
	Body   Ending
}

// applied describes the answer.
type applied struct{ Body administration.Applied }

func (s *Service) applyWorld(ctx context.Context, in *applyWorld) (command.Answer, error) {
	// YAML has no tabs between values, which JSON may be indented by.
	w, err := s.read("world", bytes.ReplaceAll(in.Body, []byte("\t"), []byte(" ")))
	if err != nil {
		problems := strings.Split(err.Error(), "\n")
		refusal := kernel.Refuse(kernel.InvalidInput, "The world cannot be used: %d things are wrong with it. The first one: %s.", len(problems), strings.TrimSuffix(problems[0], "."))
		return command.Answer{}, refusal.About(problems...)
	}
	return s.administer(ctx, in.DryRun, administration.InFileOrLedger, administration.Changes{World: w})
}

func (s *Service) endTies(ctx context.Context, in *endTies) (command.Answer, error) {
	var c administration.Changes
	for _, r := range in.Body.Relationships {
		c.EndedRelationships = append(c.EndedRelationships, programme.Relationship{PartnerTenantID: r.Partner, CustomerTenantID: r.Customer, Kind: r.Kind})
	}
	for _, p := range in.Body.Partnerships {
		c.EndedPartnerships = append(c.EndedPartnerships, programme.Partnership{ProviderTenantID: p.Provider, ResellerTenantID: p.Reseller})
	}
	return s.administer(ctx, in.DryRun, administration.InLedger, c)
}

func (s *Service) administer(ctx context.Context, rehearse bool, in administration.Place, c administration.Changes) (command.Answer, error) {
	answer := httpapi.AnswerTo(ctx, func(done administration.Applied) (command.Answer, error) { return httpapi.JSON(http.StatusOK, done) })
	how := administrationstore.How{By: httpapi.RequestOf(ctx).By(), Place: in, Rehearse: rehearse}
	done, err := s.records.Administer(ctx, answer.Terms, how, administrationstore.Of(c))
	return answer.Of(done, err)
}
