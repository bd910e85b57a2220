package httpapi

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"handover/internal/kernel"
)

// shape is what a body may look like at one place: its Go type and the table of bounds in one, for those that read bodies
// before they are decoded and those that describe them.
type shape struct {
	path     string // from the top of the body, as refusals name it; empty at the top
	kind     kind
	bound    kernel.Bound
	fields   map[string]*shape // of an object, by name
	echoed   map[string]bool   // of an object, by name in lower case: members that clients send back and nobody reads
	elements *shape            // of a list
	tooMany  func(int) error   // refuses its elements; nil for the usual refusal
	none     bool              // it is the body of an operation that takes none
}

// kind is which sort of JSON value a place takes.
type kind int

const (
	ignored kind = iota // nobody reads it: any value, nested to the usual depth
	object
	list
	text
	number
	boolean
	word // a text or a number
	own  // whatever its type makes of it; as bounded as a text
)

// shape is the shape of the Body of the handler's input. One that has none takes nothing, or an object that says nothing, as some clients
// send it: what nobody reads is refused here as in other bodies.
func (r Route) shape(input reflect.Type) *shape {
	body, ok := input.FieldByName("Body")
	if !ok {
		none := &shape{kind: object, none: true}
		none.echo(&nobodyReads, nil)
		return none
	}
	at, resource := shapeAt("", body.Type, r.Lists), &nobodyReads
	if r.Resource != nil {
		resource = shapeAt("", r.Resource, nil)
	}
	at.echo(resource, r.Echoes)
	return at
}

// everywhere are the members that every object of the wire contract has.
var everywhere = []string{"attributes", "links"}

// echo makes the members known that come back with the resource, and those at these paths besides.
func (s *shape) echo(resource *shape, paths []string) {
	if s.kind == list {
		elements := resource.elements
		if elements == nil {
			elements = &nobodyReads
		}
		s.elements.echo(elements, paths)
	}
	if s.kind != object {
		return
	}
	s.echoed = map[string]bool{}
	for _, name := range append(slices.Collect(maps.Keys(resource.fields)), everywhere...) {
		s.echoed[strings.ToLower(name)] = true
	}
	for _, path := range paths {
		if above, name := split(path); above == s.path {
			s.echoed[strings.ToLower(name)] = true
		}
	}
	for name, field := range s.fields {
		field.echo(resource.field(name), paths)
	}
}

// split parts a path into where the member stands and its name.
func split(path string) (above, name string) {
	i := strings.LastIndexByte(path, '.')
	return path[:max(i, 0)], path[i+1:]
}

func shapeAt(path string, t reflect.Type, lists map[string]List) *shape {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	at := &shape{path: path, kind: kindOf(t), bound: kernel.BoundOf(path)}
	if at.kind == list {
		own := lists[path]
		if at.tooMany = own.TooMany; own.Most > 0 {
			at.bound.Elements = own.Most
		}
		at.elements = shapeAt(path, t.Elem(), lists)
	}
	if at.kind == object {
		at.fields = fieldsOf(path, t, lists)
	}
	return at
}

func fieldsOf(path string, t reflect.Type, lists map[string]List) map[string]*shape {
	fields := map[string]*shape{}
	for _, field := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" {
			fields[name] = shapeAt(strings.TrimPrefix(path+"."+name, "."), field.Type, lists)
		}
	}
	return fields
}

func kindOf(t reflect.Type) kind {
	switch {
	case t == reflect.TypeFor[json.RawMessage]():
		return ignored
	case reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()):
		return own
	}
	switch t.Kind() {
	case reflect.Struct:
		return object
	case reflect.Slice:
		return list
	case reflect.String:
		return text
	case reflect.Bool:
		return boolean
	case reflect.Interface:
		return word
	default:
		return number
	}
}

// field is the shape of the property with that name; that of anything where there is none. Names are read in any case, as
// the decoder reads them.
func (s *shape) field(name string) *shape {
	if at, ok := s.fields[name]; ok {
		return at
	}
	for known, at := range s.fields {
		if strings.EqualFold(known, name) {
			return at
		}
	}
	return &nobodyReads
}

var nobodyReads shape

// describe writes the bounds into the description of the operation that takes such a body.
func (s *shape) describe(doc *huma.OpenAPI, op *huma.Operation) {
	if op.RequestBody == nil {
		return
	}
	for _, content := range op.RequestBody.Content {
		s.bind(doc.Components.Schemas, content.Schema)
	}
}

func (s *shape) bind(known huma.Registry, schema *huma.Schema) {
	if schema.Ref != "" {
		schema = known.SchemaFromRef(schema.Ref)
	}
	switch schema.Type {
	case huma.TypeObject:
		for name, property := range schema.Properties {
			s.field(name).bind(known, property)
		}
	case huma.TypeArray:
		schema.MaxItems = ptr(s.bound.Elements)
		if s.elements != nil {
			s.elements.bind(known, schema.Items)
		}
	case huma.TypeString:
		schema.MaxLength = ptr(s.bound.Most)
	}
}
