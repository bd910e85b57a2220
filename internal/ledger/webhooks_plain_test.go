package ledger

import (
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/webhook"
)

// whether an endpoint needs TLS is a matter of where its partner is, and not of the deployment alone.
func TestPlainEndpointsAreForSandboxes(t *testing.T) {
	onBoth(t, withSandboxes(worldOf(1)), func(t *testing.T, f fixture) {
		permits := webhook.Addresses{PlainHTTP: true}
		plain := everyEvent()
		plain.URL = "http://hooks.example/"
		registers := func(partner string, rules webhook.Addresses) error {
			_, err := f.RegisterWebhook(t.Context(), command.Terms[webhook.Registration]{}, partner, plain, rules)
			return err
		}
		replaces := func(partner string, rules webhook.Addresses) error {
			_, err := f.ReplaceWebhook(t.Context(), command.Terms[webhook.Registration]{}, partner, plain, rules)
			return err
		}
		refuses(t, registers(targetID, permits), webhook.AddressRefused)
		refuses(t, registers(boxedOther, webhook.Addresses{}), webhook.AddressRefused)
		require.NoError(t, registers(boxedOther, permits))
		f.register(targetID, everyEvent())
		refuses(t, replaces(targetID, permits), webhook.AddressRefused)
		require.NoError(t, replaces(boxedOther, permits))
		refuses(t, replaces(boxedOther, webhook.Addresses{}), webhook.AddressRefused)
		require.NoError(t, replaces(targetID, webhook.Addresses{PlainAnywhere: true}))
	})
}
