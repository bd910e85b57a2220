package config

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every setting stands in the operator's table, by its whole name or after others with the same beginning.
func TestEverySettingIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/operations.md")
	require.NoError(t, err)
	rows := strings.Split(string(text), "\n")
	documented := func(prefix, name string) bool {
		for _, row := range rows {
			if strings.Contains(row, "`"+prefix+name+"`") || strings.Contains(row, "| `"+prefix) && strings.Contains(row, "`_"+name+"`") {
				return true
			}
		}
		return false
	}
	config := reflect.TypeFor[Config]()
	for field := range config.Fields() {
		prefix := field.Tag.Get("envPrefix")
		if prefix == "" {
			assert.True(t, documented(field.Tag.Get("env"), ""), field.Name)
			continue
		}
		for part := range field.Type.Fields() {
			name, _, _ := strings.Cut(part.Tag.Get("env"), ",")
			assert.True(t, documented(prefix, name), prefix+name)
		}
	}
}
