package main

import (
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
	relationships := func(p programme.Pair) []programme.Relationship {
		return []programme.Relationship{{PartnerTenantID: p.PartnerTenantID, CustomerTenantID: p.OtherID}}
	}
	put := &cobra.Command{
		Use: "put", Short: "Record that a customer accepted a partner as reseller (R-50)",
		Example: "  starter admin relationship put --partner PARTNER --customer CUSTOMER",
	}
	end := &cobra.Command{
		Use: "end", Short: "End the relationship of a customer and a partner who bills it for nothing",
		Example: "  starter admin relationship end --partner PARTNER --customer CUSTOMER",
	}
	return group("relationship", "Which customer accepted which partner as reseller",
		c.tying(put, pairFlags(put, "partner", partnerHelp, "customer", customerHelp), func(p programme.Pair) administration.Changes {
			return administration.Changes{World: administration.World{Relationships: relationships(p)}}
		}),
		c.tying(end, pairFlags(end, "partner", partnerHelp, "customer", customerHelp), func(p programme.Pair) administration.Changes {
			return administration.Changes{EndedRelationships: relationships(p)}
		}))
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
