package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"handover/internal/administration"
	administrationstore "handover/internal/administration/store"
	"handover/internal/kernel"
	"handover/internal/programme"
)

func (c *cli) adminPartnerCommand() *cobra.Command {
	put := &cobra.Command{
		Use:   "put PARTNER",
		Short: "Add a partner, or change the fields that are given",
		Example: "  starter admin partner put aaaaaaaa-0000-4000-8000-000000000001 --name \"Northwind Cloud\" --program direct-bill=active \\\n" +
			"    --mpa-signed --mpn-id 4000001 --market US --currency USD --locale en-US \\\n" +
			"    --agent eeeeeeee-0000-4000-8000-000000000101=ana@northwind.example\n" +
			"  starter admin partner put aaaaaaaa-0000-4000-8000-000000000001 --program direct-bill=restricted",
		Args: cobra.ExactArgs(1),
	}
	e := editing[programme.Partner](put)
	e.text("name", "name", func(p *programme.Partner) *string { return &p.Name })
	e.list("program", "PROGRAMME=STATUS, such as direct-bill=active; may be repeated. Programmes that are not named stay as they are", setPrograms)
	signed := put.Flags().Bool("mpa-signed", false, "the partner accepted the agreement of every programme that --program names")
	e.text("mpn-id", "PartnerID, a number of at most ten digits", func(p *programme.Partner) *string { return &p.MPNID })
	e.text("market", "country (ISO 3166), such as US", func(p *programme.Partner) *string { return &p.Market })
	e.text("currency", "currency (ISO 4217), such as USD", func(p *programme.Partner) *string { return &p.Currency })
	e.text("locale", "language of the partner's mail, such as en-US", func(p *programme.Partner) *string { return &p.Locale })
	e.list("agent", "USER=ADDRESS of an admin agent; may be repeated. A new partner needs one", addAgents)
	e.read("sandbox-of", "makes a new partner the sandbox of that one, by Microsoft ID (R-271)", func(p *programme.Partner, owner string) error {
		p.SandboxOf, p.Environment = owner, programme.Sandbox
		return nil
	})
	c.administering(put, func(args []string) administrationstore.Proposal {
		return func(ctx context.Context, known administrationstore.Known) (administration.Changes, error) {
			p, there, err := known.Partner(ctx, args[0])
			if err != nil {
				return administration.Changes{}, err
			}
			if !there {
				p.TenantID = args[0]
			}
			err = e.apply(&p)
			if put.Flags().Changed("mpa-signed") {
				sign(&p, *signed)
			}
			return administration.Changes{World: administration.World{Partners: []programme.Partner{p}}}, err
		}
	})
	get := c.looking(&cobra.Command{Use: "get PARTNER", Short: "Show a partner with its programmes and users", Args: cobra.ExactArgs(1)},
		func(ctx context.Context, book records, args []string) error {
			p, err := book.Partner(ctx, args[0])
			if err != nil {
				return err
			}
			return c.printPartner(p)
		})
	return group("partner", "Partners and the programmes that they take part in", put, get)
}

// setPrograms reads PROGRAMME=STATUS.
func setPrograms(p *programme.Partner, texts []string) error {
	said := programme.Partner{}
	for _, text := range texts {
		name, status, _ := strings.Cut(text, "=")
		in, err := enumerated(name, programme.Programs())
		if err != nil {
			return err
		}
		as, err := enumerated(status, programme.Statuses())
		if err != nil {
			return err
		}
		one := programme.Enrolled(in, as, p.SignedIn(in))
		said.Programs = append(said.Programs, one...)
	}
	p.Programs = said.Over(*p).Programs
	return nil
}

func sign(p *programme.Partner, signed bool) {
	all := make([]programme.Enrolment, len(p.Programs))
	for i, e := range p.Programs {
		e.Agreement.Given = signed
		all[i] = e
	}
	p.Programs = all
}

// addAgents reads USER=ADDRESS.
func addAgents(p *programme.Partner, texts []string) error {
	for _, text := range texts {
		user, address, both := strings.Cut(text, "=")
		if !both {
			return fmt.Errorf("must be USER=ADDRESS, not %q", kernel.Clip(text))
		}
		id, err := kernel.ParseID("the user", user)
		if err != nil {
			return err
		}
		*p = p.With(programme.Agent(id, address))
	}
	return nil
}

func (c *cli) printPartner(p programme.Partner) error {
	if c.output == outputJSON {
		return c.printJSON(p)
	}
	rows := []table.Row{
		{"Partner", named(p.Name, p.TenantID)}, {"PartnerID", p.MPNID}, {"Market", p.Market}, {"Currency", p.Currency}, {"Locale", p.Locale},
	}
	if p.Environment == programme.Sandbox {
		rows = append(rows, table.Row{"Sandbox of", p.SandboxOf})
	}
	for _, e := range p.Programs {
		agreement := "agreement not accepted"
		if e.Agreement.Given {
			agreement = "agreement accepted"
		}
		rows = append(rows, table.Row{"Programme", fmt.Sprintf("%s, %s, %s", e.Program, e.Status, agreement)})
	}
	for _, u := range p.Users {
		rows = append(rows, table.Row{"User", fmt.Sprintf("%s (%s): %s", u.Email, u.UserID, joined(u.Roles))})
	}
	c.printTable(nil, rows)
	return nil
}

func (c *cli) adminUserCommand() *cobra.Command {
	put := &cobra.Command{
		Use:   "put PARTNER USER",
		Short: "Add a user to a partner, or change address and roles",
		Example: "  starter admin user put aaaaaaaa-0000-4000-8000-000000000001 eeeeeeee-0000-4000-8000-000000000102 \\\n" +
			"    --email li@northwind.example --role AdminAgent --role SalesAgent",
		Args: cobra.ExactArgs(2),
	}
	e := editing[programme.User](put)
	e.text("email", "where the user's mail goes", func(u *programme.User) *string { return &u.Email })
	e.list("role", "GlobalAdmin, AdminAgent or SalesAgent; may be repeated. Only an admin agent acts in transfers and gets the mail about them", setRoles)
	complete(put, "role", programme.Roles()...)
	c.administering(put, func(args []string) administrationstore.Proposal {
		return changingPartner(args, func(p programme.Partner) (programme.Partner, error) {
			u := programme.User{UserID: args[1]}
			for _, there := range p.Users {
				if kernel.SameID(there.UserID, args[1]) {
					u = there
				}
			}
			err := e.apply(&u)
			return p.With(u), err
		})
	})
	remove := &cobra.Command{
		Use: "remove PARTNER USER", Short: "Take a user from a partner; what was sent and done stays in the log",
		Example: "  starter admin user remove aaaaaaaa-0000-4000-8000-000000000001 eeeeeeee-0000-4000-8000-000000000102", Args: cobra.ExactArgs(2),
	}
	c.administering(remove, func(args []string) administrationstore.Proposal {
		return changingPartner(args, func(p programme.Partner) (programme.Partner, error) { return p.Without(args[1]), nil })
	})
	return group("user", "Users of partners, with roles and addresses", put, remove)
}

// changingPartner proposes a change of the partner that the first argument names, which must be there.
func changingPartner(args []string, change func(programme.Partner) (programme.Partner, error)) administrationstore.Proposal {
	return func(ctx context.Context, known administrationstore.Known) (administration.Changes, error) {
		p, there, err := known.Partner(ctx, args[0])
		switch {
		case err != nil:
			return administration.Changes{}, err
		case !there:
			return administration.Changes{}, kernel.Refuse(programme.PartnerUnknown, "Partner %s is not known here. Check its Microsoft ID.", kernel.Clip(args[0]))
		}
		p, err = change(p)
		return administration.Changes{World: administration.World{Partners: []programme.Partner{p}}}, err
	}
}

// setRoles reads roles; their order and repetitions do not matter.
func setRoles(u *programme.User, texts []string) error {
	given := map[programme.Role]bool{}
	for _, text := range texts {
		role, err := enumerated(text, programme.Roles())
		if err != nil {
			return err
		}
		given[role] = true
	}
	u.Roles = nil
	for _, role := range programme.Roles() {
		if given[role] {
			u.Roles = append(u.Roles, role)
		}
	}
	return nil
}

func (c *cli) adminCustomerCommand() *cobra.Command {
	put := &cobra.Command{
		Use:   "put CUSTOMER",
		Short: "Add a customer, or change the fields that are given",
		Example: "  starter admin customer put cccccccc-0000-4000-8000-000000000001 --name \"Contoso Bakery\" --domain contoso-bakery.example \\\n" +
			"    --email it@contoso-bakery.example --market US --locale en-US",
		Args: cobra.ExactArgs(1),
	}
	e := editing[programme.Customer](put)
	e.text("name", "name", func(c *programme.Customer) *string { return &c.Name })
	e.text("domain", "domain, in lower case", func(c *programme.Customer) *string { return &c.Domain })
	e.text("email", "where the customer's mail goes", func(c *programme.Customer) *string { return &c.Email })
	e.text("market", "country (ISO 3166), such as US", func(c *programme.Customer) *string { return &c.Market })
	e.text("locale", "language of the customer's mail, such as en-US", func(c *programme.Customer) *string { return &c.Locale })
	e.read("environment", "production or sandbox, of a new customer; production when left out (R-271)", func(c *programme.Customer, text string) (err error) {
		c.Environment, err = programme.EnvironmentNamed(text)
		return err
	})
	c.administering(put, func(args []string) administrationstore.Proposal {
		return func(ctx context.Context, known administrationstore.Known) (administration.Changes, error) {
			one, there, err := known.Customer(ctx, args[0])
			if !there {
				one.TenantID = args[0]
			}
			err = errors.Join(err, e.apply(&one))
			return administration.Changes{World: administration.World{Customers: []programme.Customer{one}}}, err
		}
	})
	get := c.looking(&cobra.Command{Use: "get CUSTOMER", Short: "Show a customer", Args: cobra.ExactArgs(1)},
		func(ctx context.Context, book records, args []string) error {
			one, err := book.Customer(ctx, args[0])
			if err != nil {
				return err
			}
			return c.printCustomer(one)
		})
	return group("customer", "Customers", put, get)
}

func (c *cli) printCustomer(one programme.Customer) error {
	if c.output == outputJSON {
		return c.printJSON(one)
	}
	c.printTable(nil, []table.Row{
		{"Customer", named(one.Name, one.TenantID)}, {"Domain", one.Domain}, {"E-mail", one.Email}, {"Market", one.Market}, {"Locale", one.Locale},
	})
	return nil
}

// looking makes the command read the ledger at hand.
func (c *cli) looking(cmd *cobra.Command, look func(ctx context.Context, book records, args []string) error) *cobra.Command {
	c.ledgerFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.work(func(ctx context.Context) error {
			return c.withLedger(ctx, func(book records) error { return look(ctx, book, args) })
		})(cmd, args)
	}
	return cmd
}
