package api

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

// listedItems is the list whose length is the deployment's to bound.
const listedItems = "lineItems"

// shapeOf is the shape of the Body of a handler's input; that of anything for an input that has none.
func (a *API) shapeOf(input reflect.Type) *shape {
	body, ok := input.FieldByName("Body")
	if !ok {
		return &shape{}
	}
	return a.shapeAt("", body.Type)
}

func (a *API) shapeAt(path string, t reflect.Type) *shape {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	at := &shape{path: path, kind: kindOf(t), bound: kernel.BoundOf(path)}
	if path == listedItems && a.Policy.MaxListedItems > 0 {
		at.bound.Elements = a.Policy.MaxListedItems
	}
	if at.kind == list {
		at.elements = a.shapeAt(path, t.Elem())
	}
	if at.kind == object {
		at.fields = a.fieldsOf(path, t)
	}
	return at
}

func (a *API) fieldsOf(path string, t reflect.Type) map[string]*shape {
	fields := map[string]*shape{}
	for _, field := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" {
			fields[name] = a.shapeAt(strings.TrimPrefix(path+"."+name, "."), field.Type)
		}
	}
	return fields
}

func kindOf(t reflect.Type) kind {
	switch {
	case t == typeOf[json.RawMessage]():
		return ignored
	case reflect.PointerTo(t).Implements(typeOf[json.Unmarshaler]()):
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
