package world

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// document reads the bytes of a file as one YAML document and returns the record at its root, or notes why that cannot be
// done and returns nil.
func (p *problems) document(data []byte) *record {
	if len(data) > MaxBytes {
		p.on(0, 0, "The world file is larger than %d MB. Split the world, or generate it in Go as world.Large does.", MaxBytes>>20)
		return nil
	}
	if !p.readable(data) {
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var first, second yaml.Node
	err := decoder.Decode(&first)
	switch {
	case errors.Is(err, io.EOF):
		p.on(1, 1, "The world file is empty. It needs at least partners and customers.")
		return nil
	case err != nil:
		p.syntax(err)
		return nil
	}
	if err := decoder.Decode(&second); err == nil {
		p.at(&second, "A second YAML document starts here. A world file holds one; remove the line ---.")
		return nil
	} else if !errors.Is(err, io.EOF) {
		p.syntax(err)
		return nil
	}
	if !p.plain(&first) {
		return nil
	}
	return p.record(first.Content[0], "world")
}

// readable notes the first byte of a text in UTF-8 that cannot stand in YAML: its library tells of it and not of its place. UTF-16 with
// its mark is left to the library.
func (p *problems) readable(data []byte) bool {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return true
	}
	line, start := 1, 0
	for at := 0; at < len(data); {
		r, size := utf8.DecodeRune(data[at:])
		column := func() int { return utf8.RuneCount(data[start:at]) + 1 }
		switch {
		case r == utf8.RuneError && size == 1:
			p.on(line, column(), "The byte %#x is not UTF-8. Save the file as UTF-8, or as UTF-16 with a byte order mark.", data[at])
			return false
		case unicode.IsControl(r) && !strings.ContainsRune("\t\n\r\u0085", r):
			p.on(line, column(), "The control character %U cannot stand in a world file. Remove it, or save the file as UTF-8.", r)
			return false
		case r == '\n', r == '\r' && !bytes.HasPrefix(data[at+1:], []byte("\n")):
			line, start = line+1, at+1
		}
		at += size
	}
	return true
}

var yamlError = regexp.MustCompile(`(?s)^(?:yaml: )?(?:line ([0-9]+): )?(.*)$`)

// syntax notes what the YAML library says. It tells the line at best, that of the construct around the mistake or the one
// before it, and leaves the first line out.
func (p *problems) syntax(err error) {
	parts := yamlError.FindStringSubmatch(err.Error())
	line, convErr := strconv.Atoi(parts[1])
	if convErr != nil {
		line = 1
	}
	p.on(line, 1, "This is not valid YAML (%s). Correct it at this line or after it.", strings.Join(strings.Fields(parts[2]), " "))
}

// plain refuses anchors, aliases and tags: nothing in a world needs them, and nested aliases make a small file expand to
// one that fills the memory. It tells whether there were none.
func (p *problems) plain(node *yaml.Node) bool {
	ok := true
	switch {
	case node.Anchor != "" || node.Kind == yaml.AliasNode:
		p.at(node, "World files have no anchors and aliases (& and *). Write the value out.")
		ok = false
	case node.Style&yaml.TaggedStyle != 0:
		p.at(node, "World files have no tags such as %.40q. Leave it out.", node.Tag)
		ok = false
	}
	for _, child := range node.Content {
		ok = p.plain(child) && ok
	}
	return ok
}
