package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/worker"

	"handover/config"
	"handover/internal/billing"
	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/operatorview"
	"handover/internal/runs"
	"handover/internal/subscription"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
	"handover/internal/transferclient"
	"handover/internal/webhook"
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
	answer   transfer.Answer
	get      func(ctx context.Context, id string) (operatorview.Snapshot, error)
	summary  []transferclient.Summary
	openRuns func(page []byte) ([]openRun, []byte, error)
	running  map[string]bool
	health   map[string]runHealth // of those, where it is not well
	histories

	connected bool
	closed    bool
	bounded   bool // the latest call had a deadline
	request   transfer.Request
	approval  transfer.Approval
	decision  transfer.Decision
	verb      string
	filter    transferclient.Filter
}

func (f *fakeTransfers) Create(ctx context.Context, r transfer.Request) (transfer.Answer, error) {
	f.see(ctx)
	f.request = r
	return f.answer, f.err
}

func (f *fakeTransfers) Submit(ctx context.Context, _ string, a transfer.Approval) (transfer.Answer, error) {
	f.see(ctx)
	f.approval = a
	return f.answer, f.err
}

func (f *fakeTransfers) Cancel(ctx context.Context, _ string, d transfer.Decision) (transfer.Answer, error) {
	f.see(ctx)
	f.verb, f.decision = "cancel", d
	return f.answer, f.err
}

func (f *fakeTransfers) Decline(ctx context.Context, _ string, d transfer.Decision) (transfer.Answer, error) {
	f.see(ctx)
	f.verb, f.decision = "decline", d
	return f.answer, f.err
}

func (f *fakeTransfers) Get(ctx context.Context, id string) (operatorview.Snapshot, error) {
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

func (f *fakeTransfers) Running(_ context.Context, workflowID string) (bool, error) {
	return f.running[strings.TrimPrefix(workflowID, "transfer/")], f.err
}

func (f *fakeTransfers) Health(ctx context.Context, workflowID string) (runHealth, error) {
	if now, known := f.health[workflowID]; known {
		return now, f.err
	}
	if running, err := f.Running(ctx, workflowID); err != nil || !running {
		return runClosed, err
	}
	return runWell, nil
}

func (f *fakeTransfers) Close() { f.closed = true }

func (f *fakeTransfers) see(ctx context.Context) { _, f.bounded = ctx.Deadline() }

// fakeRecords is a ledger of a few rows. What a test does not need of a ledger it does not have.
type fakeRecords struct {
	records
	empty     bool
	seeded    ledger.World
	err       error
	findings  []ledger.Finding
	follows   []transferstore.Follow
	ended     []transfer.EndedItem
	endedErr  error                                         // of the page after the first
	followOf  func(id string) (transferstore.Follow, error) // instead of follows, for one transfer
	pages     int
	resumed   []string
	how       transferstore.Resumption
	mend      func(ids []string)
	open      func(after string) (last string, n int, err error)
	closed    bool
	scheduled []runs.Wanted // runs that are not a transfer's, and must be open
	wanted    []runs.Wanted
	behind    int // of those
}

func (f *fakeRecords) FollowedRuns(_ context.Context, after string, limit int) ([]runs.Wanted, error) {
	var page []runs.Wanted
	for _, run := range f.scheduled {
		if run.WorkflowID > after && len(page) < limit {
			page = append(page, run)
		}
	}
	return page, f.err
}

func (f *fakeRecords) WantRuns(_ context.Context, wanted ...runs.Wanted) error {
	f.wanted = append(f.wanted, wanted...)
	if f.mend != nil {
		f.mend(nil)
	}
	return f.err
}

func (f *fakeRecords) RunsBehind(context.Context, ...string) (int, error) { return f.behind, f.err }

func (f *fakeRecords) Empty(context.Context) (bool, error) { return f.empty, f.err }

func (f *fakeRecords) Seed(_ context.Context, w ledger.World) error {
	f.seeded = w
	return f.err
}

func (f *fakeRecords) Verify(context.Context) ([]ledger.Finding, error) { return f.findings, f.err }

func (f *fakeRecords) Follows(_ context.Context, after string, limit int) ([]transferstore.Follow, error) {
	f.pages++
	var page []transferstore.Follow
	for _, row := range f.follows {
		if row.TransferID > after && len(page) < limit && (!row.Status.Final() || row.Behind > 0) {
			page = append(page, row)
		}
	}
	return page, f.err
}

func (f *fakeRecords) FollowOf(_ context.Context, id string) (transferstore.Follow, error) {
	if f.followOf != nil {
		return f.followOf(id)
	}
	for _, row := range f.follows {
		if row.TransferID == id {
			return row, nil
		}
	}
	return transferstore.Follow{}, transfer.NoSuchTransfer()
}

func (f *fakeRecords) EndedItems(ctx context.Context, after transferstore.ItemCursor, limit int) ([]transfer.EndedItem, error) {
	if after.TransferID != "" && f.endedErr != nil {
		return nil, f.endedErr
	}
	var page []transfer.EndedItem
	for _, item := range f.ended {
		if (item.TransferID > after.TransferID || item.Ordinal > after.Ordinal) && len(page) < limit {
			page = append(page, item)
		}
	}
	return page, errors.Join(f.err, ctx.Err())
}

func (f *fakeRecords) Resume(_ context.Context, r transferstore.Resumption, ids ...string) (int, error) {
	f.how, f.resumed = r, append(f.resumed, ids...)
	if f.mend != nil {
		f.mend(ids)
	}
	return len(ids), f.err
}

func (f *fakeRecords) ResumeOpen(_ context.Context, r transferstore.Resumption, after string, _ int) (string, int, error) {
	f.how = r
	return f.open(after)
}

func (f *fakeRecords) Close() error {
	f.closed = true
	return nil
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
	at         string // the ledger at hand
	real       bool   // open real ledgers
	meanwhile  func() // happens while the run waits
	billing    func() (billing.Asker, error)
	workflows  func(worker.WorkflowRegistry)

	address, namespace, ledgerURL string
	stdout, stderr                bytes.Buffer
	in                            io.Reader // instead of stdin
	out                           io.Writer // instead of stdout
	waited                        int
}

// operatorName is the system's user who runs the program in tests.
const operatorName = "ops"

func (s *stage) run(t *testing.T, args ...string) int {
	t.Helper()
	return s.runUntil(t.Context(), args...)
}

func (s *stage) runUntil(ctx context.Context, args ...string) int {
	var waiting sync.Mutex
	env := environment{
		connect: func(_ context.Context, address, namespace string) (transfers, error) {
			s.address, s.namespace, s.service.connected = address, namespace, true
			return &s.service, s.connectErr
		},
		ledgerAt: func(url, _ string) (string, error) {
			if url == "" {
				url = s.at
			}
			return url, nil
		},
		openLedger: func(ctx context.Context, url string) (records, error) {
			s.ledgerURL = url
			if s.real {
				return openLedger(ctx, config.Load, url)
			}
			return &s.book, s.openErr
		},
		endpoints: func(string) (webhook.Addresses, error) { return webhook.Addresses{}, nil },
		billing:   s.billing,
		terminal:  func(io.Writer) bool { return s.terminal },
		variable: func(name string) (string, bool) {
			value, ok := s.variables[name]
			return value, ok
		},
		build: func() (build, error) { return build{register: s.workflows}, nil },
		newID: func() string { return freshID },
		user:  func() string { return operatorName },
		wait: func(ctx context.Context, _ time.Duration) error {
			waiting.Lock()
			defer waiting.Unlock()
			s.waited++
			if s.meanwhile != nil {
				s.meanwhile()
			}
			return ctx.Err()
		},
	}
	in, out := io.Reader(strings.NewReader(s.stdin)), io.Writer(&s.stdout)
	if s.in != nil {
		in = s.in
	}
	if s.out != nil {
		out = s.out
	}
	return run(ctx, args, in, out, &s.stderr, env)
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
		TargetProductTypes: []subscription.ProductType{subscription.OnlineServicesNCE},
		CreatedTime:        "2031-03-02T09:15:04.0000000Z", LastModifiedTime: "2031-03-02T09:15:04Z", ExpirationTime: "2031-04-02T00:00:00Z",
		LastModifiedUser: user,
		Links:            kernel.Links{Self: kernel.Link{URI: "/customers/" + customer + "/transfers/" + transferID, Method: "GET", Headers: []string{}}},
	}
}

func waitingSnapshot() operatorview.Snapshot {
	return operatorview.Snapshot{Transfer: entity(transfer.Pending)}
}

func movingSnapshot() operatorview.Snapshot {
	s := operatorview.Snapshot{Transfer: entity(transfer.InProgress), Items: transfer.ItemCounts{InProgress: 1, Complete: 1, Failed: 1}, Overdue: true,
		Refused: []string{"Only the source may do this. (900150)"}, Mail: []string{"submitted", "reminder-1"}, Owed: &operatorview.Owed{Waiting: 3}}
	s.Transfer.LineItems = []transfer.ItemEntity{
		{ID: 0, SubscriptionID: subOne, Quantity: 12, ProductType: subscription.OnlineServicesNCE, BillingCycle: subscription.Annual, Status: transfer.ItemComplete, TargetSubscriptionID: freshID, Attempts: ptr(1)},
		{ID: 1, SubscriptionID: subTwo, Quantity: 1, ProductType: subscription.AzureSubscription, BillingCycle: subscription.Monthly, Status: transfer.ItemInProgress, Attempts: ptr(3), LastError: "503 busy\n\x1b[31mred"},
		{ID: 2, SubscriptionID: user, Quantity: 5, ProductType: subscription.OnlineServicesNCE, BillingCycle: subscription.Annual, Status: transfer.ItemFailed, Attempts: ptr(1), TransferError: "not sold any more"},
	}
	return s
}

func endedSnapshot(status transfer.Status) operatorview.Snapshot {
	s := operatorview.Snapshot{Transfer: entity(status)}
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
