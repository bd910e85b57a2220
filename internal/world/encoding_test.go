package world_test

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/kernel/kerneltest"
	"handover/internal/world"
)

// B5: a world file is read as editors of other systems write it.
func TestWorldFileAsEditorsWriteIt(t *testing.T) {
	t.Parallel()
	want, err := world.Parse("w.yaml", []byte(valid+together))
	require.NoError(t, err)
	wide := func(order binary.AppendByteOrder) []byte {
		var out []byte
		for _, unit := range utf16.Encode([]rune("\ufeff" + valid + together)) {
			out = order.AppendUint16(out, unit)
		}
		return out
	}
	for name, data := range map[string][]byte{
		"a byte order mark": []byte("\ufeff" + valid + together), "CRLF": []byte(strings.ReplaceAll(valid+together, "\n", "\r\n")),
		"UTF-16 LE": wide(binary.LittleEndian), "UTF-16 BE": wide(binary.BigEndian),
	} {
		got, err := world.Parse("w.yaml", data)
		require.NoError(t, err, name)
		assert.Equal(t, want, got, name)
	}
}

// A name that is more than a text is refused, and what the file says of it can be shown.
func TestHostileNamesInWorldFiles(t *testing.T) {
	t.Parallel()
	for name, text := range kerneltest.Hostile() {
		quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\x00", `\0`).Replace(text) + `"`
		w, err := world.Parse("w.yaml", []byte(strings.Replace(valid, "name: Contoso Bakery", "name: "+quoted, 1)))
		if err == nil {
			assert.True(t, kernel.Readable(w.Customers[0].Name), name)
			continue
		}
		for _, line := range strings.Split(err.Error(), "\n") {
			kerneltest.Shown(t, line, name)
		}
	}
}
