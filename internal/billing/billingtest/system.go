package billingtest

// A small billing system that keeps the contract of docs/billing-http.md: it checks the token, moves once per idempotency
// key, and answers at once or later.

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"handover/internal/subscription"
)

// System is an http.Handler. Set the fields before it serves.
type System struct {
	Token    string                  // that requests must bring
	Accepts  bool                    // answers 202 first
	Location func(key string) string // of a 202; nil for none
	Polls    int                     // that many GETs of an accepted move answer 202, too
	Fault    subscription.Fault      // shown for every subscription
	NoFence  bool                    // knows no DELETE, as a system of before
	Now      func() time.Time        // nil for the system clock

	mu    sync.Mutex
	seen  map[string]*seen
	moved int
}

// seen is one idempotency key.
type seen struct {
	body  []byte
	tries int
	polls int
	id    string // of the new subscription, once it is done

	fenced bool // it promised never to move it
}

// Moved counts the subscriptions it really moved.
func (s *System) Moved() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.moved
}

func (s *System) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+s.Token {
		say(w, http.StatusUnauthorized, no{"401", "Bring the token."})
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /moves", s.post)
	mux.HandleFunc("GET /moves/{key}", s.get)
	if !s.NoFence {
		mux.HandleFunc("DELETE /moves/{key}", s.fence)
	}
	mux.ServeHTTP(w, r)
}

func (s *System) post(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		say(w, http.StatusBadRequest, no{"400", err.Error()})
		return
	}
	if s.Fault.Slow > 0 {
		<-r.Context().Done() // slower than any test is patient
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	move, known := s.seen[r.Header.Get("Idempotency-Key")]
	switch {
	case !known:
		move = s.remember(r.Header.Get("Idempotency-Key"), body)
	case move.fenced:
		say(w, http.StatusConflict, no{"fenced", "It was promised never to move it."})
		return
	case !bytes.Equal(move.body, body):
		say(w, http.StatusUnprocessableEntity, no{"key-reused", "The key was used for another move."})
		return
	}
	s.try(w, r.Header.Get("Idempotency-Key"), move)
}

func (s *System) remember(key string, body []byte) *seen {
	if s.seen == nil {
		s.seen = map[string]*seen{}
	}
	s.seen[key] = &seen{body: body}
	return s.seen[key]
}

func (s *System) try(w http.ResponseWriter, key string, move *seen) {
	move.tries++
	syncs := s.now().Sub(Submitted) - s.Fault.Sync
	switch {
	case s.Fault.Refuse != "":
		say(w, http.StatusUnprocessableEntity, no{s.Fault.Refuse, "It never moves."})
	case s.Fault.Sync > 0 && syncs < 0:
		w.Header().Set("Retry-After", strconv.Itoa(int(-syncs/time.Second)))
		say(w, http.StatusConflict, no{"900103", "Still syncing."})
	case move.tries <= s.Fault.Transient:
		say(w, http.StatusServiceUnavailable, no{"503", "Come back later."})
	case s.Accepts && move.id == "":
		if s.Location != nil {
			w.Header().Set("Location", s.Location(key))
		}
		w.WriteHeader(http.StatusAccepted)
	default:
		s.finish(w, move)
	}
}

func (s *System) get(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	move, known := s.seen[r.PathValue("key")]
	switch {
	case known && move.fenced:
		say(w, http.StatusConflict, no{"fenced", "It was promised never to move it."})
	case known && s.Fault.Refuse != "":
		say(w, http.StatusUnprocessableEntity, no{s.Fault.Refuse, "It never moves."})
	case known && move.id != "":
		s.finish(w, move)
	case !known || !s.Accepts:
		say(w, http.StatusNotFound, no{"404", "No such move."})
	case move.polls < s.Polls:
		move.polls++
		w.WriteHeader(http.StatusAccepted)
	default:
		s.finish(w, move)
	}
}

// fence promises never to move under the key, also one that was not heard of yet, unless it moved already.
func (s *System) fence(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	move, known := s.seen[r.PathValue("key")]
	if !known {
		move = s.remember(r.PathValue("key"), nil)
	}
	if move.id != "" {
		s.finish(w, move)
		return
	}
	move.fenced = true
	w.WriteHeader(http.StatusNoContent)
}

func (s *System) finish(w http.ResponseWriter, move *seen) {
	if move.id == "" {
		move.id = uuid.NewString()
		s.moved++
	}
	say(w, http.StatusOK, map[string]string{"subscriptionId": move.id})
}

func (s *System) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

type no struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func say(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The only error is a client that hung up, which is not this system's concern.
	_ = json.NewEncoder(w).Encode(body)
}
