package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"handover/internal/devissuer"
	"handover/internal/world"
)

// callers are the access tokens of the two partners of every transfer that is measured, an admin agent of each.
type callers struct{ source, target string }

// signIn gets tokens from the platform's own issuer.
func (s *stage) signIn(ctx context.Context) (both callers, err error) {
	if both.source, err = s.token(ctx, world.LargeSource, world.LargeSourceUser); err != nil {
		return both, err
	}
	both.target, err = s.token(ctx, world.LargeTarget, world.LargeTargetUser)
	return both, err
}

func (s *stage) token(ctx context.Context, tenant, user string) (string, error) {
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {"bench"}, "client_secret": {devissuer.ClientSecret},
		"role": {"AdminAgent"}, "user": {user},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.API+"/"+tenant+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, _, err := exchange(req, http.StatusOK)
	if err != nil {
		return "", err
	}
	granted, err := readAs[struct {
		AccessToken string `json:"access_token"`
	}](answer)
	return granted.AccessToken, err
}

// call is one request to the API.
type call struct {
	by     string // access token
	method string
	path   string
	body   any // marshalled; nil for none
	want   int // status of the answer
}

// send sends the request, under a request id of its own, and returns the answer's body and how long it took until all of it
// was read. Another status than the wanted one is an error.
func (c call) send(ctx context.Context, api string) ([]byte, time.Duration, error) {
	var body io.Reader
	if c.body != nil {
		text, err := json.Marshal(c.body)
		if err != nil {
			return nil, 0, err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, c.method, api+c.path, body)
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("Authorization", "Bearer "+c.by)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("MS-RequestId", uuid.NewString())
	return exchange(req, c.want)
}

func exchange(req *http.Request, want int) ([]byte, time.Duration, error) {
	began := time.Now()
	got, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = got.Body.Close() }()
	answer, err := io.ReadAll(got.Body)
	took := time.Since(began)
	if err == nil && got.StatusCode != want {
		err = fmt.Errorf("%s %s answered %d, not %d: %s", req.Method, req.URL.Path, got.StatusCode, want, answer)
	}
	return answer, took, err
}
