package httpapi

import (
	"bufio"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"reflect"
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
	Size         int    `query:"size" also:"auditRequest.size" minimum:"1" maximum:"500" doc:"How many to answer with, 1 to 500." example:"100"`
	Offset       int    `query:"offset" doc:"0: pages are found by the token of the one before, not by counting."`
	Seek         string `query:"seekOperation" doc:"Next: the page after the one whose token is given; First: the first one."`
	Continuation string `header:"MS-ContinuationToken" doc:"The continuationToken of the page before."`
	SeekToken    string `query:"seek" empty:"absent" also:"MS-ContinuationToken,continuationToken" doc:"The same token, as links.next carries it."`
}

// After is the token of the page before, empty for the first page. Refusals: UnknownEnum for a direction that pages are not
// read in, InvalidInput for a direction without its token, two tokens, and a count in place of one.
func (p Paging) After() (string, error) {
	token := p.Continuation
	if token == "" {
		token = p.SeekToken
	}
	direction, known := kernel.Named(p.Seek, "", "Next", "First")
	switch {
	case !known:
		return "", kernel.Refuse(kernel.UnknownEnum, "seekOperation must be Next or First; pages are read in order.")
	case p.Offset != 0:
		return "", kernel.Refuse(kernel.InvalidInput, "offset must be 0 or left out. Read the next page with the continuationToken of the one before.")
	case p.Continuation != "" && p.SeekToken != "" && p.Continuation != p.SeekToken:
		return "", kernel.Refuse(kernel.InvalidInput, "seek and MS-ContinuationToken are two different tokens. Send one.")
	case direction == "Next" && token == "":
		return "", kernel.Refuse(kernel.InvalidInput, "seekOperation Next needs the continuationToken of the page before, as the header MS-ContinuationToken or as seek.")
	case direction == "First" && token != "":
		return "", kernel.Refuse(kernel.InvalidInput, "seekOperation First has no page before it. Leave the continuation token out.")
	}
	return token, nil
}

// Self is the link to the page itself. The rest of the query is kept.
func (p Paging) Self(path string, kept url.Values) kernel.Link {
	own := p.Next(path, cmp.Or(p.Continuation, p.SeekToken), maps.Clone(kept))
	if own != nil {
		return *own
	}
	query := maps.Clone(kept)
	if p.Size > 0 {
		query.Set("size", strconv.Itoa(p.Size))
	}
	return LinkTo(path, query)
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
	if err != nil || bad != nil || !kernel.Keepable(at) || !found || id == "" || !isText(id) {
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
	Field    string `json:"Field"`
	Value    string `json:"Value"`
	Operator string `json:"Operator"`
}

var filterShape = shapeAt("filter", reflect.TypeFor[Filter](), nil)

// ReadFilter reads a filter; an empty text is none, and has no field. Refusal: InvalidInput, also for more than a filter has.
func ReadFilter(text string) (Filter, error) {
	var f Filter
	if text == "" {
		return f, nil
	}
	scanner := scanner{in: bufio.NewReader(strings.NewReader(text))}
	var own *Error
	if err := scanner.scan(filterShape); errors.As(err, &own) {
		return f, kernel.Refuse(kernel.InvalidInput, "filter must be %s: %s", filterExample, strings.TrimPrefix(own.Description, bodyUnread))
	}
	if err := json.Unmarshal([]byte(text), &f); err != nil || f.Field == "" || f.Value == "" || !isText(f.Value) {
		return f, kernel.Refuse(kernel.InvalidInput, "filter must be %s.", filterExample)
	}
	return f, nil
}

const filterExample = `JSON such as {"Field":"CompanyName","Value":"Contoso","Operator":"starts_with"}`

// By tells whether the filter asks for that field with that operator, however the client spells either.
func (f Filter) By(field, operator string) bool {
	return kernel.SameName(f.Field, field) && kernel.SameName(f.Operator, operator)
}

// Given is a time that may be absent: nil for the zero time.
func Given(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
