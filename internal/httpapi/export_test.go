package httpapi

import (
	"bufio"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
)

// What the tests over all routes have to see: they import the contexts, which import this package.

const (
	UsualBody      = usualBody
	MostBytesOfOne = mostBytesOfOne
)

var (
	Permitted   = permitted
	OperationOf = operationOf
	ReadJSON    = readJSON
)

func (a *API) Routes() []Route            { return a.routes }
func (a *API) Description() *huma.OpenAPI { return a.huma.OpenAPI() }

// Parameters are what its query may say.
func (r Route) Parameters() []string { return r.query.names }

func (r Route) Open() bool   { return r.open }
func (r Route) Writes() bool { return r.write }

// TakesBody tells whether a route reads the body of a request.
func (r Route) TakesBody() bool { return !r.body.none }

// InFlight are the bytes of all bodies in memory.
func (a *API) InFlight() int64 {
	a.bodies.mu.Lock()
	defer a.bodies.mu.Unlock()
	return max(a.bodies.all, int64(len(a.bodies.of)))
}

// Place is a place in a body at which a value may stand.
type Place struct {
	Path          string
	Bound         kernel.Bound
	Text, List    bool
	Members       []string // of an object
	Before, After string

	at *shape
}

// Has tells whether the object there takes the member.
func (p Place) Has(member string) bool {
	return p.at.field(member) != &nobodyReads || p.at.echoed[strings.ToLower(member)]
}

// MembersOf are the members of the JSON of a type.
func MembersOf(t reflect.Type) []string {
	return slices.Sorted(maps.Keys(shapeAt("", t, nil).fields))
}

// With is a body that says nothing but the value at that place.
func (p Place) With(value string) string { return p.Before + value + p.After }

// Places are all places of a body, lists and their elements included.
func (r Route) Places() []Place { return places(r.body, "", "") }

func places(s *shape, before, after string) []Place {
	holdsText := s.kind == text || s.kind == word || s.kind == own
	all := []Place{{Path: s.path, Bound: s.bound, Text: holdsText, List: s.kind == list, Before: before, After: after, at: s}}
	if s.kind == object {
		all[0].Members = slices.Sorted(maps.Keys(s.fields))
	}
	if s.elements != nil {
		all = append(all, places(s.elements, before+"[", "]"+after)...)
	}
	for name, at := range s.fields {
		all = append(all, places(at, before+`{"`+name+`":`, "}"+after)...)
	}
	return all
}

// Scan holds the body against what the route takes.
func (r Route) Scan(body string) error { return scanned(r.body, body) }

// ScanAs holds the body against the type.
func ScanAs(kind reflect.Type, body string) error { return scanned(shapeAt("", kind, nil), body) }

func scanned(s *shape, body string) error {
	scanner := scanner{in: bufio.NewReader(strings.NewReader(body))}
	return scanner.scan(s)
}

// RequireBounded checks, independently of the scan, that a decoded value of the type keeps its bounds.
func RequireBounded(t *testing.T, kind reflect.Type, v reflect.Value) {
	t.Helper()
	requireBounded(t, shapeAt("", kind, nil), v)
}

func requireBounded(t *testing.T, at *shape, v reflect.Value) {
	t.Helper()
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	switch {
	case !v.IsValid() || at.kind == ignored:
	case v.Kind() == reflect.String:
		require.NoError(t, kernel.CheckText(at.path, v.String()))
	case at.kind == list:
		require.LessOrEqual(t, v.Len(), at.bound.Elements, at.path)
		for i := range v.Len() {
			requireBounded(t, at.elements, v.Index(i))
		}
	case at.kind == object:
		for name, inside := range at.fields {
			for i := range v.NumField() {
				if tag, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ","); tag == name {
					requireBounded(t, inside, v.Field(i))
				}
			}
		}
	}
}
