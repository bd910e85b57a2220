package telemetry

import (
	"go.uber.org/zap/buffer"
	"go.uber.org/zap/zapcore"

	"handover/internal/kernel"
)

// plainEncoder writes the JSON of another one so that whoever reads the log on a terminal sees what is there: logs repeat what clients,
// customers and other systems wrote.
type plainEncoder struct{ zapcore.Encoder }

// Clone copies the encoder with the fields it has.
func (e plainEncoder) Clone() zapcore.Encoder { return plainEncoder{e.Encoder.Clone()} }

// EncodeEntry writes one line.
func (e plainEncoder) EncodeEntry(entry zapcore.Entry, fields []zapcore.Field) (*buffer.Buffer, error) {
	line, err := e.Encoder.EncodeEntry(entry, fields)
	if err != nil {
		return line, err
	}
	plain := kernel.PlainJSON(line.Bytes())
	line.Reset()
	line.AppendBytes(plain)
	return line, nil
}
