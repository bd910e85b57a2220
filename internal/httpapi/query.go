package httpapi

import (
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"handover/internal/kernel"
)

// Why nothing that a client says is ever ignored: a filter that is dropped answers with everything, and a misspelt one looks
// as if it had been honoured. So a query is read as a whole, before anything is done: every parameter of it is one that the
// operation has, under its name in any case or under another name that clients have for it, and is given once unless it
// takes a list; otherwise the request is refused and says which parameter it was.

// parameters are what the query of an operation may say.
type parameters struct {
	names []string             // as described, in the order of the handler's input
	known map[string]parameter // by every name that clients have for one, in lower case
}

type parameter struct {
	name  string // as described
	list  bool   // it may be given several times; huma reads a list from one value, separated by commas
	empty bool   // an empty value says what none says, and cannot be mistaken for anything else
}

// parametersOf are the parameters that the fields of a handler's input have in their tags: query for the name, also for
// other names that clients have for it, separated by commas, and empty:"absent" where an empty value is none.
func parametersOf(input reflect.Type) parameters {
	p := parameters{known: map[string]parameter{}}
	for _, field := range reflect.VisibleFields(input) {
		name, _, _ := strings.Cut(field.Tag.Get("query"), ",")
		if name == "" {
			continue
		}
		p.names = append(p.names, name)
		one := parameter{name: name, list: field.Type.Kind() == reflect.Slice, empty: field.Tag.Get("empty") == "absent"}
		for _, known := range append(strings.Split(field.Tag.Get("also"), ","), name) {
			p.known[strings.ToLower(known)] = one
		}
	}
	delete(p.known, "")
	return p
}

// read is the query in the names of the description; one that has these already stays as it was sent. Refusals:
// unknownParameter, givenTwice, emptyParameter, badRequest for what is no query, or no text.
func (p parameters) read(raw string) (string, error) {
	given, err := url.ParseQuery(raw)
	if err != nil {
		return "", Refuse(badRequest, "The query cannot be read: its parameters must be percent-encoded and separated by &.")
	}
	read, asSent := url.Values{}, true
	for name, values := range given {
		one, known := p.known[strings.ToLower(name)]
		if !known {
			return "", p.unknown(name)
		}
		asSent = asSent && one.name == name && len(values) == 1
		read[one.name] = append(read[one.name], values...)
	}
	for name, values := range read {
		one := p.known[strings.ToLower(name)]
		if err := one.check(values); err != nil {
			return "", err
		}
		slices.Sort(values) // names that differ in case come in no order
		read[name] = []string{strings.Join(values, ",")}
	}
	if asSent {
		return raw, nil
	}
	return read.Encode(), nil
}

// check refuses values that the parameter cannot have. An empty one is what a client sends whose own value is missing: taken
// for nothing, it would find everything, or do for good what was to be rehearsed.
func (p parameter) check(values []string) error {
	if len(values) > 1 && !p.list {
		return Refuse(givenTwice, "The parameter %s is given %d times; it takes one value. Give it once.", p.name, len(values))
	}
	for _, value := range values {
		switch {
		case value == "" && !p.empty:
			return Refuse(emptyParameter, "The parameter %s is empty. Give it a value, or leave it out.", p.name)
		case !isText(value):
			return Refuse(badRequest, "The parameter %s must be UTF-8 without NUL.", p.name)
		}
	}
	return nil
}

// isText tells text from bytes that are none: no database keeps these as they are, so what they find is not what was asked for.
func isText(value string) bool { return utf8.ValidString(value) && !strings.ContainsRune(value, 0) }

func (p parameters) unknown(name string) error {
	if len(p.names) == 0 {
		return Refuse(unknownParameter, "There is no parameter %q: this operation takes none in its query. Leave it out.", kernel.Clip(name))
	}
	return Refuse(unknownParameter, "There is no parameter %q here. There are: %s.", kernel.Clip(name), strings.Join(p.names, ", "))
}

// understood is the request with its query in the names of the description, and each of its headers in one line. Errors:
// those of parameters.read, and of a path that is no text.
func (r Route) understood(req *http.Request) (*http.Request, error) {
	if !isText(req.URL.Path) {
		return req, Refuse(badRequest, "The path must be UTF-8 without NUL.")
	}
	for _, name := range lists {
		if lines := req.Header.Values(name); len(lines) > 1 {
			req.Header.Set(name, strings.Join(lines, ", "))
		}
	}
	query, err := r.query.read(req.URL.RawQuery)
	if err != nil || query == req.URL.RawQuery {
		return req, err
	}
	at := *req.URL
	at.RawQuery = query
	again := req.Clone(req.Context())
	again.URL = &at
	return again, nil
}

// QueryTime reads a time of a query; an empty text is the zero time, for one that was left out. Refusals: those of kernel.ReadTime.
func QueryTime(name, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return kernel.ReadTime(name, text, kernel.TimeExample, time.RFC3339)
}
