package httpapi

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// acceptIn is the Accept header, however many lines it came in.
func acceptIn(h http.Header) string { return strings.Join(h.Values("Accept"), ",") }

// Prefers tells whether the Accept header would rather have the first media type than the other, which is what it gets when
// it says nothing. It has to name the first one itself.
func Prefers(accept, kind, other string) bool {
	wanted, named := quality(accept, kind)
	otherwise, _ := quality(accept, other)
	return named && wanted > 0 && wanted >= otherwise
}

// quality is how much the Accept header wants the media type, from 0 to 1, by the most specific range that it falls into
// (RFC 9110, 12.5.1), and whether that names the type itself.
func quality(accept, kind string) (wanted float64, named bool) {
	major, _, _ := strings.Cut(kind, "/")
	ranges := []string{"*/*", major + "/*", kind} // the later, the more specific
	matched := -1
	for _, said := range strings.Split(accept, ",") {
		of, parameters, err := mime.ParseMediaType(said)
		if err != nil {
			continue
		}
		for i, one := range ranges {
			if of == one && i >= matched {
				matched, wanted = i, weight(parameters["q"])
			}
		}
	}
	return wanted, matched == len(ranges)-1
}

// weight is a quality value; one that was left out or is none counts fully.
func weight(q string) float64 {
	if w, err := strconv.ParseFloat(q, 64); err == nil && w >= 0 && w <= 1 {
		return w
	}
	return 1
}
