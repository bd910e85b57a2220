package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"handover/internal/kernel"
	"handover/internal/subscription"
)

// cli is one run of the program.
type cli struct {
	env      environment
	in       io.Reader
	out, err io.Writer

	as        string
	address   string
	namespace string
	output    string
	timeout   time.Duration
	ledger    string // the database's URL, of the commands that take one

	acting  kernel.Actor // what --as says
	id      string       // of the transfer that the command is about
	working bool         // the command line was read and the work has begun
}

const (
	outputTable = "table"
	outputJSON  = "json"
	outputCSV   = "csv"
)

// takesCSV marks the commands that have the output csv, too.
const takesCSV = "output csv"

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "starter",
		Short: "Request, approve, cancel and watch transfers of billing ownership",
		Long: "Request, approve, cancel and watch transfers of billing ownership.\n" +
			"create, submit, cancel, decline and list go over Temporal alone; get and watch read the ledger where one is at\n" +
			"hand; sent, give-up, resolve, resume, stuck, log, mail, seed, admin, migrate, forget, verify and webhook work on the ledger, token on the HTTP API, replay on Temporal's histories.\n\n" +
			"Exit status: 0 done, 2 the command line cannot be used, 3 refused, 4 no such transfer,\n" +
			"5 no answer (try again), 130 interrupted, 1 anything else.",
		Example: "  starter create --customer CUSTOMER --email it@contoso.example --source SOURCE --source-name Northwind --target TARGET\n" +
			"  starter submit ID --all-eligible\n" +
			"  starter watch ID",
		Version:           version(),
		SilenceUsage:      true,
		SilenceErrors:     true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return c.checkGlobals(cmd) },
	}
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.err)
	flags := root.PersistentFlags()
	flags.StringVar(&c.as, "as", "", "who acts: PARTNER or PARTNER/USER, two Microsoft IDs")
	flags.StringVar(&c.address, "address", "", "Temporal's host:port (default TEMPORAL_ADDRESS, else localhost:7233)")
	flags.StringVar(&c.namespace, "namespace", "", "Temporal's namespace (default TEMPORAL_NAMESPACE, else default)")
	flags.StringVarP(&c.output, "output", "o", outputTable, "table or json; log has csv, too")
	flags.DurationVar(&c.timeout, "timeout", 30*time.Second, "how long to wait for an answer of Temporal")
	complete(root, "output", outputTable, outputJSON, outputCSV)
	root.AddCommand(
		c.createCommand(), c.submitCommand(), c.cancelCommand(), c.declineCommand(),
		c.getCommand(), c.listCommand(), c.watchCommand(), c.sentCommand(),
		c.giveUpCommand(), c.resolveCommand(), c.resumeCommand(), c.stuckCommand(), c.logCommand(), c.mailCommand(), c.seedCommand(), c.adminCommand(), c.migrateCommand(), c.forgetCommand(), c.verifyCommand(),
		c.webhookCommand(), c.tokenCommand(), c.replayCommand(),
	)
	root.SetHelpCommand(helpCommand(root))
	strict(root)
	return root
}

// checkGlobals checks the flags that every command has.
func (c *cli) checkGlobals(cmd *cobra.Command) error {
	_, csv := cmd.Annotations[takesCSV]
	if c.output != outputTable && c.output != outputJSON && (c.output != outputCSV || !csv) {
		return fmt.Errorf("--output must be table or json, not %q", c.output)
	}
	if c.timeout <= 0 {
		return fmt.Errorf("--timeout must be positive, not %s", c.timeout)
	}
	var err error
	c.acting, err = parseActor(c.as)
	return err
}

// work is a command's own part. What fails before it is the fault of the command line.
func (c *cli) work(do func(ctx context.Context) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		c.working = true
		return do(cmd.Context())
	}
}

// withTransfers connects to Temporal for as long as the work takes, which --timeout bounds.
func (c *cli) withTransfers(ctx context.Context, do func(ctx context.Context, service transfers) error) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	service, err := c.env.connect(ctx, c.address, c.namespace)
	if err != nil {
		return err
	}
	defer service.Close()
	return do(ctx, service)
}

// aTransfer takes exactly one argument, the transfer's id.
func (c *cli) aTransfer(cmd *cobra.Command, args []string) error {
	err := one("transfer id")(cmd, args)
	if err != nil {
		return err
	}
	c.id, err = kernel.ParseID("the transfer id", args[0])
	return err
}

// requestIDFlag adds --request-id. The function it returns gives the id to use: the flag's, or a fresh one.
func (c *cli) requestIDFlag(cmd *cobra.Command) func() (string, error) {
	id := cmd.Flags().String("request-id", "", "makes a repeated command safe: the same id gets the same answer (default: a fresh one)")
	return func() (string, error) {
		const most = kernel.LongestRequestID
		switch {
		case !cmd.Flags().Changed("request-id"):
			return c.env.newID(), nil
		case strings.TrimSpace(*id) == "" || len(*id) > most:
			return "", &usageError{fmt.Errorf("--request-id must have 1 to %d characters; leave it out for a fresh one", most)}
		default:
			return *id, nil
		}
	}
}

// mandatory marks flags without which the command makes no sense.
func mandatory(cmd *cobra.Command, names ...string) {
	for _, name := range names {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // a flag that was never defined
		}
	}
}

// complete offers the values of a flag to the shell.
func complete[T ~string](cmd *cobra.Command, flag string, values ...T) {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v)
	}
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(texts, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // a flag that was never defined
	}
}

// productTypesFlag adds --product-type.
func productTypesFlag(cmd *cobra.Command, help string) func() []subscription.ProductType {
	names := cmd.Flags().StringSlice("product-type", nil, help)
	complete(cmd, "product-type", subscription.MovableProductTypes()...)
	return func() []subscription.ProductType {
		var types []subscription.ProductType
		for _, name := range *names {
			types = append(types, subscription.ProductType(name))
		}
		return types
	}
}
