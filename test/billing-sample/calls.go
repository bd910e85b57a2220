package main

// Handover is called back about what was accepted first. A call is a courtesy that saves time: it is repeated for some
// minutes and then left, because Handover asks by itself.

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	callTimeout = 10 * time.Second
	mostCalls   = 10 // about one move
	callsAtOnce = 8
	longestWait = time.Minute // between two of them
)

// callBack makes every call that is due.
func (s *system) callBack(ctx context.Context) error {
	keys, err := s.moves.keys(ctx, `SELECT key FROM moves WHERE call_at <= ? ORDER BY call_at LIMIT 100`, s.now())
	if err != nil {
		return err
	}
	calls, ctx := errgroup.WithContext(ctx)
	calls.SetLimit(callsAtOnce)
	for _, key := range keys {
		calls.Go(func() error {
			m, err := s.moves.look(ctx, key)
			if err != nil {
				return err
			}
			failure := s.call(ctx, m)
			if failure != nil {
				s.log.Printf("The call about %s failed: %v", key, failure)
			}
			return s.moves.called(ctx, m, failure == nil, s.now())
		})
	}
	return calls.Wait()
}

// call posts the result of one move.
func (s *system) call(ctx context.Context, m record) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	body, err := json.Marshal(result{m.newSubscription})
	if err != nil {
		return err
	}
	to := strings.TrimRight(s.options.callback, "/") + "/moves/" + url.PathEscape(m.key)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+s.options.callbackToken)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	if err := response.Body.Close(); err != nil {
		return err
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("it was answered %s", response.Status)
	}
	return nil
}

// called plans the next call about a move, ever later, or none.
func (b *book) called(ctx context.Context, m record, heard bool, now time.Time) error {
	return b.within(ctx, func(tx *sql.Tx) error {
		next := sql.NullInt64{}
		if !heard && m.calls+1 < mostCalls {
			next = sql.NullInt64{Int64: now.Add(min(time.Second<<m.calls, longestWait)).UnixMilli(), Valid: true}
		}
		_, err := tx.ExecContext(ctx, `UPDATE moves SET calls = calls + 1, call_at = ? WHERE key = ?`, next, m.key)
		return err
	})
}
