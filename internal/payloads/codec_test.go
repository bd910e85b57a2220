package payloads_test

import (
	"bytes"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"

	"handover/internal/payloads"
)

const confidential = "Contoso, it@contoso.example"

// plain is a payload as the SDK's default converter writes it.
func plain(t *testing.T, value any) *commonpb.Payload {
	t.Helper()
	p, err := converter.GetDefaultDataConverter().ToPayload(value)
	require.NoError(t, err)
	return p
}

func encode(t *testing.T, k payloads.Keys, plain ...*commonpb.Payload) []*commonpb.Payload {
	t.Helper()
	encoded, err := k.Codec().Encode(plain)
	require.NoError(t, err)
	return encoded
}

// decodes shows that the payload is what was encrypted.
func decodes(t *testing.T, k payloads.Keys, encrypted, want *commonpb.Payload) {
	t.Helper()
	got, err := k.Codec().Decode([]*commonpb.Payload{encrypted})
	require.NoError(t, err)
	require.Len(t, got, 1)
	assert.True(t, proto.Equal(want, got[0]), "%v instead of %v", got[0], want)
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	k := parse(t, "a:"+secret("a"))
	for name, value := range map[string]any{
		"text": confidential, "nothing": nil, "empty": "", "bytes": []byte{0, 1, 2}, "an object": map[string]int{"n": 1},
		"a large one": bytes.Repeat([]byte("x"), 2<<20),
	} {
		before := plain(t, value)
		kept := proto.Clone(before)
		encrypted := encode(t, k, before)[0]
		assert.True(t, proto.Equal(kept, before), "%s: what was handed in is left alone", name)
		assert.Equal(t, map[string][]byte{"encoding": []byte("binary/encrypted"), "encryption-key-id": []byte("a")}, encrypted.GetMetadata(), name)
		decodes(t, k, encrypted, before)
	}
	none, err := k.Codec().Decode(encode(t, k))
	require.NoError(t, err)
	assert.Empty(t, none)
}

func TestNothingPlainIsLeft(t *testing.T) {
	t.Parallel()
	p := plain(t, confidential)
	p.Metadata["messageType"] = []byte("handover.Secret")
	written, err := proto.Marshal(encode(t, parse(t, "a:"+secret("a")), p)[0])
	require.NoError(t, err)
	for _, word := range []string{"Contoso", "contoso.example", "json/plain", "handover.Secret"} {
		assert.NotContains(t, string(written), word)
	}
}

// The same content is never encrypted alike, so that nobody sees that two runs know the same.
func TestEveryPayloadIsEncryptedAnew(t *testing.T) {
	t.Parallel()
	k, p := parse(t, "a:"+secret("a")), plain(t, confidential)
	seen := map[string]bool{}
	for _, encrypted := range encode(t, k, p, p, p) {
		seen[string(encrypted.GetData())] = true
	}
	assert.Len(t, seen, 3)
}

func TestRotation(t *testing.T) {
	t.Parallel()
	p := plain(t, confidential)
	older := parse(t, "a:"+secret("a"))
	announced := parse(t, "a:"+secret("a")+",b:"+secret("b"))
	current := parse(t, "b:"+secret("b")+",a:"+secret("a"))
	newer := parse(t, "b:"+secret("b"))
	off := parse(t, "off,b:"+secret("b"))

	old, now := encode(t, older, p)[0], encode(t, current, p)[0]
	assert.Equal(t, "b", string(now.GetMetadata()["encryption-key-id"]))
	assert.Equal(t, "a", string(encode(t, announced, p)[0].GetMetadata()["encryption-key-id"]), "a key decrypts before it encrypts")
	for _, k := range []payloads.Keys{older, announced, current} {
		decodes(t, k, old, p)
	}
	for _, k := range []payloads.Keys{announced, current, newer, off} {
		decodes(t, k, now, p)
	}
	assert.True(t, proto.Equal(p, encode(t, off, p)[0]), "off leaves payloads plain")

	var unknown *payloads.UnknownKeyError
	_, err := newer.Codec().Decode([]*commonpb.Payload{old})
	require.ErrorAs(t, err, &unknown)
	assert.Equal(t, "a", unknown.KeyID)
	assert.ErrorContains(t, err, `encrypted with the key "a", which is not among those in HANDOVER_TEMPORAL_ENCRYPTION_KEYS`)
}

// Encryption begins and ends under runs that go on: their histories are of both kinds.
func TestPlainAndEncryptedTogether(t *testing.T) {
	t.Parallel()
	k := parse(t, "a:"+secret("a"))
	open, closed := plain(t, "open"), plain(t, "closed")
	got, err := k.Codec().Decode([]*commonpb.Payload{open, encode(t, k, closed)[0], open})
	require.NoError(t, err)
	for i, want := range []*commonpb.Payload{open, closed, open} {
		assert.True(t, proto.Equal(want, got[i]), "payload %d", i)
	}
	got, err = payloads.Keys{}.Codec().Decode([]*commonpb.Payload{open})
	require.NoError(t, err)
	assert.True(t, proto.Equal(open, got[0]), "without keys everything is as it was")
	_, err = payloads.Keys{}.Codec().Decode(encode(t, k, closed))
	require.ErrorAs(t, err, new(*payloads.UnknownKeyError))
}

func TestWhatWasTamperedWithIsFound(t *testing.T) {
	t.Parallel()
	k := parse(t, "a:"+secret("a")+",b:"+secret("b")+",c:"+secret("a"))
	for name, tamper := range map[string]func(p *commonpb.Payload){
		"a bit of the content":            func(p *commonpb.Payload) { p.Data[len(p.Data)/2] ^= 1 },
		"a bit of the nonce":              func(p *commonpb.Payload) { p.Data[0] ^= 1 },
		"a bit of the tag":                func(p *commonpb.Payload) { p.Data[len(p.Data)-1] ^= 1 },
		"shorter":                         func(p *commonpb.Payload) { p.Data = p.Data[:len(p.Data)-1] },
		"hardly anything":                 func(p *commonpb.Payload) { p.Data = p.Data[:3] },
		"nothing":                         func(p *commonpb.Payload) { p.Data = nil },
		"another key":                     func(p *commonpb.Payload) { p.Metadata["encryption-key-id"] = []byte("b") },
		"another id with the same secret": func(p *commonpb.Payload) { p.Metadata["encryption-key-id"] = []byte("c") },
	} {
		p := encode(t, k, plain(t, confidential))[0]
		tamper(p)
		_, err := k.Codec().Decode([]*commonpb.Payload{p})
		var damaged *payloads.DamagedError
		require.ErrorAs(t, err, &damaged, name)
		assert.ErrorContains(t, err, "cannot be decrypted with the key", name)
	}
	for name, id := range map[string][]byte{"none": nil, "a long one": bytes.Repeat([]byte("\n"), 1<<20)} {
		p := encode(t, k, plain(t, confidential))[0]
		p.Metadata["encryption-key-id"] = id
		_, err := k.Codec().Decode([]*commonpb.Payload{p})
		require.ErrorAs(t, err, new(*payloads.UnknownKeyError), name)
		assert.Less(t, len(err.Error()), 400, name)
		assert.NotContains(t, err.Error(), "\n", name)
	}
	p := encode(t, k, plain(t, confidential))[0]
	p.Metadata["messageType"] = []byte("handover.Other")
	decodes(t, k, p, plain(t, confidential)) // what is added outside counts for nothing
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	k := parse(t, "a:"+secret("a")+",b:"+secret("b"))
	var all sync.WaitGroup
	for n := range 16 {
		p := plain(t, fmt.Sprint(n))
		all.Go(func() {
			for range 200 {
				encrypted, err := k.Codec().Encode([]*commonpb.Payload{p})
				if !assert.NoError(t, err) {
					return
				}
				got, err := k.Codec().Decode(encrypted)
				assert.NoError(t, err)
				assert.True(t, proto.Equal(p, got[0]))
			}
		})
	}
	all.Wait()
}
