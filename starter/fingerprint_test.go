package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	transferstore "handover/internal/transfer/store"
)

// the fingerprints of operators' commands are kept in the ledger for 30 days. These commands say everything that one
// can say, and as little as one may: a field that is renamed, moved, or written when nobody said it would make another
// command of one that was given before.
func TestFingerprintsOfOperatorsCommandsStay(t *testing.T) {
	for _, c := range []struct {
		said, want string
		command    any
	}{
		{`{"requestId":"","actor":{"operator":true},"ordinals":[0,17],"failing":true,"reason":"They are gone."}`, "37504f934a6dc1e0f61eae6191b83388", &transferstore.GivingUp{}},
		{`{"requestId":"","actor":{},"reason":""}`, "f61c50bd2bd7d4b475e48640c3ecffcd", &transferstore.GivingUp{}},
		{`{"requestId":"","actor":{"operator":true},"ordinal":17,"movedTo":"a1b2c3d4-0001-4000-8000-0000000000f1","reason":"It is there."}`, "cc380cb741a8103af370d4a282582870", &transferstore.Resolution{}},
		{`{"requestId":"","actor":{},"ordinal":0,"reason":""}`, "8b4586131c39cce342df0abb90802f5e", &transferstore.Resolution{}},
	} {
		require.NoError(t, json.Unmarshal([]byte(c.said), c.command))
		written, err := json.Marshal(c.command)
		require.NoError(t, err)
		require.Equal(t, c.said, string(written))
		require.Equal(t, c.want, (&cli{}).claim("a command", "r", c.command).Fingerprint, c.said)
	}
}
