// Package config reads and checks the settings of the programs. It is the only reader of the environment.
package config

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"

	"handover/internal/transfer"
)

// Config is everything an operator can set by environment variables. Temporal's own (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE,
// TEMPORAL_API_KEY, TEMPORAL_TLS_…) are read by its SDK, see Temporal.
type Config struct {
	LedgerURL string   `env:"HANDOVER_LEDGER_URL"` // postgres://… or sqlite://…
	SMTP      SMTP     `envPrefix:"HANDOVER_SMTP_"`
	Billing   Billing  `envPrefix:"HANDOVER_BILLING_"`
	Transfers Transfer `envPrefix:"HANDOVER_TRANSFERS_"`
	Worker    Worker   `envPrefix:"HANDOVER_WORKER_"`
	LogLevel  string   `env:"HANDOVER_LOG_LEVEL" envDefault:"info"`
}

// SMTP is the mail server that notifications go through.
type SMTP struct {
	Host     string        `env:"HOST" envDefault:"localhost"`
	Port     int           `env:"PORT" envDefault:"25"`
	Username string        `env:"USERNAME"`
	Password string        `env:"PASSWORD,unset"`
	From     string        `env:"FROM" envDefault:"handover@localhost.localdomain"`
	TLS      string        `env:"TLS" envDefault:"starttls"` // none, starttls, tls
	Timeout  time.Duration `env:"TIMEOUT" envDefault:"30s"`
}

// Billing chooses the system that really moves subscriptions: the ledger itself, or an operator's own over HTTP.
type Billing struct {
	Adapter        string        `env:"ADAPTER" envDefault:"ledger"` // ledger, http
	URL            string        `env:"URL"`
	Token          string        `env:"TOKEN,unset"`
	Timeout        time.Duration `env:"TIMEOUT" envDefault:"30s"`
	Poll           time.Duration `env:"POLL" envDefault:"5s"`
	CallbackListen string        `env:"CALLBACK_LISTEN"` // address for the billing system's callbacks; empty: polling only
	CallbackToken  string        `env:"CALLBACK_TOKEN,unset"`
}

// Transfer holds the rules that leave a deployment a choice (transfer.Policy).
type Transfer struct {
	ProductTypes   []string      `env:"PRODUCT_TYPES"`
	MaxListedItems int           `env:"MAX_LISTED_ITEMS" envDefault:"10000"`
	DeclineAllowed bool          `env:"DECLINE_ALLOWED" envDefault:"true"`
	ItemDeadline   time.Duration `env:"ITEM_DEADLINE" envDefault:"0"`
}

// Worker sizes and versions the worker process.
type Worker struct {
	CachedWorkflows int    `env:"CACHED_WORKFLOWS" envDefault:"2000"` // bounds memory while many transfers wait
	Activities      int    `env:"ACTIVITIES" envDefault:"200"`
	MetricsListen   string `env:"METRICS_LISTEN"` // address for /metrics; empty: none
	Deployment      string `env:"DEPLOYMENT"`     // with BuildID: worker versioning
	BuildID         string `env:"BUILD_ID"`
}

// Load reads the environment. The error names every setting that is wrong and what it must be.
func Load() (Config, error) {
	c, err := env.ParseAs[Config]()
	if err != nil {
		return c, fmt.Errorf("the environment could not be read: %w", err)
	}
	return c, c.check()
}

func (c Config) check() error {
	var wrong []error
	complain := func(bad bool, format string, args ...any) {
		if bad {
			wrong = append(wrong, fmt.Errorf(format, args...))
		}
	}
	complain(c.SMTP.Port < 1 || c.SMTP.Port > 65535, "HANDOVER_SMTP_PORT must be a port from 1 to 65535, not %d", c.SMTP.Port)
	complain(!oneOf(c.SMTP.TLS, "none", "starttls", "tls"), "HANDOVER_SMTP_TLS must be none, starttls or tls, not %q", c.SMTP.TLS)
	complain(!oneOf(c.Billing.Adapter, "ledger", "http"), "HANDOVER_BILLING_ADAPTER must be ledger or http, not %q", c.Billing.Adapter)
	complain(!oneOf(c.LogLevel, "debug", "info", "warn", "error"), "HANDOVER_LOG_LEVEL must be debug, info, warn or error, not %q", c.LogLevel)
	complain(c.Billing.Adapter == "http" && !httpURL(c.Billing.URL), "HANDOVER_BILLING_URL must be an http or https address when the adapter is http")
	complain(c.Billing.CallbackListen != "" && c.Billing.CallbackToken == "", "HANDOVER_BILLING_CALLBACK_TOKEN is required with HANDOVER_BILLING_CALLBACK_LISTEN")
	complain(c.Transfers.MaxListedItems < 1, "HANDOVER_TRANSFERS_MAX_LISTED_ITEMS must be at least 1")
	complain(c.Transfers.ItemDeadline < 0, "HANDOVER_TRANSFERS_ITEM_DEADLINE must not be negative")
	complain(c.Worker.CachedWorkflows < 1 || c.Worker.Activities < 1, "HANDOVER_WORKER_CACHED_WORKFLOWS and HANDOVER_WORKER_ACTIVITIES must be at least 1")
	complain((c.Worker.Deployment == "") != (c.Worker.BuildID == ""), "HANDOVER_WORKER_DEPLOYMENT and HANDOVER_WORKER_BUILD_ID go together")
	for _, t := range c.Transfers.ProductTypes {
		complain(!known(t), "HANDOVER_TRANSFERS_PRODUCT_TYPES does not know %q", t)
	}
	return errors.Join(wrong...)
}

// NeedsLedger refuses a configuration without a ledger, for programs that cannot do without.
func (c Config) NeedsLedger() error {
	scheme, _, ok := strings.Cut(c.LedgerURL, "://")
	if !ok || !oneOf(scheme, "postgres", "postgresql", "sqlite") {
		return errors.New("HANDOVER_LEDGER_URL must name the ledger's database: postgres://user@host/handover or sqlite:///path/ledger.db")
	}
	return nil
}

// Policy is the domain's view of the settings.
func (t Transfer) Policy() transfer.Policy {
	p := transfer.DefaultPolicy()
	p.MaxListedItems = t.MaxListedItems
	p.DeclineDisabled = !t.DeclineAllowed
	p.ItemDeadline = t.ItemDeadline
	if len(t.ProductTypes) > 0 {
		p.ProductTypes = nil
		for _, name := range t.ProductTypes {
			p.ProductTypes = append(p.ProductTypes, transfer.ProductType(name))
		}
	}
	return p
}

// Temporal reads the connection to Temporal from TEMPORAL_… variables and Temporal's configuration file.
func Temporal() (client.Options, error) {
	options, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return options, fmt.Errorf("the connection to Temporal could not be configured, check the TEMPORAL_… variables: %w", err)
	}
	if options.HostPort == "" {
		options.HostPort = client.DefaultHostPort
	}
	if options.Namespace == "" {
		options.Namespace = client.DefaultNamespace
	}
	return options, nil
}

func oneOf(value string, allowed ...string) bool {
	for _, a := range allowed {
		if value == a {
			return true
		}
	}
	return false
}

func httpURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func known(name string) bool {
	for _, t := range transfer.ProductTypes() {
		if string(t) == name {
			return true
		}
	}
	return false
}
