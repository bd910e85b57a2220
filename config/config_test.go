package config

import (
	"encoding/base64"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/subscription"
	"handover/internal/transfer"
)

func TestAnEmptyEnvironmentIsEnough(t *testing.T) {
	c, err := Load()
	require.NoError(t, err)
	assert.Equal(t, "ledger", c.Billing.Adapter)
	assert.Equal(t, transfer.DefaultPolicy(), c.Transfers.Policy())
	assert.Equal(t, subscription.DefaultRules(), c.Transfers.Subscriptions())
	assert.Equal(t, 72*time.Hour, c.Transfers.CancellationWindow) // D1, C-4
	require.ErrorContains(t, c.NeedsLedger(), "HANDOVER_LEDGER_URL")
}

func TestSettingsReachThePolicy(t *testing.T) {
	t.Setenv("HANDOVER_TRANSFERS_PRODUCT_TYPES", "OnlineServicesNCE,SaaS")
	t.Setenv("HANDOVER_TRANSFERS_MAX_LISTED_ITEMS", "25")
	t.Setenv("HANDOVER_TRANSFERS_DECLINE_ALLOWED", "false")
	t.Setenv("HANDOVER_TRANSFERS_ITEM_DEADLINE", "240h")
	t.Setenv("HANDOVER_TRANSFERS_CANCELLATION_WINDOW", "168h")
	t.Setenv("HANDOVER_TRANSFERS_ANY_CUSTOMER_ADDRESS", "true")
	t.Setenv("HANDOVER_TRANSFERS_PER_CUSTOMER", "3")
	t.Setenv("HANDOVER_TRANSFERS_PER_DAY", "0")
	c, err := Load()
	require.NoError(t, err)
	assert.Equal(t, transfer.Policy{
		ProductTypes:   []subscription.ProductType{subscription.OnlineServicesNCE, subscription.SaaS}, // OQ-5
		MaxListedItems: 25, DeclineDisabled: true, ItemDeadline: 240 * time.Hour,
		Asking: transfer.Asking{AnyAddress: true, PerCustomer: 3}, // E4
	}, c.Transfers.Policy())
	assert.Equal(t, subscription.Rules{CancellationWindow: 168 * time.Hour}, c.Transfers.Subscriptions()) // C-4
}

func TestEverythingWrongIsNamedAtOnce(t *testing.T) {
	for name, value := range map[string]string{
		"HANDOVER_SMTP_PORT":                     "70000",
		"HANDOVER_SMTP_TLS":                      "maybe",
		"HANDOVER_MAIL_TRANSFER_URL":             "https://portal.example/transfers",
		"HANDOVER_BILLING_ADAPTER":               "fax",
		"HANDOVER_LOG_LEVEL":                     "loud",
		"HANDOVER_BILLING_CALLBACK_LISTEN":       ":9000",
		"HANDOVER_BILLING_CALLBACK_TLS_KEY":      "key.pem",
		"HANDOVER_API_TLS_CERTIFICATE":           "certificate.pem",
		"HANDOVER_TRANSFERS_MAX_LISTED_ITEMS":    "0",
		"HANDOVER_TRANSFERS_ITEM_DEADLINE":       "-1s",
		"HANDOVER_TRANSFERS_CANCELLATION_WINDOW": "-1s",
		"HANDOVER_TRANSFERS_PRODUCT_TYPES":       "Fax",
		"HANDOVER_TRANSFERS_PER_CUSTOMER":        "-1",
		"HANDOVER_WORKER_ACTIVITIES":             "0",
		"HANDOVER_WORKER_BUILD_ID":               "b1",
	} {
		t.Setenv(name, value)
	}
	_, err := Load()
	for _, said := range []string{
		"SMTP_PORT", "SMTP_TLS", "HANDOVER_MAIL_TRANSFER_URL", "BILLING_ADAPTER", "LOG_LEVEL", "CALLBACK_TOKEN", "MAX_LISTED_ITEMS", "PER_CUSTOMER", "ITEM_DEADLINE", "CANCELLATION_WINDOW", `"Fax"`,
		"HANDOVER_WORKER_ACTIVITIES", "HANDOVER_WORKER_DEPLOYMENT", "HANDOVER_BILLING_CALLBACK_TLS_CERTIFICATE", "HANDOVER_API_TLS_KEY",
	} {
		assert.ErrorContains(t, err, said)
	}
}

func TestAnUnreadableSettingIsAnError(t *testing.T) {
	t.Setenv("HANDOVER_SMTP_TIMEOUT", "soon")
	_, err := Load()
	require.ErrorContains(t, err, "environment")
}

// Whoever set the variable knows its name, and not that of the field it fills. A secret is not repeated.
func TestWhatCannotBeReadIsNamedByItsVariable(t *testing.T) {
	t.Setenv("HANDOVER_TRANSFERS_TEMPORAL_COMMANDS", "maybe")
	t.Setenv("HANDOVER_SMTP_TIMEOUT", "soon") // HANDOVER_BILLING_TIMEOUT fills a field of the same name
	t.Setenv("HANDOVER_TRANSFERS_COMMAND_KEY", "hidden")
	_, err := Load()
	require.ErrorContains(t, err, "HANDOVER_TRANSFERS_TEMPORAL_COMMANDS cannot be read: ")
	require.ErrorContains(t, err, "HANDOVER_SMTP_TIMEOUT cannot be read: ")
	require.ErrorContains(t, err, "HANDOVER_TRANSFERS_COMMAND_KEY cannot be read: ")
	assert.NotContains(t, err.Error(), "hidden")
	assert.NotContains(t, err.Error(), "field")
}

func TestACallbackPortMayHaveACertificate(t *testing.T) {
	t.Setenv("HANDOVER_BILLING_CALLBACK_LISTEN", ":9000")
	t.Setenv("HANDOVER_BILLING_CALLBACK_TOKEN", "ring")
	t.Setenv("HANDOVER_BILLING_CALLBACK_TLS_CERTIFICATE", "certificate.pem")
	t.Setenv("HANDOVER_BILLING_CALLBACK_TLS_KEY", "key.pem")
	c, err := Load()
	require.NoError(t, err)
	assert.Equal(t, "certificate.pem", c.Billing.CallbackTLSCertificate)
	assert.Equal(t, "key.pem", c.Billing.CallbackTLSKey)
}

func TestHostsAreNames(t *testing.T) {
	for hosts, fine := range map[string]bool{
		"": true, "api.example": true, "api.example,10.0.0.7,xn--bcher-kva.example": true, "*": true,
		"https://api.example": false, "api.example:8443": false, "api.example/v1": false, "*.example": false, "a b": false, "api.example,,": false, "u@api.example": false,
	} {
		t.Setenv("HANDOVER_HTTP_HOSTS", hosts)
		_, err := Load()
		if fine {
			assert.NoError(t, err, hosts)
		} else {
			assert.ErrorContains(t, err, "HANDOVER_HTTP_HOSTS", hosts)
		}
	}
}

func TestHTTPBillingNeedsAnAddress(t *testing.T) {
	t.Setenv("HANDOVER_BILLING_ADAPTER", "http")
	t.Setenv("HANDOVER_BILLING_URL", "billing.example")
	_, err := Load()
	require.ErrorContains(t, err, "HANDOVER_BILLING_URL")
}

func TestLedgerAddresses(t *testing.T) {
	for address, fine := range map[string]bool{
		"postgres://u@h/handover": true, "postgresql://h/handover": true, "sqlite:///data/ledger.db": true,
		"": false, "mysql://h/x": false, "ledger.db": false,
	} {
		assert.Equal(t, fine, Config{LedgerURL: address}.NeedsLedger() == nil, address)
	}
}

func TestTemporalDefaultsToThisMachine(t *testing.T) {
	t.Setenv("TEMPORAL_CONFIG_FILE", "/dev/null")
	for _, name := range []string{"TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE"} {
		t.Setenv(name, "")
	}
	options, err := Temporal()
	require.NoError(t, err)
	assert.Equal(t, "localhost:7233", options.HostPort)
	assert.Equal(t, "default", options.Namespace)
}

func TestEncryptionKeys(t *testing.T) {
	secret := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))
	t.Setenv("HANDOVER_TEMPORAL_ENCRYPTION_KEYS", "2027-01:"+secret)
	c, err := Load()
	require.NoError(t, err)
	assert.True(t, c.Payloads.EncryptionKeys.Encrypts())
	assert.NotContains(t, os.Environ(), "HANDOVER_TEMPORAL_ENCRYPTION_KEYS=2027-01:"+secret, "programs that this one starts do not get it")

	t.Setenv("HANDOVER_TEMPORAL_ENCRYPTION_KEYS", "2027-01:"+secret+",2028-01:short")
	_, err = Load()
	require.ErrorContains(t, err, "the key 2028-01 must be 32 random bytes in base64")
	assert.ErrorContains(t, err, "HANDOVER_TEMPORAL_ENCRYPTION_KEYS")
	assert.NotContains(t, err.Error(), secret)
}

func TestTheCodecIsForNamedOperatorsOnly(t *testing.T) {
	const tenant = "0a1b2c3d-0000-4000-8000-000000000001"
	key := "a:" + base64.StdEncoding.EncodeToString(make([]byte, 32))
	for name, c := range map[string]struct{ keys, tenant, role, origin, encode, says string }{
		"off":                     {},
		"for the CLI":             {keys: key, tenant: tenant, role: "Reader"},
		"for the Web UI":          {keys: key, tenant: tenant, role: "Reader", origin: "https://temporal.example:8443", encode: "true"},
		"no keys":                 {tenant: tenant, role: "Reader", says: "HANDOVER_TEMPORAL_ENCRYPTION_KEYS is required"},
		"no GUID":                 {keys: key, tenant: "contoso", role: "Reader", says: "HANDOVER_CODEC_TENANT must be the GUID"},
		"a page without a tenant": {keys: key, role: "Reader", origin: "https://temporal.example", says: "HANDOVER_CODEC_TENANT is required"},
		"encoding for nobody":     {keys: key, role: "Reader", encode: "true", says: "HANDOVER_CODEC_TENANT is required"},
		"no role":                 {keys: key, tenant: tenant, role: " ", says: "HANDOVER_CODEC_ROLE must name a role"},
		"any page":                {keys: key, tenant: tenant, role: "Reader", origin: "*", says: "HANDOVER_CODEC_ORIGIN"},
		"a slash":                 {keys: key, tenant: tenant, role: "Reader", origin: "https://temporal.example/", says: "HANDOVER_CODEC_ORIGIN"},
		"a path":                  {keys: key, tenant: tenant, role: "Reader", origin: "https://temporal.example/ui", says: "HANDOVER_CODEC_ORIGIN"},
		"capitals":                {keys: key, tenant: tenant, role: "Reader", origin: "https://Temporal.example", says: "HANDOVER_CODEC_ORIGIN"},
	} {
		t.Run(name, func(t *testing.T) {
			for variable, value := range map[string]string{
				"HANDOVER_TEMPORAL_ENCRYPTION_KEYS": c.keys, "HANDOVER_CODEC_TENANT": c.tenant, "HANDOVER_CODEC_ROLE": c.role,
				"HANDOVER_CODEC_ORIGIN": c.origin, "HANDOVER_CODEC_ENCODE": c.encode,
			} {
				if value != "" {
					t.Setenv(variable, value)
				}
			}
			_, err := Load()
			if c.says == "" {
				require.NoError(t, err)
				return
			}
			assert.ErrorContains(t, err, c.says)
		})
	}
}

// what signs names an address where partners can have the certificate, and only that.
func TestCertificatesAreAtAnAddressOfPartners(t *testing.T) {
	for _, c := range []struct {
		address string
		plain   bool
		fine    bool
	}{
		{address: "", fine: false}, {address: "", plain: true, fine: true},
		{address: "http://handover.example", fine: false}, {address: "http://handover.example", plain: true, fine: true},
		{address: "https://handover.example", fine: true}, {address: "HTTPS://handover.example/", fine: true},
	} {
		t.Setenv("HANDOVER_WEBHOOKS_PLAIN_HTTP_ANYWHERE", strconv.FormatBool(c.plain))
		t.Setenv("HANDOVER_WEBHOOKS_PUBLIC_URL", c.address)
		settings, err := Load()
		require.NoError(t, err)
		err = settings.Webhooks.NeedsPublicURL()
		assert.Equal(t, c.fine, err == nil, c)
		if err != nil {
			assert.ErrorContains(t, err, "HANDOVER_WEBHOOKS_PUBLIC_URL must be the https address")
		}
	}
}
