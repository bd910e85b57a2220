package httpapi

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// EntityTag is the entity tag of what the parts say: it changes with each of them. It is empty for parts that JSON cannot say.
func EntityTag(parts ...any) string {
	text, err := json.Marshal(parts)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return fmt.Sprintf("%q", hex.EncodeToString(sum[:12]))
}

// Matches tells whether the state that an If-Match header asks for is the one with that entity tag, for whoever is about to change
// it: a weak tag is none (RFC 9110, 13.1.1). Without its quotes, as clients copy it from attributes.etag, a tag names the same state.
func Matches(ifMatch, tag string) bool {
	return anyOf(ifMatch, func(one string) bool { return one == "*" || bare(one) == bare(tag) })
}

// Known tells whether a reader has the state with that entity tag, by its If-None-Match header: a weak tag is as good (RFC 9110, 13.1.2).
func Known(ifNoneMatch, tag string) bool {
	return anyOf(ifNoneMatch, func(one string) bool { return one == "*" || bare(strings.TrimPrefix(one, "W/")) == bare(tag) })
}

// anyOf tells whether one of the tags of a header, that says anything, will do.
func anyOf(header string, will func(tag string) bool) bool {
	return slices.ContainsFunc(strings.Split(header, ","), func(one string) bool {
		one = strings.TrimSpace(one)
		return bare(one) != "" && will(one)
	})
}

func bare(tag string) string { return strings.Trim(tag, `"`) }

// NotModified is what a handler returns for a reader who has the present state already: an answer, 304, with the entity tag.
func NotModified(tag string) error { return notModified{tag} }

type notModified struct{ tag string }

func (notModified) Error() string  { return "not modified" }
func (notModified) GetStatus() int { return http.StatusNotModified }

// GetHeaders repeats the entity tag.
func (n notModified) GetHeaders() http.Header { return http.Header{"Etag": {n.tag}} }
