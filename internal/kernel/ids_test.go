package kernel_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/kernel/kerneltest"
)

const (
	sourceID = "1f0c7a52-0000-4000-8000-00000000a001"
	targetID = "2e9b1c44-0000-4000-8000-00000000b002"
)

var (
	at      = kerneltest.At
	refused = kerneltest.Refused
)

func TestParseID(t *testing.T) {
	for _, text := range []string{sourceID, strings.ToUpper(sourceID)} {
		id, err := kernel.ParseID("customerTenantId", text)
		require.NoError(t, err)
		assert.Equal(t, sourceID, id)
	}
	for name, text := range map[string]string{
		"nothing": "", "a name": "contoso", "too short": sourceID[1:], "too long": sourceID + "0", "in braces": "{" + sourceID + "}",
		"as a URN": "urn:uuid:" + sourceID, "without hyphens": strings.ReplaceAll(sourceID, "-", ""), "with blanks": " " + sourceID[1:],
		"not hexadecimal": "g" + sourceID[1:],
	} {
		t.Run(name, func(t *testing.T) {
			_, err := kernel.ParseID("customerTenantId", text)
			assert.Contains(t, refused(t, err, kernel.InvalidInput).Message, "customerTenantId must be a GUID")
		})
	}
	_, err := kernel.ParseID("customerTenantId", strings.Repeat("ä", 10_000))
	assert.Less(t, len(refused(t, err, kernel.InvalidInput).Message), 250, "a long text is not repeated whole")
}

func FuzzParseID(f *testing.F) {
	for _, seed := range []string{"", sourceID, strings.ToUpper(targetID), "{" + sourceID + "}", "contoso", "\xff\xfe"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, err := kernel.ParseID("field", text)
		if err != nil {
			r := refused(t, err, kernel.InvalidInput)
			require.True(t, utf8.ValidString(r.Message))
			return
		}
		require.NoError(t, uuid.Validate(id))
		require.True(t, kernel.SameID(id, text))
		again, err := kernel.ParseID("field", id)
		require.NoError(t, err)
		require.Equal(t, id, again)
	})
}
