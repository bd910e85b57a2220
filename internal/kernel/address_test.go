package kernel_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/kernel/kerneltest"
)

// B4: every mail server takes what goes out.
func TestMailable(t *testing.T) {
	label := strings.Repeat("b", 63)
	for address, want := range map[string]string{
		"it@contoso.example": "it@contoso.example", "IT+x@Contoso.Example": "IT+x@contoso.example", "o'hara.b@x.example": "o'hara.b@x.example",
		"it@bücher.example": "it@xn--bcher-kva.example", "it@xn--bcher-kva.example": "it@xn--bcher-kva.example", "it@株式会社.example": "it@xn--6oqv20b1zgzxr.example",
		"it@bücher。example": "it@xn--bcher-kva.example", "it@localhost": "it@localhost", "it@3com.example": "it@3com.example",
		strings.Repeat("a", 64) + "@x.example": strings.Repeat("a", 64) + "@x.example", "a@" + label + ".example": "a@" + label + ".example",
	} {
		got, err := kernel.Mailable("address", address)
		require.NoError(t, err, address)
		assert.Equal(t, want, got)
	}
	for name, address := range map[string]string{
		"nothing": "", "no @": "it", "no local part": "@x.example", "no domain": "it@", "two": "a@b.example, c@d.example", "display name": "IT <it@x.example>",
		"more than ASCII before the @": "jürgen@x.example", "quoted": `"it"@x.example`, "quoted blank": `"i t"@x.example`, "literal": "it@[192.0.2.1]",
		"IPv6 literal": "it@[IPv6:2001:db8::1]", "address without brackets": "it@192.0.2.1", "long local part": strings.Repeat("a", 65) + "@x.example",
		"long label": "a@" + label + "b.example", "long": "a@" + strings.Repeat(label+".", 4) + "example", "long in ASCII": strings.Repeat("a", 60) + "@" + strings.Repeat("ü.", 25) + "example",
		"hyphen first": "a@-b.example", "underscore": "a@b_c.example", "mixed directions": "a@אa1.example", "dot last": "a@b.example.", "two dots": "a@b..example",
		"header": "a@b.example\r\nBcc: c@d.example", "comment": "a@b.example (x)",
	} {
		_, err := kernel.Mailable("address", address)
		require.Error(t, err, name)
		r := refused(t, err, kernel.InvalidInput)
		assert.Contains(t, r.Message, "address must be one plain e-mail address", name)
	}
	for name, text := range kerneltest.Hostile() {
		for _, address := range []string{text, text + "@x.example", "it@" + text, "it@" + text + ".example"} {
			if mailable, err := kernel.Mailable("address", address); err == nil {
				kerneltest.Shown(t, mailable, name)
				assert.NotContains(t, mailable, " ", name)
			}
		}
	}
}

func TestAddressIn(t *testing.T) {
	for _, c := range []struct {
		address, domain string
		in              bool
	}{
		{"it@contoso.example", "contoso.example", true}, {"it@Contoso.Example", "CONTOSO.example", true}, {"it@mail.contoso.example", "contoso.example", true},
		{"it@bücher.example", "xn--bcher-kva.example", true}, {"it@xn--bcher-kva.example", "bücher.example", true},
		{"it@notcontoso.example", "contoso.example", false}, {"it@example", "contoso.example", false}, {"it@contoso.example", "", false},
		{"it@contoso.example.evil.example", "contoso.example", false}, {"IT <it@contoso.example>", "contoso.example", false}, {"it@contoso.example", "a b", false},
	} {
		assert.Equal(t, c.in, kernel.AddressIn(c.address, c.domain), "%s in %s", c.address, c.domain)
	}
}

func TestSameAddress(t *testing.T) {
	assert.True(t, kernel.SameAddress("IT@bücher.example", "it@xn--bcher-kva.example"))
	assert.False(t, kernel.SameAddress("it@a.example", "it@b.example"))
	assert.True(t, kernel.SameAddress("jürgen@a.example", "jürgen@a.example"), "an address of old that cannot be mailed everywhere")
	assert.False(t, kernel.SameAddress("it@a.example", "jürgen@a.example"))
}
