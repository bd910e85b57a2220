package transferstore

// How a transfer stands, for the run that follows it. A look sees every change that was committed before it began, because
// it is a new statement on the primary: so a run that empties its mailbox first and looks then misses nothing.

import (
	"context"
	"strconv"
	"strings"

	"handover/internal/kernel"
	"handover/internal/runs"
	"handover/internal/store"
	"handover/internal/transfer"
)

// Watched says what a run knows and wants to know: the record that it saw last, and which line items it moves itself. With
// To zero it asks about the transfer as a whole.
type Watched struct {
	Known string
	From  int
	To    int
}

// latestReminder is the event of the last reminder that the source of transfer t was sent.
const latestReminder = `COALESCE((SELECT MAX(n.event) FROM notifications n WHERE n.subject_id = t.id AND n.subject_kind = 'transfer' AND n.event LIKE 'reminder-%'), '')`

var (
	selectStanding = store.Both(`SELECT ` + transfers.Columns.Of("t") + `, ` + counted + `, ` + latestReminder + `, {clock},
		EXISTS (SELECT 1 FROM activity_log a WHERE a.id = $2) FROM transfers t WHERE t.id = $1`)
	// selectNotEnding is a line item that runs and that nobody has given up.
	selectNotEnding = store.Both(`SELECT i.ordinal FROM line_items i WHERE i.transfer_id = $1 AND i.status = 'InProgress' AND i.ending = '' LIMIT 1`)
	countHeld       = store.Both(`SELECT COUNT(*) FROM line_items i WHERE i.transfer_id = $1 AND i.held`)
	// selectRunning are the line items of a range that have not ended.
	selectRunning = store.Both(`SELECT i.ordinal, i.ending FROM line_items i
		WHERE i.transfer_id = $1 AND i.status = 'InProgress' AND i.ordinal >= $2 AND i.ordinal < $3 ORDER BY i.ordinal`)
	// selectRanges are the ranges of a large transfer that have such items.
	selectRanges = store.Both(`SELECT DISTINCT i.ordinal / $2 FROM line_items i
		WHERE i.transfer_id = $1 AND i.status = 'InProgress' ORDER BY 1`)
	selectHanded = store.Both(`SELECT n.audience, COUNT(*) FROM notifications n
		WHERE n.subject_id = $1 AND n.subject_kind = 'transfer' AND n.channel = 'email' AND n.event <> 'created' AND n.event NOT LIKE 'reminder-%' GROUP BY n.audience`)
)

// Look tells how the transfer stands, by the ledger's clock. A transfer that does not exist is no error but Missing, which a
// run that knows better takes for a ledger that was restored.
func (s *Store) Look(ctx context.Context, id string, w Watched) (transfer.Standing, error) {
	store.Lower(&id)
	return read(ctx, s, "look at transfer", func(tx session) (transfer.Standing, error) {
		var recorded bool
		t, exists, err := store.One(ctx, tx, selectStanding, func(r *record) []any {
			return append(countedFields(r), &r.reminded, (*store.Stamp)(&r.readAt), &recorded)
		}, id, w.Known)
		if err != nil {
			return transfer.Standing{}, err
		}
		if !exists {
			return transfer.Standing{Missing: true, Behind: w.Known != ""}, nil
		}
		st := step{of: t.whole(), at: s.db.TimeRead(t.readAt)}
		if st.rules, err = s.rulesOf(ctx, tx, t); err != nil {
			return transfer.Standing{}, err
		}
		now, err := s.standing(ctx, tx, st, w)
		now.Behind = w.Known != "" && !recorded
		return now, err
	})
}

// standing completes what is known of a transfer that was read.
func (s *Store) standing(ctx context.Context, tx session, st step, w Watched) (transfer.Standing, error) {
	now := st.standing()
	if now.Due == transfer.DueDeadline {
		_, more, err := store.One(ctx, tx, selectNotEnding, store.Value[int], st.of.ID)
		if err != nil {
			return now, err
		}
		if !more { // the deadline has done what it can, and hides nothing else that is due
			st.rules.ItemDeadline = 0
			now = st.standing()
		}
	}
	var err error
	switch {
	case now.Status == transfer.InProgress && now.Items.InProgress > 0:
		err = tx.addRunning(ctx, &now, st, w)
	case now.Status.Final():
		err = tx.addEnd(ctx, &now, st.of.ID)
	}
	return now, err
}

// standing is what the rules say of a transfer that was read.
func (st step) standing() transfer.Standing {
	n, _ := strconv.Atoi(strings.TrimPrefix(st.of.reminded, string(transfer.EventReminder)+"-"))
	return st.rules.StandingOf(st.of.Transfer, st.of.changeID, n, st.at)
}

// addRunning adds what there is to go on with: line items where the run moves them itself, otherwise ranges.
func (tx session) addRunning(ctx context.Context, now *transfer.Standing, st step, w Watched) error {
	if w.To == 0 {
		if rules := st.rules.ForRuns(); rules.InRanges(now.Items.Total()) {
			ranges, err := store.All(ctx, tx, selectRanges, store.Value[int], st.of.ID, rules.RangeSize)
			now.Ranges = transfer.OrdinalsOf(ranges)
			return err
		}
		w.To = now.Items.Total()
	}
	running, err := store.All(ctx, tx, selectRunning, func(i *item) []any { return []any{&i.Ordinal, &i.Ending} }, st.of.ID, w.From, w.To)
	if err != nil {
		return err
	}
	var open, ending []int
	for _, it := range running {
		open = append(open, it.Ordinal)
		if it.Ending != transfer.NotEnding {
			ending = append(ending, it.Ordinal)
		}
	}
	now.Open, now.Ending = transfer.OrdinalsOf(open), transfer.OrdinalsOf(ending)
	return nil
}

// addEnd adds what is left to say of a transfer that is over.
func (tx session) addEnd(ctx context.Context, now *transfer.Standing, id string) error {
	type handed struct {
		audience transfer.Audience
		count    int
	}
	mails, err := store.All(ctx, tx, selectHanded, func(h *handed) []any { return []any{&h.audience, &h.count} }, id)
	if err != nil {
		return err
	}
	for _, m := range mails {
		now.Handed.Add(m.audience, m.count)
	}
	return tx.addHeld(ctx, now, id)
}

// addHeld adds how many of the failed line items are held.
func (tx session) addHeld(ctx context.Context, now *transfer.Standing, id string) (err error) {
	if now.Items.Failed > 0 {
		now.Held, _, err = store.One(ctx, tx, countHeld, store.Value[int], id)
	}
	return err
}

// RangeMoved makes the transfer's run take notice when no line item of the range is left to go on with. Refusal: NotFound.
func (s *Store) RangeMoved(ctx context.Context, id string, from, to int) error {
	_, err := write(ctx, s, "report a range", func(tx session) (bool, error) {
		t, err := tx.header(ctx, id)
		if err != nil {
			return false, err
		}
		running, err := store.All(ctx, tx, selectRunning, func(i *item) []any { return []any{&i.Ordinal, &i.Ending} }, t.ID, from, to)
		if err != nil || len(running) > 0 {
			return false, err
		}
		return true, runs.Want(ctx, tx.Tx, wantedBy(t.Transfer, CauseAnswered, kernel.Origin{}, false))
	})
	return err
}
