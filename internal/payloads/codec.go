package payloads

import (
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"
)

// Encoding marks an encrypted payload, in its metadata.
const Encoding = "binary/encrypted"

// keyIDName is where an encrypted payload names its key, in its metadata.
const keyIDName = "encryption-key-id"

// Codec encrypts every payload with the current key, metadata and all, and decrypts with whichever key a payload names. What is
// not encrypted it leaves as it is, so that encryption can begin and end under runs that go on. Errors of Decode:
// *UnknownKeyError, *DamagedError. It is safe for concurrent use.
func (k Keys) Codec() converter.PayloadCodec { return codec{k} }

type codec struct{ keys Keys }

// Encode implements converter.PayloadCodec.
func (c codec) Encode(plain []*commonpb.Payload) ([]*commonpb.Payload, error) {
	if !c.keys.Encrypts() {
		return plain, nil
	}
	encrypted := make([]*commonpb.Payload, len(plain))
	for i, p := range plain {
		text, err := proto.Marshal(p)
		if err != nil {
			return plain, err
		}
		id := c.keys.current
		encrypted[i] = &commonpb.Payload{
			Metadata: map[string][]byte{converter.MetadataEncoding: []byte(Encoding), keyIDName: []byte(id)},
			Data:     c.keys.ciphers[id].Seal(nil, nil, text, bound(id)), //nolint:gosec // the cipher adds a random nonce by itself
		}
	}
	return encrypted, nil
}

// Decode implements converter.PayloadCodec.
func (c codec) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	decoded := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		if string(p.GetMetadata()[converter.MetadataEncoding]) != Encoding {
			decoded[i] = p
			continue
		}
		var err error
		if decoded[i], err = c.decrypt(p); err != nil {
			return payloads, err
		}
	}
	return decoded, nil
}

func (c codec) decrypt(p *commonpb.Payload) (*commonpb.Payload, error) {
	id := string(p.GetMetadata()[keyIDName])
	opened, known := c.keys.ciphers[id]
	if !known {
		return nil, &UnknownKeyError{KeyID: id}
	}
	text, err := opened.Open(nil, nil, p.GetData(), bound(id))
	if err != nil {
		return nil, &DamagedError{KeyID: id}
	}
	plain := &commonpb.Payload{}
	if err := proto.Unmarshal(text, plain); err != nil {
		return nil, &DamagedError{KeyID: id}
	}
	return plain, nil
}

// bound is what a payload says of itself in the open: it cannot be changed without its being noticed. Everything else that a
// payload says, as how its content is written, is inside.
func bound(id string) []byte { return []byte(Encoding + "\x00" + id) }
