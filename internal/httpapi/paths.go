package httpapi

import (
	"net/http"
	"net/url"
	"strings"
)

// spelling is how the segments of paths are spelled that are no parameters, by how they look in lower case.
type spelling struct {
	first map[string]bool   // those that a path of this API begins with
	all   map[string]string // every one
}

func spellingOf(routes []Route) spelling {
	s := spelling{first: map[string]bool{}, all: map[string]string{}}
	for _, r := range routes {
		for i, segment := range strings.Split(strings.Trim(r.Path, "/"), "/") {
			if strings.HasPrefix(segment, "{") {
				continue
			}
			s.all[strings.ToLower(segment)] = segment
			if i == 0 {
				s.first[strings.ToLower(segment)] = true
			}
		}
	}
	return s
}

// read is the request with its path as the routes spell it. Clients write segments in any case, and put two slashes where their
// base address ends in one; to send them elsewhere would cost them their token and their body.
func (s spelling) read(r *http.Request) *http.Request {
	sent := r.URL.EscapedPath()
	segments := strings.FieldsFunc(sent, func(c rune) bool { return c == '/' })
	if len(segments) == 0 || !s.first[strings.ToLower(segments[0])] {
		return r
	}
	for i, segment := range segments {
		if spelled, known := s.all[strings.ToLower(segment)]; known {
			segments[i] = spelled
		}
	}
	path := "/" + strings.Join(segments, "/")
	if strings.HasSuffix(sent, "/") {
		path += "/" // another path, which none of ours is
	}
	plain, err := url.PathUnescape(path)
	if err != nil || path == sent {
		return r
	}
	at := *r.URL
	at.Path, at.RawPath = plain, path
	again := r.Clone(r.Context())
	again.URL = &at
	return again
}
