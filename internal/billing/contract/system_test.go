package contract_test

// A billing system that keeps the contract, unless it is told to break it in one way.

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"handover/internal/billing/contract"
)

// flaws are the ways to break the contract.
type flaws struct {
	movesTwice      bool // two posts at once do not see each other
	otherID         bool // a repetition gives another id
	oldID           bool // answers with the old subscription
	noGUID          bool // answers with something else than a GUID
	sameIDForAll    bool
	takesReuse      bool // another move under a key is answered with the first one's result
	noCode          bool // refuses without a code
	inventsMoves    bool // GET of an unknown key is 202
	cutsKeys        bool // the key ends at the slash
	unknownWhenDone bool // done, then unknown
	unknownAtWork   bool // accepted, then unknown
	neverDone       bool // accepted for ever
	elsewhere       bool // Location on another host
	otherIDLater    bool // GET of a move that was accepted tells another id each time
	noDelete        bool // knows no DELETE, which is allowed
	movesPromised   bool // a POST of what was promised moves it
	tellsNotNow     bool // a POST of what was promised is "not now"
	promisesDone    bool // promises what is done
	promisesAtWork  bool // promises what goes on all the same
	decidesLate     bool // DELETE of what is at work is 409 until it is done, which is allowed
	unpromises      bool // a second DELETE is 404
	ignoresToken    bool
	ignoresTokenGet bool // asks for the token only where something is written
	strictFields    bool // refuses unknown fields
	comparesBytes   bool // takes unknown fields for another move
	comparesOrdinal bool
	failsOnGarbage  bool // 500
	boundless       bool // reads any body
	forgets         bool // remembers nothing over a restart
	forgetsPromises bool // remembers only what it moved
	staysDown       bool // cannot be started again
}

type system struct {
	flaws flaws
	takes int // how often it is asked about a move until that is done; zero answers at once

	mu        sync.Mutex
	rows      map[string]*row
	lingering map[string]chan struct{} // see movesTwice
}

// row is one key.
type row struct {
	compared []byte
	id       string // of the new subscription
	left     int    // how often it is asked until it is done
	promised bool
}

const token = "Sesame"

func (s *system) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	open := s.flaws.ignoresToken || s.flaws.ignoresTokenGet && r.Method == http.MethodGet
	if r.Header.Get("Authorization") != "Bearer "+token && !open {
		s.refuse(w, http.StatusUnauthorized, "401")
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /moves", s.post)
	mux.HandleFunc("GET /moves/{key}", s.get)
	if !s.flaws.noDelete {
		mux.HandleFunc("DELETE /moves/{key}", s.withdraw)
	}
	mux.ServeHTTP(w, r)
}

// order is what the system understands.
type order struct {
	Key           string         `json:"key"`
	Transfer      string         `json:"transferId"`
	Ordinal       int            `json:"ordinal"`
	Customer      string         `json:"customerTenantId"`
	Source        string         `json:"sourcePartnerTenantId"`
	Target        string         `json:"targetPartnerTenantId"`
	Partner       string         `json:"partnerOnRecord"`
	EffectiveDate string         `json:"effectiveDate"`
	Subscription  map[string]any `json:"subscription"`
}

// understand reads an order and what is compared of it.
func (s *system) understand(body []byte) (o order, compared []byte, err error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	if s.flaws.strictFields {
		decoder.DisallowUnknownFields()
	}
	if err := decoder.Decode(&o); err != nil {
		return o, nil, err
	}
	if s.flaws.comparesBytes {
		return o, body, nil
	}
	known := o
	if !s.flaws.comparesOrdinal {
		known.Ordinal = 0
	}
	known.Subscription = map[string]any{"id": o.Subscription["id"], "quantity": o.Subscription["quantity"]}
	compared, err = json.Marshal(known)
	return o, compared, err
}

func (s *system) post(w http.ResponseWriter, r *http.Request) {
	most := int64(1 << 20)
	if s.flaws.boundless {
		most = 1 << 30
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if err != nil {
		s.refuse(w, http.StatusRequestEntityTooLarge, "413")
		return
	}
	o, compared, err := s.understand(body)
	if key := r.Header.Get("Idempotency-Key"); err != nil || key == "" || o.Key != key {
		status := http.StatusBadRequest
		if s.flaws.failsOnGarbage {
			status = http.StatusInternalServerError
		}
		s.refuse(w, status, "400")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m, known := s.rows[s.place(o.Key)]
	if s.meets(o.Key); s.flaws.movesTwice && !known {
		s.lingers(o.Key)
	}
	if known {
		m.asked()
	}
	switch {
	case !known || m.promised && s.flaws.movesPromised:
		m = s.begin(o, compared)
	case m.promised && s.flaws.tellsNotNow:
		s.refuse(w, http.StatusConflict, "900278")
		return
	case !m.promised && !bytes.Equal(m.compared, compared) && !s.flaws.takesReuse:
		s.refuse(w, http.StatusUnprocessableEntity, "key-reused")
		return
	case s.flaws.otherID:
		m.id = uuid.NewString()
	}
	s.tell(w, o.Key, m)
}

// lingers leaves the rows to others until one of them asks about the same key, as a move does that takes its time.
func (s *system) lingers(key string) {
	met := make(chan struct{})
	s.lingering[key] = met
	s.mu.Unlock()
	defer s.mu.Lock()
	select {
	case <-met:
	case <-time.After(time.Second):
	}
}

// meets ends the lingering of whoever asked about the key before.
func (s *system) meets(key string) {
	if met, lingers := s.lingering[key]; lingers {
		delete(s.lingering, key)
		close(met)
	}
}

func (s *system) begin(o order, compared []byte) *row {
	m := &row{compared: compared, id: uuid.NewString(), left: s.takes}
	switch old, _ := o.Subscription["id"].(string); {
	case s.flaws.oldID:
		m.id = old
	case s.flaws.noGUID:
		m.id = "4711"
	case s.flaws.sameIDForAll:
		m.id = "7f000001-0000-4000-8000-00000000e001"
	case s.flaws.neverDone:
		m.left = math.MaxInt
	}
	s.rows[s.place(o.Key)] = m
	return m
}

// place is where a key is kept.
func (s *system) place(key string) string {
	if s.flaws.cutsKeys {
		key, _, _ = strings.Cut(key, "/")
	}
	return key
}

func (s *system) get(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := r.PathValue("key")
	m, known := s.rows[s.place(key)]
	if known {
		m.asked()
	}
	working := known && !m.promised && m.atWork()
	switch {
	case !known && s.flaws.inventsMoves:
		w.WriteHeader(http.StatusAccepted)
	case !known, s.flaws.unknownWhenDone && !working && !m.promised, s.flaws.unknownAtWork && working:
		s.refuse(w, http.StatusNotFound, "404")
	case s.flaws.otherIDLater && !m.promised:
		told := *m
		told.id = uuid.NewString()
		s.tell(w, key, &told)
	default:
		s.tell(w, key, m)
	}
}

func (s *system) withdraw(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := r.PathValue("key")
	m, known := s.rows[s.place(key)]
	s.meets(key)
	switch {
	case !known:
		s.rows[s.place(key)] = &row{promised: true}
	case m.promised && s.flaws.unpromises:
		s.refuse(w, http.StatusNotFound, "404")
		return
	case m.promised, s.flaws.promisesDone && !m.atWork(), s.flaws.promisesAtWork && m.atWork():
	case m.atWork() && s.flaws.decidesLate:
		m.asked()
		s.refuse(w, http.StatusConflict, "at-work")
		return
	case m.atWork():
		m.promised = true
	default:
		s.tell(w, key, m)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (m *row) atWork() bool { return m.left > 0 }

// asked passes the time.
func (m *row) asked() { m.left = max(m.left-1, 0) }

// tell answers with the state of a key.
func (s *system) tell(w http.ResponseWriter, key string, m *row) {
	switch {
	case m.promised:
		s.refuse(w, http.StatusConflict, "fenced")
	case m.atWork():
		location := "/moves/" + url.PathEscape(key)
		if s.flaws.elsewhere {
			location = "https://elsewhere.example" + location
		}
		w.Header().Set("Location", location)
		w.WriteHeader(http.StatusAccepted)
	default:
		_ = json.NewEncoder(w).Encode(map[string]string{"subscriptionId": m.id})
	}
}

func (s *system) refuse(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	if s.flaws.noCode {
		code = ""
	}
	_ = json.NewEncoder(w).Encode(map[string]string{"code": code, "message": "No."})
}

// restart is what a kill and a start leave.
func (s *system) restart(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.rows, func(_ string, m *row) bool { return s.flaws.forgets || s.flaws.forgetsPromises && m.promised })
	if s.flaws.staysDown {
		return errors.New("no power")
	}
	return nil
}

// peer serves the system for as long as the test runs.
func peer(t *testing.T, s *system, patience time.Duration) *contract.Peer {
	t.Helper()
	s.rows, s.lingering = map[string]*row{}, map[string]chan struct{}{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	p, err := contract.NewPeer(contract.Settings{BaseURL: server.URL + "/", Token: token, Patience: patience, Restart: s.restart})
	require.NoError(t, err)
	return p
}
