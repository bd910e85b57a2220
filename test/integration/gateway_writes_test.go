package integration

// One write of each kind that clients send, what the right answer to it is, and what it does if it is done once.

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/api/apitest"
	"handover/internal/programme"
	"handover/internal/store"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
	"handover/internal/world"
)

// write is one write, ready to be sent.
type write struct {
	name     string
	ask      ask
	parties  parties
	status   int            // of the right answer
	says     map[string]any // in the right answer
	done     func() bool    // whether the ledger has the change
	transfer string         // what it is about, if that exists before
	logged   map[string]int // operations in the logs of both partners together, once all is over
}

// played are the writes of a set, and kinds is how many there are, and so how many customers it needs.
var (
	played = apitest.Writes(func(w apitest.Write) bool { return w.Killed })
	kinds  = len(played)
)

// writes makes the numbered set of one write of each kind, each about a customer of its own.
func (s *scene) writes(t *testing.T, set int) []write {
	t.Helper()
	customers := make([]parties, kinds)
	for i := range customers {
		customers[i] = largeParties(set*kinds + i)
	}
	one := map[string]func(*testing.T, parties) write{
		"create": s.creates, "submit": s.submits, "cancel": s.cancels, "decline": s.declines, "label": s.labels, "subscription": s.doubles, "attestation": s.attests,
	}
	require.ElementsMatch(t, played, slices.Collect(maps.Keys(one)), "there is one of each write of apitest that is sent to gateways in trouble")
	all := make([]write, kinds)
	for i, name := range played {
		all[i] = one[name](t, customers[i])
		require.Equal(t, name, all[i].name)
	}
	return all
}

// asks are the requests of the writes.
func asks(writes []write) []ask {
	all := make([]ask, len(writes))
	for i, w := range writes {
		all[i] = w.ask
	}
	return all
}

func key(name string, p parties) string { return name + "-" + p.customer }

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}

// askToCreate is the target's request for a transfer.
func (s *scene) askToCreate(t *testing.T, p parties) ask {
	t.Helper()
	return ask{
		by: s.target, method: http.MethodPost, path: "/v1/customers/" + p.customer + "/transfers", key: key("create", p),
		body: asJSON(t, record{
			"sourcePartnerTenantId": p.source, "sourcePartnerName": "The Source", "customerEmailId": p.email(), "transferType": 3,
		}),
	}
}

// pending makes a transfer and returns its id, its path, and its entity tag for the caller.
func (s *scene) pending(t *testing.T, p parties, by caller) (id, path, etag string) {
	t.Helper()
	made, err := s.finally(s.askToCreate(t, p))
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, made.status, made.body)
	id, _ = made.field("id").(string)
	read := s.hear(t, ask{by: by, method: http.MethodGet, path: made.location})
	require.Equal(t, http.StatusOK, read.status, read.body)
	require.NotEmpty(t, read.etag)
	return id, made.location, read.etag
}

func (s *scene) creates(t *testing.T, p parties) write {
	t.Helper()
	return write{
		name: "create", ask: s.askToCreate(t, p), parties: p, status: http.StatusCreated,
		says:   map[string]any{"status": "Pending", "customerTenantId": p.customer, "lineItemCount": 0.0},
		done:   func() bool { return len(s.transfersOf(t, p)) == 1 },
		logged: map[string]int{"create_transfer": 2},
	}
}

// decides is a decision about a transfer that is Pending, on condition that it is still as the caller read it.
func (s *scene) decides(t *testing.T, name string, p parties, by caller, body record, becomes transfer.Status, logged map[string]int) write {
	t.Helper()
	id, path, etag := s.pending(t, p, by)
	return write{
		name: name, ask: ask{by: by, method: http.MethodPatch, path: path, key: key(name, p), ifMatch: etag, body: asJSON(t, body)},
		parties: p, transfer: id, status: http.StatusOK, logged: logged,
		says: map[string]any{"id": id, "status": string(becomes)},
		done: func() bool { return s.transfersOf(t, p)[0].Status != transfer.Pending },
	}
}

func (s *scene) submits(t *testing.T, p parties) write {
	t.Helper()
	held, err := s.Ledger.Subscriptions(t.Context(), p.customer, p.source)
	require.NoError(t, err)
	items := make([]record, len(held))
	for i, h := range held {
		items[i] = record{"subscriptionId": h.ID, "productType": h.ProductType}
	}
	w := s.decides(t, "submit", p, s.source, record{"status": "InProgress", "lineItems": items}, transfer.InProgress,
		map[string]int{"create_transfer": 2, "update_transfer": 2, "complete_transfer": 2})
	w.says["lineItemCount"] = float64(len(held))
	return w
}

func (s *scene) cancels(t *testing.T, p parties) write {
	t.Helper()
	return s.decides(t, "cancel", p, s.target, record{"status": "Cancel"}, transfer.Cancelled,
		map[string]int{"create_transfer": 2, "update_transfer": 2})
}

func (s *scene) declines(t *testing.T, p parties) write {
	t.Helper()
	return s.decides(t, "decline", p, s.source, record{"status": "Reject", "reason": "The customer stays."}, transfer.Rejected,
		map[string]int{"create_transfer": 2, "update_transfer": 2})
}

func (s *scene) labels(t *testing.T, p parties) write {
	t.Helper()
	id, path, etag := s.pending(t, p, s.target)
	body := record{"externalReference": "PO-" + p.customer, "tags": []string{"merger"}}
	return write{
		name: "label", ask: ask{by: s.target, method: http.MethodPatch, path: path, key: key("label", p), ifMatch: etag, body: asJSON(t, body)},
		parties: p, transfer: id, status: http.StatusOK, logged: map[string]int{"create_transfer": 2},
		says: map[string]any{"id": id, "status": "Pending", "externalReference": "PO-" + p.customer},
		done: func() bool {
			labels, err := s.Ledger.Labels(t.Context(), id, p.target)
			return err == nil && labels.ExternalReference != ""
		},
	}
}

// doubles makes twice as many of a subscription, on condition that it is still as the source read it: a second time would be refused.
func (s *scene) doubles(t *testing.T, p parties) write {
	t.Helper()
	held, err := s.Ledger.Subscriptions(t.Context(), p.customer, p.source)
	require.NoError(t, err)
	wanted := 2 * held[0].Quantity
	return write{
		name: "subscription", parties: p, status: http.StatusOK, logged: map[string]int{"update_subscription": 1},
		ask: ask{
			by: s.source, method: http.MethodPatch, path: "/v1/customers/" + p.customer + "/subscriptions/" + held[0].ID,
			key: key("subscription", p), ifMatch: `"` + held[0].ETag() + `"`, body: asJSON(t, record{"quantity": wanted}),
		},
		says: map[string]any{"id": held[0].ID, "quantity": float64(wanted)},
		done: func() bool {
			now, err := s.Ledger.Subscription(t.Context(), held[0].ID)
			return err == nil && now.Quantity == wanted
		},
	}
}

// attests says that the customer accepted the agreement: a second time would be refused.
func (s *scene) attests(t *testing.T, p parties) write {
	t.Helper()
	contact := record{"firstName": "Ada", "lastName": "Lake", "email": "ada@customer.example"}
	return write{
		name: "attestation", parties: p, status: http.StatusCreated, logged: map[string]int{"create_agreement": 1},
		ask: ask{
			by: s.target, method: http.MethodPost, path: "/v1/customers/" + p.customer + "/agreements", key: key("attestation", p),
			body: asJSON(t, record{
				"primaryContact": contact, "dateAgreed": "2026-01-05", "templateId": "998b88de-aa99-4388-a42c-1b3517d49490", "type": programme.CustomerAgreement,
			}),
		},
		says: map[string]any{"type": programme.CustomerAgreement, "userId": world.LargeTargetUser},
		done: func() bool {
			made, err := s.Ledger.Agreements(t.Context(), p.target, p.customer)
			return err == nil && len(made) == 1 && made[0].TemplateID != ""
		},
	}
}

// transfersOf are the customer's transfers, read as often as it takes: a database that was away leaves broken connections.
func (s *scene) transfersOf(t *testing.T, p parties) (found []transfer.Transfer) {
	t.Helper()
	eventually(t, "the ledger answers", func() bool {
		var err error
		if found, err = s.Ledger.Transfers(t.Context(), transferstore.Filter{CustomerTenantID: p.customer}); errors.Is(err, store.ErrUnavailable) {
			return false
		}
		require.NoError(t, err)
		return true
	})
	return found
}

// rightly shows that the answer is the write's.
func (w write) rightly(t *testing.T, r reply) {
	t.Helper()
	require.Equal(t, w.status, r.status, "%s: %s", w.name, r.body)
	assert.Empty(t, r.retry, w.name)
	for field, value := range w.says {
		assert.Equal(t, value, r.field(field), "%s: %s", w.name, field)
	}
	if w.name == "create" {
		id, _ := r.field("id").(string)
		assert.Equal(t, w.ask.path+"/"+id, r.location)
	}
}

// onceEach shows that each of the writes, whatever it went through, is answered rightly and the same for ever, and happened once.
func (s *scene) onceEach(t *testing.T, writes []write) {
	t.Helper()
	second := s.allFinally(t, asks(writes))
	third := s.allFinally(t, asks(writes))
	for i, w := range writes {
		w.rightly(t, second[i])
		assert.Equal(t, second[i], third[i], "%s: not the same answer again", w.name)
		assert.True(t, w.done(), w.name)
		s.happenedOnce(t, w)
	}
}

// happenedOnce shows that the write left exactly what it has to leave: at most one transfer of the customer, and one record
// for each event in the log of each partner who takes part.
func (s *scene) happenedOnce(t *testing.T, w write) {
	t.Helper()
	found := s.transfersOf(t, w.parties)
	if w.name == "create" || w.transfer != "" {
		require.Len(t, found, 1, w.name)
	} else {
		require.Empty(t, found, w.name)
	}
	if w.transfer != "" {
		assert.Equal(t, w.transfer, found[0].ID, w.name)
	}
	eventually(t, w.name+" is in the log", func() bool { return len(s.logOf(t, w.parties)) >= total(w.logged) })
	counts := map[string]int{}
	for _, entry := range s.logOf(t, w.parties) {
		counts[entry]++
	}
	for entry, count := range counts {
		operation, partner, _ := strings.Cut(entry, " ")
		assert.Equal(t, 1, count, "%s: %s is %d times in the log of %s", w.name, operation, count, partner)
	}
	byOperation := map[string]int{}
	for entry := range counts {
		operation, _, _ := strings.Cut(entry, " ")
		byOperation[operation]++
	}
	assert.Equal(t, w.logged, byOperation, w.name)
}

func total(counts map[string]int) int {
	sum := 0
	for n := range maps.Values(counts) {
		sum += n
	}
	return sum
}

// logOf is what both partners' logs say about the customer, as "operation partner".
func (s *scene) logOf(t *testing.T, p parties) []string {
	t.Helper()
	var entries []string
	for _, partner := range []string{p.source, p.target} {
		page, err := s.Ledger.AuditLog(t.Context(), activitylogstore.AuditSearch{
			PartnerTenantID: partner, CustomerID: p.customer, From: time.Now().Add(-time.Hour), Until: time.Now().Add(time.Hour), Limit: 100,
		})
		require.NoError(t, err)
		for _, e := range page.Items {
			entries = append(entries, fmt.Sprint(e.Operation, " ", partner))
		}
	}
	slices.Sort(entries)
	return entries
}
