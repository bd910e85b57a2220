package payloads_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/payloads"
)

// secret is a key for tests, of one letter.
func secret(letter string) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(letter, 32)))
}

// parse reads keys that are fine.
func parse(t *testing.T, text string) payloads.Keys {
	t.Helper()
	k, err := payloads.ParseKeys(text)
	require.NoError(t, err)
	return k
}

func TestKeysThatAreFine(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"a:" + secret("a"): "encrypts: a, decrypts: a",
		"2027-01:" + secret("b") + ", b.x_:" + secret("a"): "encrypts: 2027-01, decrypts: 2027-01 b.x_",
		"off,a:" + secret("a"):                             "encrypts: off, decrypts: a",
	} {
		k := parse(t, text)
		assert.Equal(t, says, k.String())
		assert.True(t, k.Any())
		assert.Equal(t, !strings.HasPrefix(text, "off"), k.Encrypts())
	}
	assert.False(t, payloads.Keys{}.Any())
	assert.False(t, payloads.Keys{}.Encrypts())
}

func TestKeysThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, says string }{
		"nothing":            {"", "key 1 must be id:base64"},
		"no id":              {":" + secret("a"), "key 1 must be id:base64"},
		"no key":             {"a", "the key a must be 32 random bytes in base64"},
		"an id with a space": {"my key:" + secret("a"), "key 1 must be id:base64"},
		"a long id":          {strings.Repeat("a", 65) + ":" + secret("a"), "key 1 must be id:base64"},
		"a comma too many":   {"a:" + secret("a") + ",", "key 2 must be id:base64"},
		"short":              {"a:" + base64.StdEncoding.EncodeToString([]byte("secret16bytes...")), "the key a must be 32 random bytes"},
		"not base64":         {"a:" + strings.Repeat("?", 44), "the key a must be 32 random bytes"},
		"twice":              {"a:" + secret("a") + ",a:" + secret("b"), "the key id a is there twice"},
		"off in between":     {"a:" + secret("a") + ",off,b:" + secret("b"), "other than off"},
		"off as an id":       {"off:" + secret("a"), "other than off"},
		"off and nothing":    {"off", "after off there must be the keys"},
	} {
		k, err := payloads.ParseKeys(c.text)
		require.ErrorContains(t, err, c.says, name)
		assert.NotContains(t, err.Error(), secret("a"), name)
		assert.False(t, k.Any(), name)
	}
}

// However settings are printed, no key is among what is shown.
func TestKeysAreNeverShown(t *testing.T) {
	t.Parallel()
	settings := struct{ Keys payloads.Keys }{parse(t, "a:"+secret("a"))}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		shown := fmt.Sprintf(verb, settings)
		assert.Contains(t, shown, "encrypts: a, decrypts: a", verb)
		assert.NotContains(t, shown, "cipher", verb)
	}
}
