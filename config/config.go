// Package config reads and checks the settings of the programs. It is the only reader of the environment.
package config

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"

	"handover/internal/kernel"
	"handover/internal/payloads"
	"handover/internal/subscription"
	"handover/internal/transfer"
	"handover/internal/webhook"
)

// Config is everything an operator can set by environment variables. Temporal's own (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE,
// TEMPORAL_API_KEY, TEMPORAL_TLS_…) are read by its SDK, see Temporal.
type Config struct {
	LedgerURL string   `env:"HANDOVER_LEDGER_URL"` // postgres://… or sqlite://…
	SMTP      SMTP     `envPrefix:"HANDOVER_SMTP_"`
	Mail      Mail     `envPrefix:"HANDOVER_MAIL_"`
	Billing   Billing  `envPrefix:"HANDOVER_BILLING_"`
	Transfers Transfer `envPrefix:"HANDOVER_TRANSFERS_"`
	Worker    Worker   `envPrefix:"HANDOVER_WORKER_"`
	API       API      `envPrefix:"HANDOVER_API_"`
	Auth      Auth     `envPrefix:"HANDOVER_AUTH_"`
	Payloads  Payloads `envPrefix:"HANDOVER_TEMPORAL_"`
	Codec     Codec    `envPrefix:"HANDOVER_CODEC_"`
	Webhooks  Webhooks `envPrefix:"HANDOVER_WEBHOOKS_"`
	HTTPHosts []string `env:"HANDOVER_HTTP_HOSTS"` // names that API and Web UI are reached under, beside this machine's own; * for any
	LogLevel  string   `env:"HANDOVER_LOG_LEVEL" envDefault:"info"`
}

// SMTP is the mail server that notifications go through.
type SMTP struct {
	Host     string        `env:"HOST" envDefault:"localhost"`
	Port     int           `env:"PORT" envDefault:"25"`
	Username string        `env:"USERNAME"`
	Password string        `env:"PASSWORD,unset"`
	From     string        `env:"FROM" envDefault:"Handover <handover@localhost.localdomain>"`
	Bounces  string        `env:"BOUNCES"`                   // where mail servers report what they could not deliver; empty: to the sender
	TLS      string        `env:"TLS" envDefault:"starttls"` // none, starttls, tls
	Timeout  time.Duration `env:"TIMEOUT" envDefault:"30s"`
}

// Mail is what mails say that depends on the deployment.
type Mail struct {
	TransferURL string `env:"TRANSFER_URL"` // where partners open a transfer; empty: mails have no link
}

// Billing chooses the system that really moves subscriptions: the ledger itself, or an operator's own over HTTP.
type Billing struct {
	Adapter        string        `env:"ADAPTER" envDefault:"ledger"` // ledger, http
	URL            string        `env:"URL"`
	Token          string        `env:"TOKEN,unset"`
	Timeout        time.Duration `env:"TIMEOUT" envDefault:"30s"`
	Poll           time.Duration `env:"POLL" envDefault:"5s"`       // first look at an accepted move, when the billing system does not say
	Concurrent     int           `env:"CONCURRENT" envDefault:"20"` // calls at once, per worker
	PerSecond      float64       `env:"PER_SECOND" envDefault:"0"`  // calls begun, of all workers together; 0 for no limit
	CallbackListen string        `env:"CALLBACK_LISTEN"`            // address for the billing system's callbacks; empty: polling only
	CallbackToken  string        `env:"CALLBACK_TOKEN,unset"`

	CallbackTLSCertificate string `env:"CALLBACK_TLS_CERTIFICATE"` // files in PEM; empty: plain HTTP
	CallbackTLSKey         string `env:"CALLBACK_TLS_KEY"`
}

// Remote tells whether subscriptions move in a billing system that is not the ledger.
func (b Billing) Remote() bool { return b.Adapter == "http" }

// Transfer holds the rules that leave a deployment a choice (transfer.Policy).
type Transfer struct {
	ProductTypes   []string      `env:"PRODUCT_TYPES"`
	MaxListedItems int           `env:"MAX_LISTED_ITEMS" envDefault:"10000"`
	DeclineAllowed bool          `env:"DECLINE_ALLOWED" envDefault:"true"`
	ItemDeadline   time.Duration `env:"ITEM_DEADLINE" envDefault:"0"`
	// What a target may ask for (transfer.Asking).
	AnyCustomerAddress bool `env:"ANY_CUSTOMER_ADDRESS" envDefault:"false"`
	PerCustomer        int  `env:"PER_CUSTOMER" envDefault:"10"`
	PerDay             int  `env:"PER_DAY" envDefault:"5000"`
	// TemporalCommands lets Temporal clients give commands by starting and signalling runs. Who may signal may claim to be
	// anybody, so a deployment with an API only closes this door.
	TemporalCommands bool `env:"TEMPORAL_COMMANDS" envDefault:"true"`
	// CommandKey signs the commands that come through Temporal, and makes workers refuse those that are not signed with it.
	CommandKey Secret `env:"COMMAND_KEY,unset"`
	// CancellationWindow is how long a licence can be cancelled after the start of its term (R-84, C-4).
	CancellationWindow time.Duration `env:"CANCELLATION_WINDOW" envDefault:"72h"`
}

// Worker sizes and versions the worker process.
type Worker struct {
	CachedWorkflows int    `env:"CACHED_WORKFLOWS" envDefault:"2000"` // bounds memory while many transfers wait
	Activities      int    `env:"ACTIVITIES" envDefault:"200"`
	MetricsListen   string `env:"METRICS_LISTEN"` // address for /metrics; empty: none
	Deployment      string `env:"DEPLOYMENT"`     // with BuildID: worker versioning
	BuildID         string `env:"BUILD_ID"`
}

// API is how the gateway serves HTTP.
type API struct {
	Listen            string  `env:"LISTEN" envDefault:"127.0.0.1:8080"`
	TLSCertificate    string  `env:"TLS_CERTIFICATE"` // files in PEM; empty: plain HTTP
	TLSKey            string  `env:"TLS_KEY"`
	RequestsPerSecond float64 `env:"REQUESTS_PER_SECOND" envDefault:"50"` // of one partner, per gateway; 0 for no limit
	Burst             int     `env:"BURST" envDefault:"100"`
	OperatorsTenant   string  `env:"OPERATORS_TENANT"` // GUID of the tenant of your own operators; empty: the API has none
	InvitationURL     string  `env:"INVITATION_URL" envDefault:"https://admin.microsoft.com/Adminportal/Home?invType=ResellerRelationship&partnerId={partnerId}&msppId=0&DAP=false#/BillingAccounts/partner-invitation"`

	JointInvitationURL string `env:"JOINT_INVITATION_URL" envDefault:"https://admin.microsoft.com/Adminportal/Home?invType=IndirectResellerRelationship&partnerId={partnerId}&msppId={mpnId}&indirectCSPId={providerId}&DAP=false#/BillingAccounts/partner-invitation"`
}

// Auth says whose access tokens the API trusts, and what their claims mean.
type Auth struct {
	Issuer           string   `env:"ISSUER"`   // OpenID Connect issuer; {tenantid} stands for the token's tenant
	Audiences        []string `env:"AUDIENCE"` // any of them
	TenantClaim      string   `env:"TENANT_CLAIM" envDefault:"tid"`
	RolesClaim       string   `env:"ROLES_CLAIM" envDefault:"roles"`
	UserClaim        string   `env:"USER_CLAIM" envDefault:"oid"`
	ApplicationClaim string   `env:"APPLICATION_CLAIM" envDefault:"azp"`
}

// Payloads says how what Temporal keeps of runs is encrypted.
type Payloads struct {
	EncryptionKeys payloads.Keys `env:"ENCRYPTION_KEYS,unset"` // id:base64,…; the first one encrypts
}

// Codec is how operators read encrypted payloads in Temporal's Web UI and CLI, through the gateway. Without a tenant they cannot.
type Codec struct {
	Tenant string `env:"TENANT"`                          // whose tokens are accepted
	Role   string `env:"ROLE" envDefault:"PayloadReader"` // that they must name
	Origin string `env:"ORIGIN"`                          // of the Web UI; empty: no page of a browser
	Encode bool   `env:"ENCODE" envDefault:"false"`       // also encrypt, for starting and signalling runs from there
}

// Webhooks says what partners are told over HTTP: which endpoints may be called, and where what is said points to.
type Webhooks struct {
	PublicURL       string         `env:"PUBLIC_URL" envDefault:"http://127.0.0.1:8080"` // where partners reach the gateway
	ResourceBase    string         `env:"RESOURCE_BASE"`                                 // where ResourceUri and AuditUri begin; empty: PublicURL
	PlainHTTP       bool           `env:"PLAIN_HTTP" envDefault:"false"`                 // partners in a sandbox may have endpoints without TLS
	PlainAnywhere   bool           `env:"PLAIN_HTTP_ANYWHERE" envDefault:"false"`        // and those in production: to develop with
	AllowedNetworks []netip.Prefix `env:"ALLOWED_NETWORKS"`                              // called although they are not public
	Certificate     string         `env:"CERTIFICATE"`                                   // files in PEM; empty: each worker makes its own
	Key             string         `env:"KEY"`
	Concurrent      int            `env:"CONCURRENT" envDefault:"50"`  // endpoints called at once, per worker
	PerEndpoint     int            `env:"PER_ENDPOINT" envDefault:"8"` // attempts at once at one of them, about different things
	Timeout         time.Duration  `env:"TIMEOUT" envDefault:"15s"`    // of one attempt
}

// Bases are where the links of what is said begin.
func (w Webhooks) Bases() webhook.Bases {
	return webhook.Bases{Resources: cmp.Or(w.ResourceBase, w.PublicURL), Certificates: w.PublicURL}
}

// NeedsPublicURL refuses a configuration that would have partners take certificates from an address that is not theirs to reach, or that
// anybody could answer for, for programs that sign. Where plain HTTP is allowed things are only tried out.
func (w Webhooks) NeedsPublicURL() error {
	if w.PlainAnywhere || strings.HasPrefix(strings.ToLower(w.PublicURL), "https://") {
		return nil
	}
	return errors.New("HANDOVER_WEBHOOKS_PUBLIC_URL must be the https address at which partners reach the gateway: they take the certificates of signatures from there. " +
		"Where everything is only tried out, HANDOVER_WEBHOOKS_PLAIN_HTTP_ANYWHERE=true allows http")
}

// OnThisMachine are the settings where everything runs on one machine, to try it out: receivers on it are called, without TLS.
func (w Webhooks) OnThisMachine() Webhooks {
	w.PlainAnywhere = true
	w.AllowedNetworks = append(slices.Clone(w.AllowedNetworks), netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"))
	return w
}

// Addresses are the endpoints that may be registered.
func (w Webhooks) Addresses() webhook.Addresses {
	return webhook.Addresses{PlainHTTP: w.PlainHTTP, PlainAnywhere: w.PlainAnywhere, Networks: w.AllowedNetworks}
}

// mostAttempt bounds one attempt to tell an endpoint, and mostPerEndpoint how many are made at once at one.
const (
	mostAttempt     = time.Minute
	mostPerEndpoint = 16
)

func (w Webhooks) check(wrong *complaints) {
	wrong.when(!httpURL(w.PublicURL), "HANDOVER_WEBHOOKS_PUBLIC_URL must be the http or https address that partners reach the gateway at")
	wrong.when(w.ResourceBase != "" && !httpURL(w.ResourceBase), "HANDOVER_WEBHOOKS_RESOURCE_BASE must be an http or https address")
	wrong.when((w.Certificate == "") != (w.Key == ""), "HANDOVER_WEBHOOKS_CERTIFICATE and HANDOVER_WEBHOOKS_KEY go together")
	wrong.when(w.Concurrent < 1, "HANDOVER_WEBHOOKS_CONCURRENT must be at least 1")
	wrong.when(w.PerEndpoint < 1 || w.PerEndpoint > mostPerEndpoint, "HANDOVER_WEBHOOKS_PER_ENDPOINT must be from 1 to %d", mostPerEndpoint)
	wrong.when(w.Timeout <= 0 || w.Timeout > mostAttempt, "HANDOVER_WEBHOOKS_TIMEOUT must be positive and at most %s", mostAttempt)
}

// Secret is a key in base64.
type Secret []byte

// leastSecret is the size of a key in bytes, as HMAC-SHA-256 wants it at least.
const leastSecret = 32

// UnmarshalText reads the key. The error says nothing of it.
func (s *Secret) UnmarshalText(text []byte) error {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) < leastSecret {
		return fmt.Errorf("it must be at least %d random bytes in base64, as from: openssl rand -base64 %d", leastSecret, leastSecret)
	}
	*s = key
	return nil
}

// mostPatience bounds one request of a billing system, well within the attempt that makes it.
const mostPatience = 4 * time.Minute

// Load reads the environment. The error names every setting that is wrong and what it must be.
func Load() (Config, error) {
	c, err := env.ParseAs[Config]()
	if err != nil {
		return c, fmt.Errorf("the environment could not be read: %w", named(err))
	}
	return c, c.check()
}

// complaints are what is wrong with the settings.
type complaints []error

// when complains if that is bad.
func (c *complaints) when(bad bool, format string, args ...any) {
	if bad {
		*c = append(*c, fmt.Errorf(format, args...))
	}
}

func (c Config) check() error {
	var wrong complaints
	wrong.when(!oneOf(c.LogLevel, "debug", "info", "warn", "error"), "HANDOVER_LOG_LEVEL must be debug, info, warn or error, not %q", c.LogLevel)
	c.SMTP.check(&wrong)
	c.Mail.check(&wrong)
	c.Billing.check(&wrong)
	c.Transfers.check(&wrong)
	c.Worker.check(&wrong)
	c.API.check(&wrong)
	c.Auth.check(&wrong)
	c.Webhooks.check(&wrong)
	for _, problem := range c.Codec.problems(c.Payloads) {
		wrong.when(true, "%s", problem)
	}
	for _, h := range c.HTTPHosts {
		wrong.when(h != "*" && !hostName(h), "HANDOVER_HTTP_HOSTS must be host names without scheme, port and path, or *, not %q", h)
	}
	return errors.Join(wrong...)
}

func (s SMTP) check(wrong *complaints) {
	wrong.when(s.Port < 1 || s.Port > 65535, "HANDOVER_SMTP_PORT must be a port from 1 to 65535, not %d", s.Port)
	wrong.when(!oneOf(s.TLS, "none", "starttls", "tls"), "HANDOVER_SMTP_TLS must be none, starttls or tls, not %q", s.TLS)
}

func (m Mail) check(wrong *complaints) {
	wrong.when(m.TransferURL != "" && (!httpURL(m.TransferURL) || !strings.Contains(m.TransferURL, "{transferId}")),
		"HANDOVER_MAIL_TRANSFER_URL must be an http or https address that contains {transferId}, where the transfer's id goes")
}

func (b Billing) check(wrong *complaints) {
	wrong.when(!oneOf(b.Adapter, "ledger", "http"), "HANDOVER_BILLING_ADAPTER must be ledger or http, not %q", b.Adapter)
	wrong.when(b.Remote() && !httpURL(b.URL), "HANDOVER_BILLING_URL must be an http or https address when the adapter is http")
	wrong.when(b.Timeout <= 0 || b.Timeout > mostPatience, "HANDOVER_BILLING_TIMEOUT must be positive and at most %s; what takes longer is answered with 202", mostPatience)
	wrong.when(b.Poll <= 0, "HANDOVER_BILLING_POLL must be positive")
	wrong.when(b.Concurrent < 1 || b.PerSecond < 0, "HANDOVER_BILLING_CONCURRENT must be at least 1 and HANDOVER_BILLING_PER_SECOND must not be negative")
	wrong.when(b.CallbackListen != "" && b.CallbackToken == "", "HANDOVER_BILLING_CALLBACK_TOKEN is required with HANDOVER_BILLING_CALLBACK_LISTEN")
	wrong.when((b.CallbackTLSCertificate == "") != (b.CallbackTLSKey == ""),
		"HANDOVER_BILLING_CALLBACK_TLS_CERTIFICATE and HANDOVER_BILLING_CALLBACK_TLS_KEY go together")
}

func (t Transfer) check(wrong *complaints) {
	wrong.when(t.MaxListedItems < 1, "HANDOVER_TRANSFERS_MAX_LISTED_ITEMS must be at least 1")
	wrong.when(t.ItemDeadline < 0, "HANDOVER_TRANSFERS_ITEM_DEADLINE must not be negative")
	wrong.when(t.PerCustomer < 0 || t.PerDay < 0, "HANDOVER_TRANSFERS_PER_CUSTOMER and HANDOVER_TRANSFERS_PER_DAY must not be negative; 0 is no bound")
	wrong.when(t.CancellationWindow < 0, "HANDOVER_TRANSFERS_CANCELLATION_WINDOW must not be negative")
	for _, name := range t.ProductTypes {
		wrong.when(!known(name), "HANDOVER_TRANSFERS_PRODUCT_TYPES does not know %q", name)
	}
}

func (w Worker) check(wrong *complaints) {
	wrong.when(w.CachedWorkflows < 1 || w.Activities < 1, "HANDOVER_WORKER_CACHED_WORKFLOWS and HANDOVER_WORKER_ACTIVITIES must be at least 1")
	wrong.when((w.Deployment == "") != (w.BuildID == ""), "HANDOVER_WORKER_DEPLOYMENT and HANDOVER_WORKER_BUILD_ID go together")
}

func (a API) check(wrong *complaints) {
	wrong.when((a.TLSCertificate == "") != (a.TLSKey == ""), "HANDOVER_API_TLS_CERTIFICATE and HANDOVER_API_TLS_KEY go together")
	wrong.when(a.RequestsPerSecond < 0 || a.Burst < 1, "HANDOVER_API_REQUESTS_PER_SECOND must not be negative and HANDOVER_API_BURST must be at least 1")
	_, noID := kernel.ParseID("", a.OperatorsTenant)
	wrong.when(a.OperatorsTenant != "" && noID != nil, "HANDOVER_API_OPERATORS_TENANT must be the GUID of the tenant of your own operators")
	wrong.when(!strings.Contains(a.InvitationURL, "{partnerId}"), "HANDOVER_API_INVITATION_URL must contain {partnerId}, where the partner's id goes")
	wrong.when(!strings.Contains(a.JointInvitationURL, "{partnerId}") || !strings.Contains(a.JointInvitationURL, "{providerId}"),
		"HANDOVER_API_JOINT_INVITATION_URL must contain {partnerId} and {providerId}, where the ids of reseller and provider go")
}

func (a Auth) check(wrong *complaints) {
	wrong.when(a.Issuer != "" && !httpURL(a.Issuer), "HANDOVER_AUTH_ISSUER must be the http or https address of an OpenID Connect issuer")
	wrong.when(a.Issuer != "" && len(a.Audiences) == 0, "HANDOVER_AUTH_AUDIENCE is required with HANDOVER_AUTH_ISSUER: it names this API in the issuer's tokens")
}

// NeedsLedger refuses a configuration without a ledger, for programs that cannot do without.
func (c Config) NeedsLedger() error {
	scheme, _, ok := strings.Cut(c.LedgerURL, "://")
	if !ok || !oneOf(scheme, "postgres", "postgresql", "sqlite") {
		return errors.New("HANDOVER_LEDGER_URL must name the ledger's database: postgres://user@host/handover or sqlite:///path/ledger.db")
	}
	return nil
}

// NeedsIssuer refuses a configuration that trusts nobody's tokens, for programs that serve the API.
func (c Config) NeedsIssuer() error {
	if c.Auth.Issuer == "" {
		return errors.New("HANDOVER_AUTH_ISSUER must name the OpenID Connect issuer whose access tokens the API accepts")
	}
	return nil
}

// Policy is the domain's view of the settings.
func (t Transfer) Policy() transfer.Policy {
	p := transfer.DefaultPolicy()
	p.MaxListedItems = t.MaxListedItems
	p.DeclineDisabled = !t.DeclineAllowed
	p.ItemDeadline = t.ItemDeadline
	p.Asking = transfer.Asking{AnyAddress: t.AnyCustomerAddress, PerCustomer: t.PerCustomer, PerDay: t.PerDay}
	if len(t.ProductTypes) > 0 {
		p.ProductTypes = nil
		for _, name := range t.ProductTypes {
			p.ProductTypes = append(p.ProductTypes, subscription.ProductType(name))
		}
	}
	return p
}

// Subscriptions is the domain's view of what may be changed about a subscription.
func (t Transfer) Subscriptions() subscription.Rules {
	return subscription.Rules{CancellationWindow: t.CancellationWindow}
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

// problems are what stands against serving the codec.
func (c Codec) problems(p Payloads) []string {
	var all []string
	_, err := kernel.ParseID("HANDOVER_CODEC_TENANT", c.Tenant)
	switch {
	case c.Tenant == "" && (c.Origin != "" || c.Encode):
		all = append(all, "HANDOVER_CODEC_TENANT is required with HANDOVER_CODEC_ORIGIN and HANDOVER_CODEC_ENCODE: it is the tenant of your own operators")
	case c.Tenant != "" && err != nil:
		all = append(all, "HANDOVER_CODEC_TENANT must be the GUID of the tenant of your own operators")
	case c.Tenant != "" && !p.EncryptionKeys.Any():
		all = append(all, "HANDOVER_TEMPORAL_ENCRYPTION_KEYS is required with HANDOVER_CODEC_TENANT: there is nothing to decrypt with")
	}
	if c.Tenant != "" && strings.TrimSpace(c.Role) == "" {
		all = append(all, "HANDOVER_CODEC_ROLE must name a role: without one everybody in the tenant could read everything")
	}
	if c.Origin != "" && !origin(c.Origin) {
		all = append(all, "HANDOVER_CODEC_ORIGIN must be the origin of the Web UI, as https://temporal.example: no path, no slash at its end, no *")
	}
	return all
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

// origin tells whether the text is one as browsers write it.
func origin(text string) bool {
	u, err := url.Parse(text)
	return err == nil && httpURL(text) && text == u.Scheme+"://"+strings.ToLower(u.Host)
}

// hostName tells whether the text is a host as a URL has it, and nothing more.
func hostName(text string) bool {
	u, err := url.Parse("http://" + text)
	return err == nil && text != "" && u.Host == text && u.Port() == "" && !strings.ContainsAny(text, "*:[]")
}

func known(name string) bool {
	for _, t := range subscription.ProductTypes() {
		if string(t) == name {
			return true
		}
	}
	return false
}
