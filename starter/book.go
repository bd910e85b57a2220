package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"handover/config"
	"handover/internal/app"
	"handover/internal/store"
)

// standaloneLedger is where standalone keeps its ledger unless it is told otherwise, from its working folder.
const standaloneLedger = ".handover/ledger.db"

const sqliteScheme = "sqlite://"

// errNoLedger says how to name a ledger.
var errNoLedger = errors.New("name the ledger's database with --ledger or HANDOVER_LEDGER_URL: " +
	"postgres://user@host/handover or sqlite:///path/ledger.db")

// loader reads the settings of the environment.
type loader func() (config.Config, error)

// ledgerFlag adds --ledger.
func (c *cli) ledgerFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.ledger, "ledger", "", "the ledger's database, postgres://… or sqlite://… (default HANDOVER_LEDGER_URL,\n"+
		"else "+standaloneLedger+" where it exists and Temporal is the local one)")
}

// ledgerAt is the ledger at hand: the one of the URL, else the environment's, else standalone's own in the working folder
// when Temporal at that address is standalone's. Empty when there is none. Error: *usageError, for a file that does not
// exist too: only seed makes one.
func ledgerAt(read loader, url, address string) (string, error) {
	settings, err := read()
	if err != nil {
		return "", &usageError{err}
	}
	if url == "" {
		url = settings.LedgerURL
	}
	if url == "" {
		return standalonesLedger(address)
	}
	file, isFile := strings.CutPrefix(url, sqliteScheme)
	if !isFile {
		return url, nil
	}
	if _, err := os.Stat(file); err != nil {
		return "", &usageError{fmt.Errorf("there is no ledger at %s: %w", url, err)}
	}
	return url, nil
}

func standalonesLedger(address string) (string, error) {
	options, err := config.Temporal()
	if err != nil {
		return "", &usageError{err}
	}
	if address == "" {
		address = options.HostPort
	}
	if !slices.Contains([]string{client.DefaultHostPort, "127.0.0.1:7233"}, address) {
		return "", nil
	}
	if _, err := os.Stat(standaloneLedger); err != nil {
		return "", nil //nolint:nilerr // there is none, which is what was asked
	}
	return sqliteScheme + standaloneLedger, nil
}

// isStandalones tells whether the ledger at the URL is standalone's own, in whatever folder that worked.
func isStandalones(url string) bool {
	file, isFile := strings.CutPrefix(url, sqliteScheme)
	return isFile && strings.HasSuffix("/"+filepath.ToSlash(filepath.Clean(file)), "/"+standaloneLedger)
}

// openLedger opens the ledger at the URL, or the one the environment names, and makes it where there is none.
func openLedger(ctx context.Context, read loader, url string) (records, error) {
	settings, err := read()
	if err != nil {
		return nil, &usageError{err}
	}
	if url != "" {
		settings.LedgerURL = url
	}
	if settings.LedgerURL == "" {
		return nil, &usageError{errNoLedger}
	}
	if settings.NeedsLedger() != nil {
		return nil, &usageError{store.ErrURL}
	}
	book, err := app.OpenLedger(ctx, settings)
	if errors.Is(err, store.ErrURL) {
		return nil, &usageError{err}
	}
	return book, err
}

// withLedger opens the ledger at hand for as long as the work takes.
func (c *cli) withLedger(ctx context.Context, do func(book records) error) error {
	at, err := c.env.ledgerAt(c.ledger, c.address)
	switch {
	case err != nil:
		return err
	case at == "":
		return &usageError{errNoLedger}
	}
	return c.withLedgerAt(ctx, at, do)
}

func (c *cli) withLedgerAt(ctx context.Context, url string, do func(book records) error) error {
	book, err := c.env.openLedger(ctx, url)
	if err != nil {
		return err
	}
	return errors.Join(do(book), closed(book))
}

func closed(book io.Closer) error {
	if err := book.Close(); err != nil {
		return fmt.Errorf("the ledger could not be closed: %w", err)
	}
	return nil
}
