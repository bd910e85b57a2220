package httpapi

import (
	"encoding/json"
	"reflect"
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
	elements *shape            // of a list
	tooMany  func(int) error   // refuses its elements; nil for the usual refusal
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

// shapeOf is the shape of the Body of a handler's input, with these lists in it; that of anything for an input that has none.
func shapeOf(input reflect.Type, lists map[string]List) *shape {
	body, ok := input.FieldByName("Body")
	if !ok {
		return &shape{}
	}
	return shapeAt("", body.Type, lists)
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

// field is the shape of the property with that name. Names are read in any case, as the decoder reads them.
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
