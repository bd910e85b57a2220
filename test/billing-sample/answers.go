package main

// The three requests. What is true stands in the book; here it is only said.

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"strconv"
)

// post is POST /moves.
func (s *system) post(w http.ResponseWriter, r *http.Request) {
	o, status, err := readOrder(w, r)
	if err != nil {
		say(w, status, no{"malformed", err.Error()})
		return
	}
	s.answer(w, r, func(ctx context.Context) (record, error) { return s.moves.post(ctx, o, s.now(), s.options) })
}

// get is GET /moves/{key}.
func (s *system) get(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, func(ctx context.Context) (record, error) { return s.moves.look(ctx, r.PathValue("key")) })
}

// withdraw is DELETE /moves/{key}: it is done, or it never will be.
func (s *system) withdraw(w http.ResponseWriter, r *http.Request) {
	m, err := s.moves.withdraw(r.Context(), r.PathValue("key"), s.now())
	switch {
	case err != nil:
		s.fail(w, err)
	case m.state == done:
		say(w, http.StatusOK, result{m.newSubscription})
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// answer tells the state that a move is in.
func (s *system) answer(w http.ResponseWriter, r *http.Request, read func(ctx context.Context) (record, error)) {
	m, err := read(r.Context())
	if err != nil {
		s.fail(w, err)
		return
	}
	switch m.state {
	case unheard:
		say(w, http.StatusNotFound, no{"unknown", "Nobody asked for this move."})
	case atWork:
		left := math.Ceil(m.due.Sub(s.now()).Seconds())
		w.Header().Set("Location", "/moves/"+url.PathEscape(m.key))
		w.Header().Set("Retry-After", strconv.Itoa(int(max(left, 1))))
		w.WriteHeader(http.StatusAccepted)
	case done:
		say(w, http.StatusOK, result{m.newSubscription})
	case refused:
		say(w, http.StatusConflict, no{m.code, m.message})
	case promised:
		say(w, http.StatusConflict, no{"fenced", "It was promised never to move it."})
	}
}

// fail says that nothing is known, so that Handover asks again.
func (s *system) fail(w http.ResponseWriter, err error) {
	s.log.Print("A request failed: ", err)
	w.Header().Set("Retry-After", "1")
	say(w, http.StatusInternalServerError, no{"failed", "Ask again."})
}

// result is the body of a move that is done.
type result struct {
	SubscriptionID string `json:"subscriptionId"`
}

// no is the body of every other answer.
type no struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func say(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The only error is a client that hung up; what it asked for stands in the book.
	_ = json.NewEncoder(w).Encode(body)
}
