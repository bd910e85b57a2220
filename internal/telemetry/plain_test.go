package telemetry

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"handover/internal/kernel/kerneltest"
)

// B8: a log line is one line that shows what it says, whatever is in it.
func TestLogShowsWhatItSays(t *testing.T) {
	for name, text := range kerneltest.Hostile() {
		var out strings.Builder
		logger := loggerTo(zapcore.AddSync(&out), zap.DebugLevel)
		logger.With(zap.String("before", text)).Info(text, zap.String("customer", text))
		kerneltest.Shown(t, strings.TrimSuffix(out.String(), "\n"), name)
		var said struct{ Msg, Customer, Before string }
		require.NoError(t, json.Unmarshal([]byte(out.String()), &said), name)
		want := strings.ToValidUTF8(text, "\ufffd")
		if name != "not UTF-8" && name != "half a pair" { // zap writes a sign for each octet
			assert.Equal(t, []string{want, want, want}, []string{said.Msg, said.Customer, said.Before}, name)
		}
	}
}

func TestLevelOfTheLog(t *testing.T) {
	_, err := NewLogger("loud")
	require.Error(t, err)
	logger, err := NewLogger("warn")
	require.NoError(t, err)
	assert.False(t, logger.Core().Enabled(zap.InfoLevel))
	assert.True(t, logger.Core().Enabled(zap.WarnLevel))
}
