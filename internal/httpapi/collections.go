package httpapi

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"handover/internal/kernel"
)

// Attributes name the kind of a resource, as the wire contract does.
type Attributes struct {
	ObjectType string `json:"objectType" example:"Collection" doc:"Kind of the resource."`
	ETag       string `json:"etag,omitempty" doc:"Entity tag, for If-Match."`
}

// Collection are the attributes of every collection.
var Collection = Attributes{ObjectType: "Collection"}

// PageLinks lead from one page of a collection to the next.
type PageLinks struct {
	Self kernel.Link  `json:"self"`
	Next *kernel.Link `json:"next,omitempty" doc:"Absent on the last page."`
}

// LinkTo is a link to the path with the query.
func LinkTo(path string, query url.Values) kernel.Link {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return kernel.Link{URI: path, Method: "GET", Headers: []string{}}
}

// Paging is how clients ask for one page after the other.
type Paging struct {
	Size         int    `query:"size" doc:"How many to answer with, 1 to 500." example:"100"`
	Seek         string `query:"seekOperation" doc:"Next: the page after the one whose token is given."`
	Continuation string `header:"MS-ContinuationToken" doc:"The continuationToken of the page before."`
	SeekToken    string `query:"seek" doc:"The same token, as links.next carries it."`
}

// After is the token of the page before, empty for the first page. Refusal: UnknownEnum for a direction other than onwards.
func (p Paging) After() (string, error) {
	if p.Seek != "" && !strings.EqualFold(p.Seek, "Next") {
		return "", kernel.Refuse(kernel.UnknownEnum, "seekOperation must be Next; pages are read in order.")
	}
	if p.Continuation != "" {
		return p.Continuation, nil
	}
	return p.SeekToken, nil
}

// Next is the link to the next page, which begins with the token; nil without one. The rest of the query is kept.
func (p Paging) Next(path, token string, kept url.Values) *kernel.Link {
	if token == "" {
		return nil
	}
	kept.Set("seek", token)
	if p.Size > 0 {
		kept.Set("size", strconv.Itoa(p.Size))
	}
	l := LinkTo(path, kept)
	return &l
}

// MostPage bounds the size of a page.
const MostPage = 500

// PageSize is how many a page holds; 0 stands for the usual number. Refusal: InvalidInput.
func PageSize(asked, usual int) (int, error) {
	switch {
	case asked == 0:
		return usual, nil
	case asked < 1 || asked > MostPage:
		return 0, kernel.Refuse(kernel.InvalidInput, "size must be 1 to %d.", MostPage)
	}
	return asked, nil
}

// WriteCursor makes the token for a place in a list ordered by time and id. Clients hand it back as it is.
func WriteCursor(at time.Time, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(at.UTC().Format(time.RFC3339Nano) + " " + id))
}

// ReadCursor reads what WriteCursor wrote. Refusal: InvalidInput.
func ReadCursor(text string) (time.Time, string, error) {
	plain, err := base64.RawURLEncoding.DecodeString(text)
	stamp, id, found := strings.Cut(string(plain), " ")
	at, bad := time.Parse(time.RFC3339Nano, stamp)
	if err != nil || bad != nil || !found || id == "" {
		return at, "", NoSuchToken()
	}
	return at, id, nil
}

// NoSuchToken refuses a continuation token that was made up: InvalidInput.
func NoSuchToken() error {
	return kernel.Refuse(kernel.InvalidInput, "The continuation token is not one that this API gave. Start again without it.")
}

// Filter is the filter of a collection.
type Filter struct {
	Field    string
	Value    string
	Operator string
}

// ReadFilter reads a filter; an empty text is none, and has no field. Field and operator are given back in lower case.
// Refusal: InvalidInput.
func ReadFilter(text string) (Filter, error) {
	var f Filter
	if text == "" {
		return f, nil
	}
	if err := json.Unmarshal([]byte(text), &f); err != nil || f.Field == "" || f.Value == "" {
		return f, kernel.Refuse(kernel.InvalidInput, `filter must be JSON such as {"Field":"CompanyName","Value":"Contoso","Operator":"starts_with"}.`)
	}
	f.Field, f.Operator = strings.ToLower(f.Field), strings.ToLower(f.Operator)
	return f, nil
}

// Given is a time that may be absent: nil for the zero time.
func Given(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
