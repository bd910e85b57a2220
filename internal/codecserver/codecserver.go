// Package codecserver decrypts payloads for operators who look at runs in Temporal's Web UI or with its CLI: both send what they
// got from Temporal here, and show what comes back. Keys never leave the process.
//
//	codecserver.go  the routes, and the way of a request
//	access.go       who may read: operators with a token, or whoever sits at this machine
//	browser.go      which pages may ask (CORS)
package codecserver

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"go.temporal.io/sdk/converter"
	"golang.org/x/time/rate"
)

// Prefix is the path that the Web UI and the CLI are given as endpoint, behind the address of this server.
const Prefix = "/codec"

// mostBody bounds a request, in bytes: more than what Temporal lets one event have (2 MB), encrypted and in base64.
const mostBody = 8 << 20

// turnWithin is how long a request waits for its turn. The Web UI asks for each event of a history by itself, all at once, and
// shows what is refused as it is.
const turnWithin = 5 * time.Second

// Options say what is served, and to whom.
type Options struct {
	Codec   converter.PayloadCodec
	Access  Access
	Origins []string // of pages that may ask; others may not, whatever they know
	Encode  bool     // also encrypt, for starting and signalling runs from there

	RequestsPerSecond float64 // of all who may read together; 0 for no limit
	Burst             int
}

// Access tells who may read. Its errors are of this package's making.
type Access func(r *http.Request) error

// Register adds the routes to the mux.
func Register(mux *http.ServeMux, o Options) {
	s := &server{Options: o, inner: converter.NewPayloadCodecHTTPHandler(o.Codec), turns: rate.NewLimiter(rate.Inf, o.Burst)}
	if o.RequestsPerSecond > 0 {
		s.turns.SetLimit(rate.Limit(o.RequestsPerSecond))
	}
	paths := []string{Prefix + "/decode"}
	if o.Encode {
		paths = append(paths, Prefix+"/encode")
	}
	for _, path := range paths {
		mux.HandleFunc("POST "+path, s.answer)
		mux.HandleFunc("OPTIONS "+path, s.preflight)
	}
}

type server struct {
	Options
	inner http.Handler
	turns *rate.Limiter
}

// answer decodes or encodes, as the path says, for a page that may ask and a caller who may read.
func (s *server) answer(w http.ResponseWriter, r *http.Request) {
	if err := s.admitPage(w, r); err != nil {
		s.refuse(w, err)
		return
	}
	if err := s.Access(r); err != nil {
		s.refuse(w, err)
		return
	}
	if err := s.turn(r.Context()); err != nil {
		s.refuse(w, err)
		return
	}
	body, err := received(w, r)
	if err != nil {
		s.refuse(w, err)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.inner.ServeHTTP(w, r)
}

func (s *server) turn(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, turnWithin)
	defer cancel()
	if s.turns.Wait(ctx) != nil {
		return &refusal{http.StatusTooManyRequests, "Too many payloads are asked for at once. Load the page again in a moment."}
	}
	return nil
}

func received(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, &refusal{http.StatusRequestEntityTooLarge, "The payloads are larger than 8 MB together. Ask for fewer at once."}
	case err != nil:
		return nil, &refusal{http.StatusBadRequest, "The body did not arrive whole. Send the request again."}
	}
	return body, nil
}

// refusal is a no with its status, in a sentence that Temporal's tools show.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return r.text }

func (s *server) refuse(w http.ResponseWriter, err error) {
	var no *refusal
	if !errors.As(err, &no) {
		no = &refusal{http.StatusInternalServerError, "Something went wrong here. Try again."}
	}
	if no.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	http.Error(w, no.text, no.status)
}
