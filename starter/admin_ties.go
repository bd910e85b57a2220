package main

import (
	"context"

	"github.com/spf13/cobra"

	"handover/internal/administration"
	administrationstore "handover/internal/administration/store"
	"handover/internal/kernel"
	"handover/internal/programme"
)

// pairFlags adds two flags that name the two sides of what ties them; both are needed. The function gives the pair.
func pairFlags(cmd *cobra.Command, one, oneHelp, other, otherHelp string) func() programme.Pair {
	first := cmd.Flags().String(one, "", oneHelp)
	second := cmd.Flags().String(other, "", otherHelp)
	mandatory(cmd, one, other)
	return func() programme.Pair { return programme.Pair{PartnerTenantID: *first, OtherID: *second} }
}

// tying is a command that ties a pair, or parts it.
func (c *cli) tying(cmd *cobra.Command, pair func() programme.Pair, changes func(programme.Pair) administration.Changes) *cobra.Command {
	cmd.Args = cobra.NoArgs
	return c.administering(cmd, func([]string) administrationstore.Proposal {
		return administrationstore.Of(changes(pair()))
	})
}

const (
	partnerHelp  = "Microsoft ID of the partner"
	customerHelp = "Microsoft ID of the customer"
)

func (c *cli) adminRelationshipCommand() *cobra.Command {
	put := &cobra.Command{
		Use: "put", Short: "Record what a partner is to a customer who accepted it (R-50)", Args: cobra.NoArgs,
		Example: "  starter admin relationship put --partner PARTNER --customer CUSTOMER\n" +
			"  starter admin relationship put --partner RESELLER --customer CUSTOMER --kind reseller --counterpart PROVIDER",
	}
	pair := pairFlags(put, "partner", partnerHelp, "customer", customerHelp)
	e := editing[programme.Relationship](put)
	e.read("kind", "direct, provider or reseller; that of the partner's programmes when left out", setKind)
	e.text("counterpart", "a provider's reseller, or a reseller's provider", func(r *programme.Relationship) *string { return &r.Counterpart })
	e.flag("admin-rights", "the customer lets the partner administer its tenant; a right that is not named is none", func(r *programme.Relationship) *bool { return &r.AdminRights })
	e.flag("local-reseller", "the reseller is the customer's local reseller of record (R-419)", func(r *programme.Relationship) *bool { return &r.LocalReseller })
	complete(put, "kind", programme.RelationshipKinds()...)
	c.administering(put, func([]string) administrationstore.Proposal {
		r := related(pair())
		err := e.apply(&r)
		return proposing(administration.World{Relationships: []programme.Relationship{r}}, err)
	})

	end := &cobra.Command{
		Use: "end", Short: "End the relationship of a customer and a partner who bills it for nothing", Args: cobra.NoArgs,
		Example: "  starter admin relationship end --partner PARTNER --customer CUSTOMER",
	}
	parting := pairFlags(end, "partner", partnerHelp, "customer", customerHelp)
	only := editing[programme.Relationship](end)
	only.read("kind", "direct, provider or reseller; every kind when left out", setKind)
	complete(end, "kind", programme.RelationshipKinds()...)
	c.administering(end, func([]string) administrationstore.Proposal {
		r := related(parting())
		err := only.apply(&r)
		return func(context.Context, administrationstore.Known) (administration.Changes, error) {
			return administration.Changes{EndedRelationships: []programme.Relationship{r}}, err
		}
	})
	return group("relationship", "What partners are to customers who accepted them", put, end)
}

func related(p programme.Pair) programme.Relationship {
	return programme.Relationship{PartnerTenantID: p.PartnerTenantID, CustomerTenantID: p.OtherID}
}

func setKind(r *programme.Relationship, text string) (err error) {
	r.Kind, err = enumerated(text, programme.RelationshipKinds())
	return err
}

func (c *cli) adminPartnershipCommand() *cobra.Command {
	partnerships := func(p programme.Pair) []programme.Partnership {
		return []programme.Partnership{{ProviderTenantID: p.PartnerTenantID, ResellerTenantID: p.OtherID}}
	}
	const providerHelp, resellerHelp = "Microsoft ID of the indirect provider", "Microsoft ID of the indirect reseller"
	put := &cobra.Command{
		Use: "put", Short: "Record that an indirect reseller works under an indirect provider (R-258)",
		Example: "  starter admin partnership put --provider PROVIDER --reseller RESELLER",
	}
	end := &cobra.Command{
		Use: "end", Short: "End a partnership by which nothing is credited any more",
		Example: "  starter admin partnership end --provider PROVIDER --reseller RESELLER",
	}
	return group("partnership", "Which indirect reseller works under which indirect provider",
		c.tying(put, pairFlags(put, "provider", providerHelp, "reseller", resellerHelp), func(p programme.Pair) administration.Changes {
			return administration.Changes{World: administration.World{Partnerships: partnerships(p)}}
		}),
		c.tying(end, pairFlags(end, "provider", providerHelp, "reseller", resellerHelp), func(p programme.Pair) administration.Changes {
			return administration.Changes{EndedPartnerships: partnerships(p)}
		}))
}

func (c *cli) adminAgreementCommand() *cobra.Command {
	put := &cobra.Command{
		Use:   "put",
		Short: "Record that a customer accepted the Microsoft Customer Agreement with a partner (R-51, R-56)",
		Example: "  starter admin agreement put --partner PARTNER --customer CUSTOMER --date-agreed 2026-03-01\n" +
			"  starter admin agreement put --partner PARTNER --customer CUSTOMER --mode direct",
	}
	pair := pairFlags(put, "partner", partnerHelp, "customer", customerHelp)
	mode := put.Flags().String("mode", string(programme.Attestation), "attestation: the partner recorded it; direct: the customer accepted it itself")
	complete(put, "mode", programme.Attestation, programme.DirectSign)
	e := editing[programme.Agreement](put)
	e.read("date-agreed", "when: "+kernel.MomentExample, func(a *programme.Agreement, text string) (err error) {
		a.DateAgreed, err = momentOf(text)
		return err
	})
	c.administering(put, func([]string) administrationstore.Proposal {
		p := pair()
		a := programme.Agreement{PartnerTenantID: p.PartnerTenantID, CustomerTenantID: p.OtherID, Mode: programme.AgreementMode(*mode)}
		err := e.apply(&a)
		return proposing(administration.World{Agreements: []programme.Agreement{a}}, err)
	})
	put.Args = cobra.NoArgs
	return group("agreement", "Which customer accepted the customer agreement with which partner", put)
}
