package api

import (
	"net/url"

	"handover/internal/transfer"
)

// Attributes name the kind of a resource, as the wire contract does.
type Attributes struct {
	ObjectType string `json:"objectType" example:"Collection" doc:"Kind of the resource."`
	ETag       string `json:"etag,omitempty" doc:"Entity tag, for If-Match."`
}

var collection = Attributes{ObjectType: "Collection"}

// PageLinks lead from one page of a collection to the next.
type PageLinks struct {
	Self transfer.Link  `json:"self"`
	Next *transfer.Link `json:"next,omitempty" doc:"Absent on the last page."`
}

// link is a link to the path with the query.
func link(path string, query url.Values) transfer.Link {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return transfer.Link{URI: path, Method: "GET", Headers: []string{}}
}
