package identity_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/identity"
)

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, err := w.Write([]byte(body))
		must(err)
	}
}

// TestAnIssuerThatIsDownIsNobodysFault: ErrUnavailable, never a token that is no good; and the next call finds it up again.
func TestAnIssuerThatIsDownIsNobodysFault(t *testing.T) {
	t.Parallel()
	hangUp := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	cases := map[string]func(*issuer){
		"500":                 func(i *issuer) { i.broken = answer(500, "oops") },
		"404":                 func(i *issuer) { i.broken = answer(404, "") },
		"no connection":       func(i *issuer) { i.broken = hangUp },
		"a page":              func(i *issuer) { i.broken = answer(200, "<html>") },
		"an endless document": func(i *issuer) { i.padding = strings.Repeat("x", 1<<20) },
		"another issuer":      func(i *issuer) { i.named = "https://elsewhere.example" },
		"no address of keys":  func(i *issuer) { i.keysURL = "" },
		"a file of keys":      func(i *issuer) { i.keysURL = "file:///etc/keys" },
		"keys: 500":           func(i *issuer) { i.noKeys = answer(500, `{"keys":[]}`) },
		"keys: none":          func(i *issuer) { i.noKeys = hangUp },
		"keys: a page":        func(i *issuer) { i.noKeys = answer(200, "<html>") },
		"keys: malformed":     func(i *issuer) { i.noKeys = answer(200, `{"keys":[{"kty":"RSA"}]}`) },
	}
	for name, fail := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			s.change(func() { fail(s.issuer) })
			for range 2 {
				_, err := s.Verify(t.Context(), s.token())
				require.ErrorIs(t, err, identity.ErrUnavailable)
				assert.Less(t, len(err.Error()), 500)
				assert.NotContains(t, err.Error(), "\n")
				require.ErrorIs(t, s.Ready(t.Context()), identity.ErrUnavailable)
			}
			s.change(func() {
				s.broken, s.noKeys, s.named, s.keysURL, s.padding = nil, nil, s.URL, s.URL+"/keys", ""
			})
			_, err := s.Verify(t.Context(), s.token())
			assert.NoError(t, err)
			assert.NoError(t, s.Ready(t.Context()))
		})
	}
}

func TestATemplateIssuerMustSayThatItIsOne(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	v, err := identity.New(identity.Settings{Issuer: s.URL + "/{tenantid}/v2.0", Audiences: []string{audience}, Now: s.Now})
	require.NoError(t, err)
	assert.ErrorIs(t, v.Ready(t.Context()), identity.ErrUnavailable, "its document names another issuer")
}

// TestTokensThatAreNoGoodNeedNoIssuer: what is malformed is so whether or not the issuer is up.
func TestTokensThatAreNoGoodNeedNoIssuer(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for _, token := range []string{"garbage", publicKeyAsSecret(s), segment(`{"alg":"none"}`) + "." + segment("{}") + "."} {
		_, err := s.Verify(t.Context(), token)
		var refused *identity.InvalidTokenError
		require.ErrorAs(t, err, &refused)
	}
	searches, fetches := s.counts()
	assert.Zero(t, searches+fetches)
}

func TestNewDoesNotConnectAndTheSearchIsShared(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	searches, _ := s.counts()
	require.Zero(t, searches)
	token := s.token()
	var callers sync.WaitGroup
	for range 20 {
		callers.Go(func() {
			_, err := s.Verify(t.Context(), token)
			assert.NoError(t, err)
		})
	}
	callers.Wait()
	searches, fetches := s.counts()
	assert.Equal(t, 1, searches)
	assert.Equal(t, 1, fetches)
}

// TestACallerThatLeavesDoesNotSpoilTheSearch for the others who wait for it.
func TestACallerThatLeavesDoesNotSpoilTheSearch(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	asked, proceed := make(chan struct{}), make(chan struct{})
	s.change(func() {
		s.broken = func(w http.ResponseWriter, _ *http.Request) {
			close(asked)
			<-proceed
			answer(http.StatusOK, `{"issuer":"`+s.URL+`","jwks_uri":"`+s.URL+`/keys"}`)(w, nil)
			s.broken = nil
		}
	})
	leaving, leave := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() { gone <- s.Ready(leaving) }()
	<-asked
	staying := make(chan error)
	go func() { staying <- s.Ready(t.Context()) }()
	leave()
	require.ErrorIs(t, <-gone, identity.ErrUnavailable)
	close(proceed)
	assert.NoError(t, <-staying)
	searches, _ := s.counts()
	assert.Zero(t, searches, "the one search that began found the issuer")
}

func TestKeyRotationIsPickedUp(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	require.NoError(t, s.Ready(t.Context()))
	s.advance(time.Minute)
	s.rotate(rsaKey(), otherRSA())
	s.soon(t, otherRSA().sign(s.claims()), nil)
	s.soon(t, s.token(), nil)
	_, fetches := s.counts()
	assert.Equal(t, 2, fetches)

	s.advance(time.Minute)
	s.rotate(otherRSA())
	var refused *identity.InvalidTokenError
	_, err := s.Verify(t.Context(), newRSA("rsa-3").sign(s.claims()))
	require.ErrorAs(t, err, &refused)
	require.Eventually(t, func() bool {
		_, err := s.Verify(t.Context(), s.token())
		return errors.As(err, &refused)
	}, time.Minute, time.Millisecond, "a key that was withdrawn counts no more once the keys were fetched again")
	s.soon(t, otherRSA().sign(s.claims()), nil)
}

// soon waits until the token meets that end. The clock here jumps faster than go-oidc puts away what it has just fetched.
func (s scene) soon(t *testing.T, token string, end error) {
	t.Helper()
	require.Eventually(t, func() bool {
		_, err := s.Verify(t.Context(), token)
		return errors.Is(err, end)
	}, time.Minute, time.Millisecond)
}

// TestForgedTokensDoNotHammerTheIssuer: one fetch in ten seconds, whatever key id they make up.
func TestForgedTokensDoNotHammerTheIssuer(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	forged := []string{otherRSA().sign(s.claims()), key{"", otherRSA().alg, otherRSA().private}.sign(s.claims()),
		key{"rsa-1", otherRSA().alg, otherRSA().private}.sign(s.claims())}
	for range 3 {
		_, before := s.counts()
		var callers sync.WaitGroup
		for i := range 30 {
			callers.Go(func() {
				_, err := s.Verify(t.Context(), forged[i%len(forged)])
				var refused *identity.InvalidTokenError
				assert.ErrorAs(t, err, &refused)
			})
		}
		callers.Wait()
		_, after := s.counts()
		assert.Equal(t, 1, after-before)
		s.advance(10 * time.Second)
	}
	_, err := s.Verify(t.Context(), s.token())
	assert.NoError(t, err, "tokens of known keys are not held up")
}

// TestAnIssuerThatGoesDownLater holds up only the tokens of keys that we do not have.
func TestAnIssuerThatGoesDownLater(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	require.NoError(t, s.Ready(t.Context()))
	s.change(func() { s.broken = answer(503, "") })
	s.rotate(rsaKey(), otherRSA())
	fresh := otherRSA().sign(s.claims())
	s.advance(time.Minute)
	s.soon(t, fresh, identity.ErrUnavailable) // it may be good
	for range 3 {
		_, err := s.Verify(t.Context(), s.token())
		require.NoError(t, err)
		require.NoError(t, s.Ready(t.Context()))
		_, err = s.Verify(t.Context(), fresh)
		require.ErrorIs(t, err, identity.ErrUnavailable)
	}
	s.change(func() { s.broken = nil })
	_, err := s.Verify(t.Context(), fresh)
	require.ErrorIs(t, err, identity.ErrUnavailable, "asked a moment ago")
	s.advance(10 * time.Second)
	s.soon(t, fresh, nil)
}

func TestACallThatEndsWhileKeysAreFetchedIsUnavailable(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	require.NoError(t, s.Ready(t.Context()))
	proceed := make(chan struct{})
	s.change(func() { s.broken = func(http.ResponseWriter, *http.Request) { <-proceed } })
	s.advance(time.Minute)
	ended, end := context.WithCancel(t.Context())
	end()
	_, err := s.Verify(ended, otherRSA().sign(s.claims()))
	close(proceed)
	require.ErrorIs(t, err, identity.ErrUnavailable)
}

func TestAnIssuerThatHangsIsWaitedForALimitedTime(t *testing.T) {
	t.Parallel()
	s := newScene(t, func(o *identity.Settings) { o.Client = &http.Client{Timeout: 200 * time.Millisecond} })
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	s.change(func() { s.broken = hang })
	require.ErrorIs(t, s.Ready(t.Context()), identity.ErrUnavailable)
	s.change(func() { s.broken = nil })
	require.Eventually(t, func() bool { return s.Ready(t.Context()) == nil }, time.Minute, time.Millisecond)
	s.advance(time.Minute)
	s.change(func() { s.broken = hang })
	s.soon(t, otherRSA().sign(s.claims()), identity.ErrUnavailable)
}

func TestKeysMayBeBehindARedirect(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	moved := http.NewServeMux()
	moved.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, s.URL+"/keys", http.StatusFound) })
	other := newIssuer(t)
	other.change(func() { other.broken = moved.ServeHTTP })
	s.change(func() { s.keysURL = other.URL })
	_, err := s.Verify(t.Context(), s.token())
	assert.NoError(t, err)
}

func TestNewChecksTheSettings(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		settings identity.Settings
		says     string
	}{
		"nothing":         {identity.Settings{}, "name the audience"},
		"empty audience":  {identity.Settings{Issuer: "https://i.example", Audiences: []string{"a", ""}}, "name the audience"},
		"no issuer":       {identity.Settings{Audiences: []string{"a"}}, "must start with https:// or http://"},
		"another scheme":  {identity.Settings{Audiences: []string{"a"}, Issuer: "ftp://i.example"}, "must start with https:// or http://"},
		"no host":         {identity.Settings{Audiences: []string{"a"}, Issuer: "https://"}, "must start with https:// or http://"},
		"malformed":       {identity.Settings{Audiences: []string{"a"}, Issuer: "https://i.example:x"}, "malformed"},
		"a query":         {identity.Settings{Audiences: []string{"a"}, Issuer: "https://i.example/?a=b"}, "no user, query or fragment"},
		"a password":      {identity.Settings{Audiences: []string{"a"}, Issuer: "https://a:b@i.example"}, "no user, query or fragment"},
		"other templates": {identity.Settings{Audiences: []string{"a"}, Issuer: "https://i.example/{tenant}"}, "{tenantid} in braces and nothing else"},
	}
	for name, c := range cases {
		_, err := identity.New(c.settings)
		require.ErrorContains(t, err, c.says, name)
	}
	v, err := identity.New(identity.Settings{Issuer: "https://login.example/{tenantid}/v2.0", Audiences: []string{"a"}})
	require.NoError(t, err)
	require.NotNil(t, v)
}
