package transferstore

// The rules under which each transfer was opened stay those it is decided by, however a deployment changes its own.

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync"

	"handover/internal/store"
	"handover/internal/transfer"
)

var (
	insertPolicy = store.Both(`INSERT INTO policies (digest, body) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING`)
	selectPolicy = store.Both(`SELECT body FROM policies WHERE digest = $1`)
)

// rulebook holds the rules that transfers were opened under. Rules under a digest never change, so they are read once.
type rulebook struct {
	own   transfer.Policy // the deployment's, for new transfers
	named string          // its digest

	mu    sync.Mutex
	known map[string]transfer.Policy
}

// enterPolicy stores the deployment's rules and names them. Rules that are there already are only read: who opens a busy file to
// look at it does not wait for those who write.
func (s *Store) enterPolicy(ctx context.Context) error {
	body, err := json.Marshal(s.policy)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	digest := hex.EncodeToString(sum[:16])
	s.rules = &rulebook{own: s.policy, named: digest, known: map[string]transfer.Policy{digest: s.policy}}
	_, stored, err := store.One(ctx, s.db.On(s.db.Reader()), selectPolicy, store.Value[string], digest)
	if err != nil || stored {
		return err
	}
	_, err = s.db.On(s.db.Writer()).Exec(ctx, insertPolicy, digest, string(body))
	return err
}

// rulesOf are the rules of the transfer: those it was opened under, else (a transfer of a version that stored none) the
// deployment's, with the first rules of runs. Error: a later version opened it, by rules of runs that this one does not know.
func (s *Store) rulesOf(ctx context.Context, tx session, t record) (transfer.Policy, error) {
	if t.policy == "" {
		p := s.rules.own
		p.RunRules = 0
		return p, nil
	}
	if p, known := s.rules.get(t.policy); known {
		return p, nil
	}
	body, exists, err := store.One(ctx, tx, selectPolicy, store.Value[string], t.policy)
	if err != nil {
		return transfer.Policy{}, err
	}
	if !exists {
		return transfer.Policy{}, fmt.Errorf("the rules %s of transfer %s are missing in the ledger", t.policy, t.ID)
	}
	var p transfer.Policy
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		return p, fmt.Errorf("read the rules %s: %w", t.policy, err)
	}
	if _, known := transfer.RunRulesOf(p.RunRules); !known {
		return p, fmt.Errorf("transfer %s follows rules of runs, %d, that this version does not know", t.ID, p.RunRules)
	}
	s.rules.put(t.policy, p)
	return p, nil
}

// Nothing is asked of the database between the two: whoever waits here may hold the connection that the question needs.

func (b *rulebook) get(digest string) (transfer.Policy, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, known := b.known[digest]
	return p, known
}

func (b *rulebook) put(digest string, p transfer.Policy) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.known[digest] = p
}
