package webhook_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/kernel/kerneltest"
	"handover/internal/webhook"
)

const partner = "aaaaaaaa-0000-4000-8000-000000000001"

var noon = kerneltest.At("2026-11-26T12:00:00Z")

func wish() webhook.Wish {
	return webhook.Wish{URL: "https://hooks.example/handover", Events: []string{"test-created", "create-transfer"}}
}

func TestAddressesOfEndpoints(t *testing.T) {
	t.Parallel()
	strict, sandbox := webhook.Addresses{}, webhook.Addresses{PlainHTTP: true, Networks: webhook.Networks{netip.MustParsePrefix("127.0.0.0/8")}}.InSandbox()
	for _, url := range []string{
		"https://hooks.example/handover", "https://hooks.example:8443/a?b=c", "https://hooks.example:80/", "https://hooks.example:65535/", "https://xn--bcher-kva.example/", "https://8.8.8.8/", "https://[2606:4700:4700::1111]:443/",
		"https://a_b.hooks.example.", "HTTPS://Hooks.Example/",
	} {
		assert.NoError(t, strict.Check(url), url)
	}
	for url, says := range map[string]string{
		"":                                    "whole address",
		"hooks.example":                       "whole address",
		"https://":                            "whole address",
		"https:hooks.example":                 "whole address",
		"https://hooks.example/a b":           "whole address",
		`https://hooks.example\@127.0.0.1/`:   "whole address",
		"http://hooks.example/":               "https://",
		"ftp://hooks.example/":                "https://",
		"file:///etc/passwd":                  "whole address",
		"https://user:secret@hooks.example/":  "no user",
		"https://hooks.example/#a":            "no fragment",
		"https://hooks.example:0/":            "port",
		"https://hooks.example:65536/":        "port",
		"https://hooks.example:25/":           "known for another service",
		"https://hooks.example:22/":           "known for another service",
		"https://hooks.example:6379/":         "known for another service",
		"https://8.8.8.8:6667/":               "known for another service",
		"https://127.0.0.1/":                  "public internet",
		"https://[::1]/":                      "public internet",
		"https://[::ffff:10.0.0.1]/":          "public internet",
		"https://[fe80::1%25eth0]/":           "public internet",
		"https://169.254.169.254/latest/":     "public internet",
		"https://localhost/":                  "public internet",
		"https://localhost./":                 "public internet",
		"https://intranet/":                   "public internet",
		"https://metadata.google.internal/":   "public internet",
		"https://printer.local/":              "public internet",
		"https://kubernetes.default.svc/":     "public internet",
		"https://a.b.svc.cluster/":            "public internet",
		"https://A.b.SVC./":                   "public internet",
		"https://files.corp/":                 "public internet",
		"https://vault.service.consul/":       "public internet",
		"https://LOCALHOST.localdomain:8443/": "public internet",
		"https://0x7f.1/":                     "number",
		"https://127.1/":                      "number",
		"https://10.0.0.010/":                 "number",
		"https://1.2.3.4.5/":                  "number",
		"https://bücher.example/":             "ASCII",
		"https://a..example/":                 "ASCII",
		"https://-a.example/":                 "ASCII",
		"https://a!.example/":                 "ASCII",
		"https://2130706433/":                 "public internet",
	} {
		r := kerneltest.Refused(t, strict.Check(url), webhook.AddressRefused)
		assert.Contains(t, r.Message, says, url)
	}
	for url, allowed := range map[string]bool{
		"http://127.0.0.1:25/": true, "http://localhost:25/": true, "http://8.8.8.8:25/": false, "http://[::ffff:127.0.0.1]:25/": true,
		"http://127.0.0.1:8123/": true, "http://localhost:8123/": true, "http://10.0.0.1/": false, "http://hooks.example/": true, "http://intranet/": false,
	} {
		assert.Equal(t, allowed, sandbox.Check(url) == nil, url)
	}
	const plain = "http://hooks.example/"
	for name, is := range map[string]struct {
		rules   webhook.Addresses
		allowed bool
	}{
		"a sandbox, unless the deployment permits it":      {webhook.Addresses{}.InSandbox(), false},
		"production, whatever is permitted to sandboxes":   {webhook.Addresses{PlainHTTP: true}, false},
		"production, where the deployment is to develop":   {webhook.Addresses{PlainAnywhere: true}, true},
		"a sandbox, where the deployment is to develop":    {webhook.Addresses{PlainAnywhere: true}.InSandbox(), true},
		"a sandbox where it is permitted":                  {webhook.Addresses{PlainHTTP: true}.InSandbox(), true},
		"production, by the rules of a sandbox before it ": {func() webhook.Addresses { a := webhook.Addresses{PlainHTTP: true}; a.InSandbox(); return a }(), false},
	} {
		assert.Equal(t, is.allowed, is.rules.Check(plain) == nil, name)
	}
	kerneltest.RefusedFor(t, strict.Check("https://hooks.example/"+strings.Repeat("x", webhook.LongestURL)), "WebhookUrl", webhook.LongestURL)
	kerneltest.Refused(t, strict.Check("https://hooks.example/\u202e"), kernel.InvalidInput)
}

func TestRegistering(t *testing.T) {
	t.Parallel()
	rules := webhook.Addresses{}
	kerneltest.Rule(t, "R-230 a partner has one address and a set of events", func(t *testing.T) {
		w := wish()
		w.Events = []string{" Create-Transfer", "test-created", "CREATE-TRANSFER"}
		r, err := rules.Register(partner, w, noon)
		require.NoError(t, err)
		assert.Equal(t, webhook.Registration{
			PartnerTenantID: partner, URL: w.URL, Events: []webhook.EventName{webhook.TestCreated, webhook.CreateTransfer}, Format: webhook.PartnerCenter,
			CreatedAt: noon, ModifiedAt: noon, CalledSince: noon,
		}, r)
		assert.True(t, r.Wants(webhook.CreateTransfer))
		assert.False(t, r.Wants(webhook.FailTransfer))
		later, err := rules.Replace(r, wish(), noon.Add(time.Hour))
		require.NoError(t, err)
		assert.Equal(t, r.SubscriberID(), later.SubscriberID())
		assert.Equal(t, noon, later.CreatedAt)
		assert.Equal(t, noon.Add(time.Hour), later.ModifiedAt)
	})
	kerneltest.Rule(t, "R-232 the events are those that clients know", func(t *testing.T) {
		for _, name := range webhook.EventNames() {
			w := wish()
			w.Events = []string{string(name)}
			r, err := rules.Register(partner, w, noon)
			require.NoError(t, err)
			assert.True(t, r.Wants(name))
		}
		assert.Len(t, webhook.EventNames(), 8)
	})
	kerneltest.Rule(t, "R-233 an unknown event is refused", func(t *testing.T) {
		for _, names := range [][]string{{"create-transfer", "transfer-created"}, {"create_transfer"}, {""}} {
			w := wish()
			w.Events = names
			_, err := rules.Register(partner, w, noon)
			kerneltest.Refused(t, err, kernel.UnknownEnum)
		}
		for _, names := range [][]string{nil, make([]string, 51)} {
			w := wish()
			w.Events = names
			_, err := rules.Register(partner, w, noon)
			kerneltest.Refused(t, err, kernel.InvalidInput)
		}
	})
}

func TestFormatsAndSecrets(t *testing.T) {
	t.Parallel()
	rules := webhook.Addresses{}
	register := func(format, secret string) (webhook.Registration, error) {
		w := wish()
		w.Format, w.Secret = format, secret
		return rules.Register(partner, w, noon)
	}
	_, err := register("cloud-events", "")
	kerneltest.Refused(t, err, kernel.UnknownEnum)
	_, err = register("standard", "")
	kerneltest.Refused(t, err, kernel.InvalidInput)
	of := func(bytes int) string { return "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, bytes)) }
	for _, bad := range []string{"secret", "whsec_", "whsec_!!!", of(23), of(65), base64.StdEncoding.EncodeToString(make([]byte, 32))} {
		_, err := register("standard", bad)
		r := kerneltest.Refused(t, err, kernel.InvalidInput)
		assert.NotContains(t, r.Message, strings.TrimPrefix(bad, "whsec_")+"!", "it is not repeated")
	}
	for _, good := range []string{of(24), of(64), webhook.NewSecret().Kept()} {
		r, err := register("Standard", good)
		require.NoError(t, err)
		assert.Equal(t, webhook.Standard, r.Format)
		assert.Equal(t, good, r.Secret.Kept())
	}
	assert.NotEqual(t, webhook.NewSecret(), webhook.NewSecret())
}

// what a wish leaves out stays as it is, so that a client that knows nothing of it does not undo it; what it names is another.
func TestWhatIsLeftOutStays(t *testing.T) {
	t.Parallel()
	rules, yes, no := webhook.Addresses{}, true, false
	full := wish()
	full.Format, full.InMSHeader, full.Secret = "standard", &yes, webhook.NewSecret().Kept()
	r, err := rules.Register(partner, full, noon)
	require.NoError(t, err)
	after, err := rules.Replace(r, wish(), noon.Add(time.Hour))
	require.NoError(t, err)
	assert.Equal(t, []any{webhook.Standard, true, r.Secret}, []any{after.Format, after.InMSHeader, after.Secret})
	w := wish()
	w.Format, w.InMSHeader = "partner-center", &no
	after, err = rules.Replace(r, w, noon.Add(time.Hour))
	require.NoError(t, err)
	assert.Equal(t, []any{webhook.PartnerCenter, false, r.Secret}, []any{after.Format, after.InMSHeader, after.Secret})
	first, err := rules.Register(partner, wish(), noon)
	require.NoError(t, err)
	assert.Equal(t, []any{webhook.PartnerCenter, false}, []any{first.Format, first.InMSHeader})
}

// A secret is written and never shown, by whatever prints or encodes it.
func TestSecretsAreNotShown(t *testing.T) {
	t.Parallel()
	secret := webhook.NewSecret()
	r := webhook.Registration{Secret: secret, Previous: []webhook.Secret{secret}}
	encoded, err := json.Marshal(r)
	require.NoError(t, err)
	for _, shown := range []string{fmt.Sprint(r), fmt.Sprintf("%+v", r), fmt.Sprintf("%#v", r), fmt.Sprintf("%q", secret), string(encoded)} {
		assert.NotContains(t, shown, strings.TrimPrefix(secret.Kept(), "whsec_")[:12])
	}
	assert.Empty(t, webhook.Secret{}.String())
}

// After a new secret came, the one before signs on for a day. The same one again changes nothing.
func TestSecretsOverlap(t *testing.T) {
	t.Parallel()
	first, second, third := webhook.NewSecret(), webhook.NewSecret(), webhook.NewSecret()
	w := wish()
	r := webhook.Registration{PartnerTenantID: partner}
	give := func(secret webhook.Secret, at time.Time) {
		w.Secret = secret.Kept()
		var err error
		r, err = webhook.Addresses{}.Replace(r, w, at)
		require.NoError(t, err)
	}
	give(first, noon)
	assert.Equal(t, []webhook.Secret{first}, r.Secrets(noon))
	give(second, noon.Add(time.Hour))
	give(second, noon.Add(2*time.Hour))
	assert.Equal(t, []webhook.Secret{second, first}, r.Secrets(noon.Add(25*time.Hour-time.Nanosecond)))
	assert.Equal(t, []webhook.Secret{second}, r.Secrets(noon.Add(25*time.Hour)))
	give(third, noon.Add(3*time.Hour))
	assert.Equal(t, []webhook.Secret{third, second, first}, r.Secrets(noon.Add(27*time.Hour-time.Nanosecond)), "a receiver that has not changed twice yet")
	assert.Equal(t, []webhook.Secret{third}, r.Secrets(noon.Add(27*time.Hour)))
	before := r
	give(first, noon.Add(4*time.Hour))
	assert.Equal(t, []webhook.Secret{first, third, second}, r.Secrets(noon.Add(4*time.Hour)), "each once")
	for range 5 {
		give(webhook.NewSecret(), noon.Add(5*time.Hour))
	}
	assert.Len(t, r.Secrets(noon.Add(5*time.Hour)), 4)
	give(third, noon.Add(30*time.Hour))
	assert.Len(t, r.Secrets(noon.Add(30*time.Hour)), 2, "what signs no more does not come back")
	r = before
	w.Secret = ""
	r, err := webhook.Addresses{}.Replace(r, w, noon.Add(4*time.Hour))
	require.NoError(t, err)
	assert.Equal(t, []webhook.Secret{third, second, first}, r.Secrets(noon.Add(4*time.Hour)), "a wish without one keeps what there is")
	w.Revoke = true
	revoked, err := webhook.Addresses{}.Replace(r, w, noon.Add(4*time.Hour))
	require.NoError(t, err)
	assert.Equal(t, []webhook.Secret{third}, revoked.Secrets(noon.Add(4*time.Hour)), "a secret that leaked")
	w.Secret = second.Kept()
	revoked, err = webhook.Addresses{}.Replace(r, w, noon.Add(4*time.Hour))
	require.NoError(t, err)
	assert.Equal(t, []webhook.Secret{second}, revoked.Secrets(noon.Add(4*time.Hour)))
}

// What was switched off is called again once its owner registers again.
func TestRegisteringAgainSwitchesOn(t *testing.T) {
	t.Parallel()
	r, err := webhook.Addresses{}.Register(partner, wish(), noon)
	require.NoError(t, err)
	r.Health = r.Health.After(webhook.Answer{Status: 410}, noon)
	require.True(t, r.Health.Off())
	require.False(t, r.Called())
	again, err := webhook.Addresses{}.Replace(r, wish(), noon)
	require.NoError(t, err)
	assert.Equal(t, webhook.Health{}, again.Health)
	assert.True(t, again.Called())
	assert.Equal(t, again.ModifiedAt, again.CalledSince)
	assert.True(t, again.CalledSince.After(r.ModifiedAt), "also at the same instant")
	later, err := webhook.Addresses{}.Replace(again, wish(), noon.Add(time.Hour))
	require.NoError(t, err)
	assert.Equal(t, again.CalledSince, later.CalledSince, "it was called all the time")
	assert.False(t, webhook.Registration{}.Called(), "there is none")
}

func TestRegistrationChanges(t *testing.T) {
	rules := webhook.Addresses{}
	wish := webhook.Wish{URL: "https://hooks.example/", Events: []string{"create-transfer", "update-transfer"}}
	was, err := rules.Register("p", wish, noon)
	require.NoError(t, err)
	off := was
	off.Health = webhook.Health{OffAt: noon, Why: webhook.WhyGone}
	failing := was
	failing.Health = webhook.Health{FailingSince: noon, Failures: 3, RestsUntil: noon.Add(time.Hour)}
	swapped, another := wish, wish
	swapped.Events, another.Secret = []string{"update-transfer", "create-transfer"}, webhook.NewSecret().Kept()
	for name, c := range map[string]struct {
		was  webhook.Registration
		wish webhook.Wish
		want bool
	}{
		"the same":                     {was, wish, false},
		"the same in another order":    {was, swapped, false},
		"of an endpoint that rests":    {failing, wish, false},
		"of one that was switched off": {off, wish, true},
		"a secret":                     {was, another, true},
	} {
		is, err := rules.Replace(c.was, c.wish, noon.Add(time.Minute))
		require.NoError(t, err, name)
		require.Equal(t, c.want, is.Changes(c.was), name)
	}
}
