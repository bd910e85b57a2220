package world

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// record is one mapping of the file: a partner, a subscription, the world itself. Reading a field makes it a known one;
// done then notes the fields that nobody read.
type record struct {
	kind   string // what the record is, for messages
	node   *yaml.Node
	fields map[string]*yaml.Node
	known  []string
	found  *problems
}

// entry is a value together with the record it was read from, for problems that show only later.
type entry[T any] struct {
	value T
	from  *record
}

// record opens a mapping. It returns nil, with the problem noted, when the node is none.
func (p *problems) record(node *yaml.Node, kind string) *record {
	if node.Kind != yaml.MappingNode {
		p.at(node, "This %s must be a mapping of fields (name: value).", kind)
		return nil
	}
	r := &record{kind: kind, node: node, fields: make(map[string]*yaml.Node, len(node.Content)/2), found: p}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode:
			p.at(key, "The name of a field must be plain text.")
		case r.fields[key.Value] != nil:
			p.at(key, "The field %.40q is given twice in this %s. Remove one.", key.Value, kind)
		default:
			r.fields[key.Value] = value
		}
	}
	return r
}

// need reads a field that every record of the kind has.
func need[T any](r *record, field string, read func(*yaml.Node) (T, error)) T {
	var zero T
	r.require(field)
	return may(r, field, zero, read)
}

func (r *record) require(field string) {
	if r.fields[field] == nil {
		r.found.at(r.node, "The field %s is missing from this %s.", field, r.kind)
	}
}

// may reads a field that can be left out and then has the default value.
func may[T any](r *record, field string, byDefault T, read func(*yaml.Node) (T, error)) T {
	node := r.field(field)
	if node == nil {
		return byDefault
	}
	value, err := read(node)
	if err != nil {
		r.found.at(node, "%s must be %v.", field, err)
	}
	return value
}

func (r *record) field(name string) *yaml.Node {
	r.known = append(r.known, name)
	return r.fields[name]
}

// at is the node of a field, or the record's own when the field was left out.
func (r *record) at(field string) *yaml.Node {
	if node := r.fields[field]; node != nil {
		return node
	}
	return r.node
}

// list reads a field that holds a list of records of one kind.
func list[T any](r *record, field, kind string, read func(*record) T) []entry[T] {
	node := r.field(field)
	if node == nil {
		return nil
	}
	if node.Kind != yaml.SequenceNode {
		r.found.at(node, "%s must be a list; each %s starts with a dash.", field, kind)
		return nil
	}
	entries := make([]entry[T], 0, len(node.Content))
	for _, child := range node.Content {
		if one := r.found.record(child, kind); one != nil {
			entries = append(entries, entry[T]{value: read(one), from: one})
			one.done()
		}
	}
	return entries
}

// done notes the fields that the kind does not have.
func (r *record) done() {
	for i := 0; i+1 < len(r.node.Content); i += 2 {
		key := r.node.Content[i]
		if key.Kind != yaml.ScalarNode || slices.Contains(r.known, key.Value) {
			continue
		}
		if similar := nearest(key.Value, r.known); similar != "" {
			r.found.at(key, "This %s has no field %.40q. Did you mean %s?", r.kind, key.Value, similar)
		} else {
			r.found.at(key, "This %s has no field %.40q. Its fields are %s.", r.kind, key.Value, strings.Join(r.known, ", "))
		}
	}
}
