package house

import (
	"go/ast"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/transfer"
)

// impersonal are the JSON names, one a line, under which neither people stand nor what they typed: docs/personal-data.md says why each may stay.
func impersonal(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("testdata/impersonal_names.txt")
	require.NoError(t, err)
	names := map[string]bool{}
	for _, name := range strings.Fields(string(text)) {
		assert.False(t, kernel.IsPersonal(name), "%s is forgotten, too", name)
		names[strings.ToLower(name)] = true
	}
	return names
}

// Whoever gives a text a new name in what is kept or logged decides whether it is forgotten.
func TestEveryJSONNameIsDecidedAbout(t *testing.T) {
	t.Parallel()
	decided, seen := impersonal(t), map[string]bool{}
	for path, file := range sources(t) {
		if !strings.HasPrefix(path, "internal/") || strings.HasPrefix(path, "internal/devissuer/") || strings.HasSuffix(path, "_test.go") { // which keeps nothing
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			field, ok := n.(*ast.Field)
			if !ok || field.Tag == nil {
				return true
			}
			name, _, _ := strings.Cut(reflect.StructTag(strings.Trim(field.Tag.Value, "`")).Get("json"), ",")
			if name != "" && name != "-" && mayHoldText(field.Type) {
				seen[strings.ToLower(name)] = true
				assert.True(t, kernel.IsPersonal(name) || decided[strings.ToLower(name)], "%s: is it forgotten (kernel.IsPersonal), or does it stay (testdata/impersonal_names.txt)?", name)
			}
			return true
		})
	}
	line := reflect.TypeFor[transfer.LineItem]() // it is kept as Go spells it
	for i := range line.NumField() {
		if name := line.Field(i).Name; line.Field(i).Type.Kind() == reflect.String {
			seen[strings.ToLower(name)] = true
			assert.True(t, kernel.IsPersonal(name) || decided[strings.ToLower(name)], name)
		}
	}
	for name := range decided {
		assert.True(t, seen[name], "%s stands in testdata/impersonal_names.txt and nowhere else", name)
	}
}

// mayHoldText tells whether the type is text, or something that may be.
func mayHoldText(of ast.Expr) bool {
	switch of := of.(type) {
	case *ast.Ident:
		return of.Name == "string" || of.Name == "any"
	case *ast.StarExpr:
		return mayHoldText(of.X)
	case *ast.ArrayType:
		return mayHoldText(of.Elt)
	case *ast.MapType:
		return mayHoldText(of.Value)
	case *ast.SelectorExpr:
		return of.Sel.Name == "RawMessage"
	}
	return false
}
