package main

import (
	"bytes"
	"context"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/activities"
	"handover/internal/ledger"
	"handover/internal/transfer"
	"handover/internal/transferclient"
	"handover/workflows"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The ids of the examples in the domain reference.
const (
	transferID = "8c2e4d10-77aa-4f52-b0de-0d3f7b9c0001"
	customer   = "c0a80101-0000-4000-8000-00000000c001"
	source     = "1f0c7a52-3b7e-4c0e-9a61-52d6f0b1a001"
	target     = "2e9b1c44-90f3-4a2b-8d55-61a7c3d2b002"
	user       = "5d6e7f80-1111-4222-8333-944455566677"
	subOne     = "a1b2c3d4-0001-4000-8000-0000000000f1"
	subTwo     = "a1b2c3d4-0002-4000-8000-0000000000f2"
	freshID    = "00000000-0000-4000-8000-00000000f4e5"
)

// fakeTransfers answers what a test tells it to and remembers what it was asked.
type fakeTransfers struct {
	err      error // of every call
	receipt  workflows.Receipt
	item     transfer.ItemEntity
	get      func(ctx context.Context, id string) (workflows.Snapshot, error)
	summary  []transferclient.Summary
	openRuns func(page []byte) ([]openRun, []byte, error)
	running  map[string]bool

	connected bool
	closed    bool
	bounded   bool // the latest call had a deadline
	request   transfer.Request
	approval  workflows.Approval
	decision  activities.Decision
	verb      string
	givenUp   activities.GiveUp
	filter    transferclient.Filter
}

func (f *fakeTransfers) Create(ctx context.Context, r transfer.Request) (workflows.Receipt, error) {
	f.see(ctx)
	f.request = r
	return f.receipt, f.err
}

func (f *fakeTransfers) Submit(ctx context.Context, _ string, a workflows.Approval) (workflows.Receipt, error) {
	f.see(ctx)
	f.approval = a
	return f.receipt, f.err
}

func (f *fakeTransfers) Cancel(ctx context.Context, _ string, d activities.Decision) (workflows.Receipt, error) {
	f.see(ctx)
	f.verb, f.decision = "cancel", d
	return f.receipt, f.err
}

func (f *fakeTransfers) Decline(ctx context.Context, _ string, d activities.Decision) (workflows.Receipt, error) {
	f.see(ctx)
	f.verb, f.decision = "decline", d
	return f.receipt, f.err
}

func (f *fakeTransfers) GiveUp(ctx context.Context, _ string, g activities.GiveUp) (transfer.ItemEntity, error) {
	f.see(ctx)
	f.givenUp = g
	return f.item, f.err
}

func (f *fakeTransfers) Get(ctx context.Context, id string) (workflows.Snapshot, error) {
	f.see(ctx)
	if f.get == nil {
		return waitingSnapshot(), f.err
	}
	return f.get(ctx, id)
}

func (f *fakeTransfers) List(ctx context.Context, filter transferclient.Filter) ([]transferclient.Summary, error) {
	f.see(ctx)
	f.filter = filter
	return f.summary, f.err
}

func (f *fakeTransfers) OpenRuns(_ context.Context, page []byte) ([]openRun, []byte, error) {
	if f.openRuns == nil {
		return nil, nil, f.err
	}
	return f.openRuns(page)
}

func (f *fakeTransfers) Running(_ context.Context, id string) (bool, error) {
	return f.running[id], f.err
}

func (f *fakeTransfers) Close() { f.closed = true }

func (f *fakeTransfers) see(ctx context.Context) { _, f.bounded = ctx.Deadline() }

// fakeRecords is a ledger of a few rows.
type fakeRecords struct {
	empty    bool
	seeded   ledger.World
	err      error
	findings []ledger.Finding
	rows     map[string]transfer.Status
	row      func(id string) (transfer.Status, error) // instead of rows, for one transfer
	limits   map[transfer.Status]int
	closed   bool
}

func (f *fakeRecords) Empty(context.Context) (bool, error) { return f.empty, f.err }

func (f *fakeRecords) Seed(_ context.Context, w ledger.World) error {
	f.seeded = w
	return f.err
}

func (f *fakeRecords) Verify(context.Context) ([]ledger.Finding, error) { return f.findings, f.err }

func (f *fakeRecords) Transfer(_ context.Context, id string) (transfer.Transfer, error) {
	if f.row != nil {
		status, err := f.row(id)
		return rowOf(id, status), err
	}
	status, ok := f.rows[id]
	if !ok {
		return transfer.Transfer{}, transfer.Refuse(transfer.NotFound, "There is no such transfer.")
	}
	return rowOf(id, status), nil
}

func (f *fakeRecords) Transfers(_ context.Context, filter ledger.Filter) ([]transfer.Transfer, error) {
	if f.limits == nil {
		f.limits = map[transfer.Status]int{}
	}
	f.limits[filter.Status] = filter.Limit
	var found []transfer.Transfer
	for id, status := range f.rows {
		if status == filter.Status {
			found = append(found, rowOf(id, status))
		}
	}
	return found, f.err
}

func (f *fakeRecords) Close() error {
	f.closed = true
	return nil
}

func rowOf(id string, status transfer.Status) transfer.Transfer {
	return transfer.Transfer{ID: id, State: transfer.State{Status: status}}
}

// stage is one run against fakes.
type stage struct {
	service    fakeTransfers
	connectErr error
	book       fakeRecords
	openErr    error
	variables  map[string]string
	terminal   bool
	stdin      string

	address, namespace, ledgerURL string
	stdout, stderr                bytes.Buffer
}

func (s *stage) run(t *testing.T, args ...string) int {
	t.Helper()
	return s.runUntil(t.Context(), args...)
}

func (s *stage) runUntil(ctx context.Context, args ...string) int {
	env := environment{
		connect: func(_ context.Context, address, namespace string) (transfers, error) {
			s.address, s.namespace, s.service.connected = address, namespace, true
			return &s.service, s.connectErr
		},
		openLedger: func(_ context.Context, url string) (records, error) {
			s.ledgerURL = url
			return &s.book, s.openErr
		},
		terminal: func(io.Writer) bool { return s.terminal },
		variable: func(name string) (string, bool) {
			value, ok := s.variables[name]
			return value, ok
		},
		newID: func() string { return freshID },
	}
	return run(ctx, args, strings.NewReader(s.stdin), &s.stdout, &s.stderr, env)
}

// golden compares standard output with a file in testdata.
func (s *stage) golden(t *testing.T, name string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o750))
		require.NoError(t, os.WriteFile(path, s.stdout.Bytes(), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), s.stdout.String())
}

func ptr(n int) *int { return &n }

func entity(status transfer.Status) transfer.Entity {
	return transfer.Entity{
		ID: transferID, Status: status, TransferType: 3, CustomerEmailID: "it@contoso.example", CustomerName: "Contoso Bakery",
		CustomerTenantID: customer, SourcePartnerName: "Northwind Cloud", SourcePartnerTenantID: source,
		TargetPartnerName: "Fabrikam Distribution", TargetPartnerTenantID: target, TargetPartnerEmailID: target,
		TargetProductTypes: []transfer.ProductType{transfer.OnlineServicesNCE},
		CreatedTime:        "2031-03-02T09:15:04.0000000Z", LastModifiedTime: "2031-03-02T09:15:04Z", ExpirationTime: "2031-04-02T00:00:00Z",
		LastModifiedUser: user,
		Links:            transfer.Links{Self: transfer.Link{URI: "/customers/" + customer + "/transfers/" + transferID, Method: "GET", Headers: []string{}}},
	}
}

func waitingSnapshot() workflows.Snapshot {
	return workflows.Snapshot{Transfer: entity(transfer.Pending)}
}

func movingSnapshot() workflows.Snapshot {
	s := workflows.Snapshot{Transfer: entity(transfer.InProgress), Items: transfer.ItemCounts{InProgress: 1, Complete: 1, Failed: 1}, Overdue: true,
		Refused: []string{"Only the source may do this. (900150)"}, Mail: []string{"submitted", "reminder-1"}}
	s.Transfer.LineItems = []transfer.ItemEntity{
		{ID: 0, SubscriptionID: subOne, Quantity: 12, ProductType: transfer.OnlineServicesNCE, BillingCycle: transfer.Annual, Status: transfer.ItemComplete, TargetSubscriptionID: freshID, Attempts: ptr(1)},
		{ID: 1, SubscriptionID: subTwo, Quantity: 1, ProductType: transfer.AzureSubscription, BillingCycle: transfer.Monthly, Status: transfer.ItemInProgress, Attempts: ptr(3), LastError: "503 busy\n\x1b[31mred"},
		{ID: 2, SubscriptionID: user, Quantity: 5, ProductType: transfer.OnlineServicesNCE, BillingCycle: transfer.Annual, Status: transfer.ItemFailed, Attempts: ptr(1), TransferError: "not sold any more"},
	}
	return s
}

func endedSnapshot(status transfer.Status) workflows.Snapshot {
	s := workflows.Snapshot{Transfer: entity(status)}
	s.Transfer.LastModifiedTime = "2031-03-02T09:15:07Z"
	if status == transfer.Complete {
		s.Transfer.CompletedTime = "2031-03-02T09:15:07.2171000Z"
		s.Items = transfer.ItemCounts{Complete: 2}
		s.Transfer.LineItems = []transfer.ItemEntity{
			{ID: 0, Status: transfer.ItemComplete, Attempts: ptr(1)}, {ID: 1, Status: transfer.ItemComplete, Attempts: ptr(3)},
		}
	}
	return s
}
