package httpapi

import (
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

// The bounds of what a client says outside of bodies, in a path, a query or a header: room for a filter and for the token of a page.
const (
	longestParameter = 1024 // characters
	mostValues       = 32   // of a parameter that takes several
)

// checkParameters refuses parameters that exceed their bounds, before anybody reads them. It repeats nothing of them.
func checkParameters(op *huma.Operation, req *http.Request) error {
	for _, p := range op.Parameters {
		if p.In == "path" && tooLong(req.PathValue(p.Name)) || p.In == "header" && tooLong(strings.Join(req.Header.Values(p.Name), ", ")) {
			return Refuse(badRequest, "%s in the %s must have at most %d characters.", p.Name, p.In, longestParameter)
		}
	}
	for name, values := range req.URL.Query() {
		if tooLong(name) {
			return Refuse(badRequest, "The name of a query parameter must have at most %d characters.", longestParameter)
		}
		if len(values) > mostValues {
			return Refuse(badRequest, "The query parameter %s may be given at most %d times.", name, mostValues)
		}
		for _, value := range values {
			if tooLong(value) {
				return Refuse(badRequest, "The query parameter %s must have at most %d characters.", name, longestParameter)
			}
		}
	}
	return nil
}

func tooLong(text string) bool {
	return len(text) > longestParameter && utf8.RuneCountInString(text) > longestParameter
}

// bindParameters writes the bounds into the description of an operation.
func bindParameters(op *huma.Operation) {
	for _, p := range op.Parameters {
		bindParameter(p.Schema)
	}
}

func bindParameter(schema *huma.Schema) {
	switch {
	case schema.Type == huma.TypeArray:
		schema.MaxItems = ptr(mostValues)
		bindParameter(schema.Items)
	case schema.Type == huma.TypeString && schema.MaxLength == nil:
		schema.MaxLength = ptr(longestParameter)
	}
}
