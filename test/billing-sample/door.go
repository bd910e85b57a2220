package main

// The door: nobody comes in without the token, and nothing that is no move or too large.

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"time"
)

const mostBody = 1 << 20 // bytes

// system is the billing system.
type system struct {
	options options
	moves   *book
	now     func() time.Time
	log     *log.Logger
}

// door is the whole HTTP side.
func (s *system) door() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /moves", s.post)
	mux.HandleFunc("GET /moves/{key...}", s.get) // a proxy may have unescaped the slash
	mux.HandleFunc("DELETE /moves/{key...}", s.withdraw)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !bearer || subtle.ConstantTimeCompare([]byte(token), []byte(s.options.token)) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			say(w, http.StatusUnauthorized, no{"unauthorized", "Send the token as a bearer token."})
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// order is what this system understands of a move. Fields it does not know are ignored, and so is the ordinal, which may be
// another one when the move is asked for again.
type order struct {
	Key                   string `json:"key"`
	CustomerTenantID      string `json:"customerTenantId"`
	SourcePartnerTenantID string `json:"sourcePartnerTenantId"`
	TargetPartnerTenantID string `json:"targetPartnerTenantId"`
	PartnerOnRecord       string `json:"partnerOnRecord"`
	EffectiveDate         string `json:"effectiveDate"`
	Subscription          struct {
		ID                string `json:"id"`
		ProductType       string `json:"productType"`
		OfferID           string `json:"offerId"`
		Quantity          int    `json:"quantity"`
		BillingCycle      string `json:"billingCycle"`
		TermDuration      string `json:"termDuration"`
		CommitmentEndDate string `json:"commitmentEndDate"`
		UnitPriceMinor    int64  `json:"unitPriceMinor"`
	} `json:"subscription"`
}

// digest tells orders apart by what was understood of them.
func (o order) digest() ([]byte, error) {
	understood, err := json.Marshal(o)
	sum := sha256.Sum256(understood)
	return sum[:], err
}

// readOrder reads a move. The error is for the sender, with the status to answer.
func readOrder(w http.ResponseWriter, r *http.Request) (order, int, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return order{}, http.StatusRequestEntityTooLarge, fmt.Errorf("a move has at most %d bytes", mostBody)
	case err != nil:
		return order{}, http.StatusBadRequest, errors.New("the body did not arrive")
	}
	var o order
	if err := json.Unmarshal(body, &o); err != nil {
		return order{}, http.StatusBadRequest, errors.New("the body is not the JSON of a move")
	}
	switch {
	case o.Key == "" || o.Key != r.Header.Get("Idempotency-Key"):
		return order{}, http.StatusBadRequest, errors.New("the body's key and the Idempotency-Key must be there, and the same")
	case o.Subscription.ID == "" || o.SourcePartnerTenantID == "" || o.TargetPartnerTenantID == "":
		return order{}, http.StatusBadRequest, errors.New("a move names a subscription, a source and a target")
	}
	return o, 0, nil
}
