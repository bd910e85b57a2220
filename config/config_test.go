package config

import (
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
	require.ErrorContains(t, c.NeedsLedger(), "HANDOVER_LEDGER_URL")
}

func TestSettingsReachThePolicy(t *testing.T) {
	t.Setenv("HANDOVER_TRANSFERS_PRODUCT_TYPES", "OnlineServicesNCE,SaaS")
	t.Setenv("HANDOVER_TRANSFERS_MAX_LISTED_ITEMS", "25")
	t.Setenv("HANDOVER_TRANSFERS_DECLINE_ALLOWED", "false")
	t.Setenv("HANDOVER_TRANSFERS_ITEM_DEADLINE", "240h")
	t.Setenv("HANDOVER_TRANSFERS_CANCELLATION_WINDOW", "72h")
	c, err := Load()
	require.NoError(t, err)
	assert.Equal(t, transfer.Policy{
		ProductTypes:   []subscription.ProductType{subscription.OnlineServicesNCE, subscription.SaaS}, // OQ-5
		MaxListedItems: 25, DeclineDisabled: true, ItemDeadline: 240 * time.Hour,
	}, c.Transfers.Policy())
	assert.Equal(t, subscription.Rules{CancellationWindow: 72 * time.Hour}, c.Transfers.Subscriptions()) // C-4
}

func TestEverythingWrongIsNamedAtOnce(t *testing.T) {
	for name, value := range map[string]string{
		"HANDOVER_SMTP_PORT":                     "70000",
		"HANDOVER_SMTP_TLS":                      "maybe",
		"HANDOVER_BILLING_ADAPTER":               "fax",
		"HANDOVER_LOG_LEVEL":                     "loud",
		"HANDOVER_BILLING_CALLBACK_LISTEN":       ":9000",
		"HANDOVER_BILLING_CALLBACK_TLS_KEY":      "key.pem",
		"HANDOVER_API_TLS_CERTIFICATE":           "certificate.pem",
		"HANDOVER_TRANSFERS_MAX_LISTED_ITEMS":    "0",
		"HANDOVER_TRANSFERS_ITEM_DEADLINE":       "-1s",
		"HANDOVER_TRANSFERS_CANCELLATION_WINDOW": "-1s",
		"HANDOVER_TRANSFERS_PRODUCT_TYPES":       "Fax",
		"HANDOVER_WORKER_ACTIVITIES":             "0",
		"HANDOVER_WORKER_BUILD_ID":               "b1",
	} {
		t.Setenv(name, value)
	}
	_, err := Load()
	for _, said := range []string{
		"SMTP_PORT", "SMTP_TLS", "BILLING_ADAPTER", "LOG_LEVEL", "CALLBACK_TOKEN", "MAX_LISTED_ITEMS", "ITEM_DEADLINE", "CANCELLATION_WINDOW", `"Fax"`,
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
