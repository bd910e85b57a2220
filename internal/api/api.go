package api

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	activityloghttp "handover/internal/activitylog/http"
	administrationhttp "handover/internal/administration/http"
	commercehttp "handover/internal/commerce/http"
	"handover/internal/httpapi"
	"handover/internal/ledger"
	programmehttp "handover/internal/programme/http"
	"handover/internal/subscription"
	subscriptionhttp "handover/internal/subscription/http"
	"handover/internal/transfer"
	transferhttp "handover/internal/transfer/http"
	"handover/internal/webhook"
	webhookhttp "handover/internal/webhook/http"
	"handover/internal/world"
)

// Options are what the API acts on and how much it allows.
type Options struct {
	Ledger   *ledger.Ledger
	Tokens   httpapi.Tokens
	Policy   transfer.Policy
	Rules    subscription.Rules // of changes of subscriptions
	Webhooks webhook.Addresses  // that may be registered
	Logger   *zap.Logger
	Metrics  *prometheus.Registry
	Version  string

	RequestsPerSecond  float64 // of one partner; 0 for no limit
	Burst              int     // how many requests may come at once
	OperatorsTenant    string  // see httpapi.Options
	InvitationURL      string  // see programmehttp.Invitations
	JointInvitationURL string
	Now                func() time.Time
}

const about = "Moves the billing ownership of a customer's cloud subscriptions from one partner to another. " +
	"The paths and bodies are those that Partner Center clients know; what Handover adds is marked as an extension."

// tags are the groups of operations, in the order in which the description shows them.
var tags = []httpapi.Tag{
	{Name: "Transfers", Description: "Ask for, approve, decline, cancel and read transfers."},
	{Name: "Extensions", Description: "What Handover adds to the wire contract around transfers."},
	{Name: "Customers", Description: "Customers, their subscriptions and agreements."},
	{Name: "Billing", Description: "Orders, invoices, and the lines that they consist of."},
	{Name: "Partners", Description: "Relationships between partners, and what they signed."},
	{Name: "Administration", Description: "What operators of the platform add and change. No partner has their role."},
	{Name: "Audit", Description: "The partner's own activity log."},
	{Name: "Webhooks", Description: "What the partner is told over HTTP, and what became of that."},
}

// New makes the API of all contexts. It touches nothing until requests come. Errors: those of httpapi.New.
func New(o Options) (*httpapi.API, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	return httpapi.New(httpapi.Options{
		Ledger: o.Ledger, Tokens: o.Tokens, Logger: o.Logger, Metrics: o.Metrics, Version: o.Version, About: about, Tags: tags,
		Admit: programmehttp.Admit(o.Ledger), OperatorsTenant: o.OperatorsTenant, RequestsPerSecond: o.RequestsPerSecond, Burst: o.Burst, Now: o.Now,
	},
		transferhttp.New(o.Ledger, o.Policy),
		programmehttp.New(o.Ledger, programmehttp.Invitations{Plain: o.InvitationURL, Joint: o.JointInvitationURL}),
		subscriptionhttp.New(o.Ledger, o.Rules),
		commercehttp.New(o.Ledger),
		activityloghttp.New(o.Ledger, o.Now),
		administrationhttp.New(o.Ledger, world.ParseMore),
		webhookhttp.New(o.Ledger, o.Webhooks),
	)
}

// Describe is the description of the API as JSON, without serving it.
func Describe() ([]byte, error) {
	a, err := New(Options{Version: "1"})
	if err != nil {
		return nil, err
	}
	return a.OpenAPI()
}
