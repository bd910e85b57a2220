package contract

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/sync/errgroup"
)

func door() []Clause {
	const section = "What you serve"
	return []Clause{
		{"nobody comes in without the token", section, "without the right one answer `401` and change nothing", asksForToken},
		{"fields it does not know are ignored", "Connecting your billing system", "and so should be those you do not know.", ignoresUnknownFields},
		{"garbage does no harm", section, "Refuse what is no move, and anything over 1 MB, with a `4xx`.", survivesGarbage},
	}
}

func asksForToken(ctx context.Context, p *Peer) error {
	if p.settings.Token == "" {
		return &Note{"no token was given, so everybody may come in"}
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, token := range []string{"", p.settings.Token + "x", p.settings.Token[1:]} {
		group.Go(func() error { return asksForThat(ctx, p, token) })
	}
	return group.Wait()
}

// asksForThat tries a token that is not the right one before and after a move.
func asksForThat(ctx context.Context, p *Peer, token string) error {
	m := newMove()
	if err := p.keepsOut(ctx, m, token); err != nil {
		return err
	}
	untouched, err := p.decided(ctx, func(ctx context.Context) (answer, error) { return p.look(ctx, m.key) })
	if err != nil {
		return err
	}
	if untouched.kind != unknown {
		return wrong("GET of a key that was posted and deleted without the token only", "404", untouched)
	}
	if _, err := p.moved(ctx, m); err != nil {
		return err
	}
	return p.keepsOut(ctx, m, token)
}

// keepsOut expects that no request about the move is answered without the right token.
func (p *Peer) keepsOut(ctx context.Context, m move, token string) error {
	body, err := m.json()
	if err != nil {
		return err
	}
	for method, ask := range map[string]asking{
		http.MethodPost: func(ctx context.Context) (answer, error) { return p.postBody(ctx, m.key, token, body) },
		http.MethodGet: func(ctx context.Context) (answer, error) {
			return p.ask(ctx, http.MethodGet, p.of(m.key), "", token, nil)
		},
		http.MethodDelete: func(ctx context.Context) (answer, error) {
			return p.ask(ctx, http.MethodDelete, p.of(m.key), "", token, nil)
		},
	} {
		a, err := p.decided(ctx, ask)
		if err != nil {
			return err
		}
		if a.status != http.StatusUnauthorized && (method != http.MethodDelete || !a.cannotPromise()) {
			did := method + " with a wrong token"
			if token == "" {
				did = method + " without a token"
			}
			return wrong(did, "401", a)
		}
	}
	return nil
}

// ignoresUnknownFields also repeats a move with a field more, as an upgrade of Handover may.
func ignoresUnknownFields(ctx context.Context, p *Peer) error {
	m := newMove()
	first := m.with("x-contract", map[string]any{"list": []int{1, 2}, "nothing": nil}).withSubscription("x-contract", "any")
	id, err := p.moved(ctx, first)
	if err != nil {
		return err
	}
	for _, again := range []move{m, first.with("x-later", true)} {
		if err := p.staysPosted(ctx, again, id); err != nil {
			return fmt.Errorf("%w, when its unknown fields are others than before", err)
		}
	}
	return nil
}

func survivesGarbage(ctx context.Context, p *Peer) error {
	m := newMove()
	huge, err := m.with("x-contract", strings.Repeat("x", 2<<20)).json()
	if err != nil {
		return err
	}
	for what, body := range map[string][]byte{
		"an empty body":             nil,
		"a body that is cut off":    huge[:100],
		"a body that is no JSON":    []byte("key=" + m.key),
		"a body that is no object":  []byte("[]"),
		"a body that is null":       []byte("null"),
		"a body without a move":     []byte("{}"),
		"a body with a wrong field": []byte(`{"key": 7, "subscription": "none"}`),
		"a body of 2 MB":            huge,
	} {
		a, err := p.postBody(ctx, m.key, p.settings.Token, body)
		var silence *silentError
		if errors.As(err, &silence) && len(body) == len(huge) {
			continue // it hung up on it
		}
		if err != nil {
			return err
		}
		if a.status < 400 || a.status >= 500 {
			return wrong("POST of "+what, "a 4xx", a)
		}
	}
	_, err = p.moved(ctx, newMove())
	return err
}
