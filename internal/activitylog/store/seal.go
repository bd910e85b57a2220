package activitylogstore

// Records from before there were seals keep the link that they had, whose hash covers all of them. In the moment that one of them is
// forgotten it is sealed, so that what stays of it is known from then on; no older one need be touched for that.

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"handover/internal/store"
)

// newSeal is the salt by which a record is sealed, and when.
type newSeal struct {
	id, salt string
	at       time.Time
}

var newSeals = store.Table[newSeal]{
	Columns: `id text, salt text, sealed_at timestamptz`,
	Fields:  func(s *newSeal) []any { return []any{&s.id, &s.salt, (*store.Stamp)(&s.at)} },
}

var (
	insertSeals = sealing()
	insertSalts = store.OverRows(`INSERT INTO log_salts (record_id, salt) SELECT r.id, r.salt FROM {rows}`, newSeals.Columns)
)

// unfit is the hash of the seal of a record that its link does not fit: no record has it, so that what was found before goes on to be.
const unfit = "not what was written"

// sealing is the statement that seals those of the records that are not, and tells which.
func sealing() store.Statement {
	return store.Each(func(d store.Dialect) string {
		var fits strings.Builder
		for _, f := range Forms {
			fits.WriteString("WHEN c.log = '" + f.Log + "' AND " + f.Unfit(d) + " THEN '" + unfit + "' ")
		}
		seal := Hashed(Stays+" || "+Hashed("w.salt || "+Personal("r"), d), d)
		return store.OverRows(`WITH w AS MATERIALIZED (SELECT r.id, r.salt, r.sealed_at, a.resource_id FROM {rows} JOIN activity_log a ON a.id = r.id
				WHERE NOT EXISTS (SELECT 1 FROM log_salts s WHERE s.record_id = r.id)),
			c AS MATERIALIZED (SELECT l.log, l.subject_id, l.seq, l.record_id, l.recorded_at, l.hash FROM log_chain l
				WHERE l.log IN (`+OldLogs+`) AND l.subject_id IN (SELECT resource_id FROM w))
			INSERT INTO log_chain (log, subject_id, seq, record_id, recorded_at, hash)
			SELECT '`+Seals+`', w.id, 1, w.id, w.sealed_at, CASE `+fits.String()+`ELSE `+seal+` END
			FROM w JOIN c ON c.record_id = w.id AND c.subject_id = w.resource_id JOIN activity_log r ON r.id = w.id
			LEFT JOIN log_chain p ON p.subject_id = c.subject_id AND p.seq = c.seq - 1 AND p.log IN (`+OldLogs+`)
			WHERE TRUE ON CONFLICT DO NOTHING RETURNING record_id`, newSeals.Columns).In(d)
	})
}

// sealOld seals those of the records that are from before there were seals. One that is not what its link says is not sealed as it is:
// that goes on to be found.
func sealOld(ctx context.Context, tx store.Tx, records []left) error {
	wanted := make([]newSeal, len(records))
	byID := map[string]newSeal{}
	for i, r := range records {
		wanted[i] = newSeal{r.id, rand.Text(), r.at}
		byID[r.id] = wanted[i]
	}
	sealed, err := store.All(ctx, tx, insertSeals, store.Value[string], newSeals.Rows(wanted))
	if err != nil || len(sealed) == 0 {
		return err
	}
	salts := make([]newSeal, len(sealed))
	for i, id := range sealed {
		salts[i] = byID[id]
	}
	_, err = tx.Exec(ctx, insertSalts, newSeals.Rows(salts))
	return err
}
