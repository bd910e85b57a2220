// The server's log. It may not write to the standard output, and it may not end the process: what the server calls
// fatal ends the goroutine that met it, and the owner of the engine learns of it.

package engine

import (
	"fmt"
	"io"

	"go.temporal.io/server/common/log"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// serverLogger passes what reaches the level on to logger, which may be nil, and fatal errors to died as well. While it
// starts and stops, the server complains of parts that are not there yet or no more; the level keeps that to itself then.
func serverLogger(logger *zap.Logger, level zap.AtomicLevel, died func(error)) log.Logger {
	if logger == nil {
		logger = zap.NewNop()
	}
	alwaysFatal := zapcore.NewCore(zapcore.NewJSONEncoder(zapcore.EncoderConfig{}), zapcore.AddSync(io.Discard), zap.FatalLevel)
	return log.NewZapLogger(logger.WithOptions(
		zap.WrapCore(func(core zapcore.Core) zapcore.Core { return zapcore.NewTee(filtered(core, level), alwaysFatal) }),
		zap.WithFatalHook(fatalHook(died)),
	))
}

func filtered(core zapcore.Core, level zap.AtomicLevel) zapcore.Core {
	quieter, err := zapcore.NewIncreaseLevelCore(core, level)
	if err != nil { // it passes nothing anyway
		return core
	}
	return quieter
}

// fatalHook takes the place of zap's os.Exit.
type fatalHook func(error)

func (died fatalHook) OnWrite(entry *zapcore.CheckedEntry, fields []zapcore.Field) {
	died(&fatalError{message: entry.Message, cause: errorIn(fields)})
	zapcore.WriteThenGoexit.OnWrite(entry, fields)
}

func errorIn(fields []zapcore.Field) error {
	for _, field := range fields {
		if err, ok := field.Interface.(error); ok {
			return err
		}
	}
	return nil
}

// fatalError is what the server wrote to its log before it gave up.
type fatalError struct {
	message string
	cause   error // may be nil
}

func (e *fatalError) Error() string {
	if e.cause == nil {
		return "the Temporal server gave up: " + e.message
	}
	return fmt.Sprintf("the Temporal server gave up: %s: %v", e.message, e.cause)
}

func (e *fatalError) Unwrap() error { return e.cause }
