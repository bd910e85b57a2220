package payloads

import (
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
)

// Converters are how a program reads and writes payloads, and failures with their texts.
type Converters struct {
	Data    converter.DataConverter
	Failure converter.FailureConverter
}

// ForClients are for programs that only ask and tell. What they cannot decrypt is an error.
func (k Keys) ForClients() Converters { return k.convert(k.Codec()) }

// ForWorkers are for everything that runs workflow code: workers, and replayers. To such code an error would be an event like any
// other: the SDK would drop the signal or fail the run, where only a key is missing. So what cannot be decrypted is a panic,
// which makes the workflow task fail; Temporal repeats it until a worker has the key.
func (k Keys) ForWorkers() Converters { return k.convert(insistent{k.Codec()}) }

func (k Keys) convert(c converter.PayloadCodec) Converters {
	data := converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), c)
	return Converters{Data: data, Failure: temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{
		DataConverter: data, EncodeCommonAttributes: k.Encrypts(),
	})}
}

// Use has the connection read and write as these do, and every worker on it.
func (c Converters) Use(options *client.Options) {
	options.DataConverter, options.FailureConverter = c.Data, c.Failure
}

// insistent is a codec that does not go on without what it cannot decrypt.
type insistent struct{ converter.PayloadCodec }

func (i insistent) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	decoded, err := i.PayloadCodec.Decode(payloads)
	if err != nil {
		panic(err)
	}
	return decoded, nil
}
