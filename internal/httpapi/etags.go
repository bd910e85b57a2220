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

// Matches tells whether an entity tag is among those of an If-Match or If-None-Match header (RFC 9110). Two things are read
// kindly, because both name one state only: a tag without its quotes, as clients copy it from attributes.etag, and one that a
// proxy on the way made weak.
func Matches(header, tag string) bool {
	return slices.ContainsFunc(strings.Split(header, ","), func(one string) bool {
		one = bareTag(one)
		return one == "*" || one != "" && one == bareTag(tag)
	})
}

func bareTag(tag string) string {
	return strings.Trim(strings.TrimPrefix(strings.TrimSpace(tag), "W/"), `"`)
}

// NotModified is what a handler returns for a reader who has the present state already: an answer, 304, with the entity tag.
func NotModified(tag string) error { return notModified{tag} }

type notModified struct{ tag string }

func (notModified) Error() string  { return "not modified" }
func (notModified) GetStatus() int { return http.StatusNotModified }

// GetHeaders repeats the entity tag.
func (n notModified) GetHeaders() http.Header { return http.Header{"Etag": {n.tag}} }
