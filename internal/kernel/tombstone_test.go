package kernel_test

import (
	"net/mail"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
)

var then = time.Date(2031, 3, 3, 12, 2, 3, 400, time.FixedZone("", 3600))

const stone = "forgotten-20310303T110203Z@forgotten.invalid"

// Clients read an address where a tombstone stands, and it is an address, of nobody.
func TestTombstone(t *testing.T) {
	t.Parallel()
	before, after := kernel.AroundNumber(then)
	for _, text := range []string{kernel.Tombstone(then), before + "17" + after} {
		parsed, err := mail.ParseAddress(text)
		require.NoError(t, err)
		assert.Equal(t, text, parsed.Address)
		assert.True(t, kernel.IsTombstone(text))
		mailable, err := kernel.Mailable("to", text)
		require.NoError(t, err)
		assert.Equal(t, text, mailable)
	}
	assert.Equal(t, stone, kernel.Tombstone(then))
	for _, none := range []string{"", "it@contoso.example", "forgotten-zoe@forgotten.invalid", "forgotten-20310303T110203Z-zoe@forgotten.invalid", stone + stone} {
		assert.False(t, kernel.IsTombstone(none), none)
	}
}

func TestBury(t *testing.T) {
	t.Parallel()
	const id = "8c2e4d10-77aa-4f52-b0de-0d3f7b9c0001"
	for text, want := range map[string]string{
		``: ``,
		`{"event":"created","n":12345678901234567890}`:                    `{"event":"created","n":12345678901234567890}`,
		`{"reason":"","email":null}`:                                      `{"reason":"","email":null}`,
		`{"reason":"Zoë <z>","event":"declined & so","n":1.50}`:           `{"event":"declined & so","n":1.50,"reason":"` + stone + `"}`,
		`{"primaryContact":{"firstName":"Ada","x":["a",{"y":"b"}]}}`:      `{"primaryContact":{"firstName":"` + stone + `","x":["` + stone + `",{"y":"` + stone + `"}]}}`,
		`[{"userId":"` + id + `","email":"a@b.example"}]`:                 `[{"email":"` + stone + `","userId":"` + id + `"}]`,
		`{"userId":"root","name":"Contoso"}`:                              `{"name":"Contoso","userId":"` + stone + `"}`,
		`{"requestId":"zoe@contoso.example","correlationId":"r-1.2:3_4"}`: `{"correlationId":"r-1.2:3_4","requestId":"` + stone + `"}`,
		`{"reason":"` + stone + `"}`:                                      `{"reason":"` + stone + `"}`,
		`{"origin":{"via":"operator","operator":"root"}}`:                 `{"origin":{"operator":"` + stone + `","via":"operator"}}`,
	} {
		got := kernel.Bury(text, then)
		assert.Equal(t, want, got, text)
		assert.Equal(t, got, kernel.Bury(got, then.AddDate(1, 0, 0)), "what is forgotten stays")
	}
	assert.Equal(t, `{"name":"`+stone+`"}`, kernel.Bury(`{"name":"Contoso"}`, then, "name"))
	for _, noJSON := range []string{`{"reason":`, `Zoë`, `{} {"reason":"Zoë"}`} {
		assert.Equal(t, `"`+stone+`"`, kernel.Bury(noJSON, then))
	}
	assert.Equal(t, id, kernel.BuryID(id, then))
	assert.Empty(t, kernel.BuryID("", then))
	assert.Equal(t, stone, kernel.BuryID("zoe@contoso.example", then))
}
