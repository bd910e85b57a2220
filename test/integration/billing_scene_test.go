package integration

// A billing system of an operator as a process of its own, and the platform that moves subscriptions in it.

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/ledger"
	"handover/internal/platform"
	"handover/internal/transfer"
)

// billingSystem is a running billing system. Started again, it is at the same address.
type billingSystem struct {
	*process
	address string // host:port
	file    string // that keeps its moves
	args    []string
}

// startBilling starts one on an empty file. Arguments are more of its command line.
func startBilling(t *testing.T, args ...string) *billingSystem {
	t.Helper()
	b := &billingSystem{address: freeAddress(t), file: filepath.Join(t.TempDir(), "moves.db"), args: args}
	b.start(t)
	return b
}

// start starts it, again after it was killed, and waits until it answers.
func (b *billingSystem) start(t *testing.T) {
	t.Helper()
	args := append([]string{"serve", "--listen", b.address, "--data", b.file, "--token", billingToken}, b.args...)
	b.process = launch(t, nil, "billing-sample", args...)
	b.says(t, `answers at http://`)
}

func (b *billingSystem) url() string { return "http://" + b.address }

// moves is a hand in the file of its moves.
func (b *billingSystem) moves(t *testing.T) hand {
	t.Helper()
	return reachInto(t, "sqlite://"+b.file)
}

// done is what it has moved: the new subscription by key.
func (b *billingSystem) done(t *testing.T) map[string]string {
	t.Helper()
	rows, err := b.moves(t).db.QueryContext(t.Context(), "SELECT key, new_subscription FROM moves WHERE state = 'done'")
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	moved := map[string]string{}
	for rows.Next() {
		var key, id string
		require.NoError(t, rows.Scan(&key, &id))
		moved[key] = id
	}
	require.NoError(t, rows.Err())
	return moved
}

// billed is a platform without workers, whose subscriptions move in a billing system behind a wire.
type billed struct {
	*platform.Platform
	starter
	system *billingSystem
	wire   *wire
}

// startBilled starts one with its ledger on SQLite. Arguments are of the billing system's command line.
func startBilled(t *testing.T, w ledger.World, args ...string) *billed {
	t.Helper()
	b := &billed{system: startBilling(t, args...)}
	b.wire = layWire(t, b.system.url())
	b.Platform, b.starter = startPlatform(t, sqliteLedger(t), w)
	b.settings = []string{"HANDOVER_BILLING_ADAPTER=http", "HANDOVER_BILLING_URL=" + b.wire.url, "HANDOVER_BILLING_TOKEN=" + billingToken}
	return b
}

// work starts a worker. Settings are more of its environment.
func (b *billed) work(t *testing.T, settings ...string) *process {
	t.Helper()
	return launchWorker(t, b.Platform, append(slices.Clone(b.settings), settings...)...)
}

// submitted is a transfer of everything, as its parties ask for it on the command line.
func (b *billed) submitted(t *testing.T, p parties) string {
	t.Helper()
	id := b.create(t, p)
	b.must(t, "submit", id, "--all-eligible")
	return id
}

// agrees shows that the ledger keeps the invariants, also by the word of the billing system, and that both have moved the same
// line items of these transfers, which are all there are.
func (b *billed) agrees(t *testing.T, ids ...string) {
	t.Helper()
	b.verified(t)
	a := b.run(t, "verify", "--billing")
	require.Zero(t, a.status, "starter verify --billing: %s%s", a.out, a.err)
	moved := map[string]string{}
	for _, id := range ids {
		items, err := b.Ledger.Items(t.Context(), id, 0, -1)
		require.NoError(t, err)
		for _, item := range items {
			if item.Status == transfer.ItemComplete {
				moved[item.KeyIn(id)] = item.TargetSubscriptionID
			}
		}
	}
	assert.Equal(t, b.system.done(t), moved)
}

// item is a line item as the ledger has it.
func (b *billed) item(t *testing.T, id string, ordinal int) transfer.LineItem {
	t.Helper()
	items, err := b.Ledger.Items(t.Context(), id, ordinal, ordinal+1)
	require.NoError(t, err)
	require.Len(t, items, 1)
	return items[0]
}
