package httpapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/identity"
	"handover/internal/kernel"
)

// downloading declares a download of the path /file.
func downloading(handle func(context.Context, *struct{}) (*Download, error)) declared {
	return func(a *API) {
		RegisterDownload(a, Route{ID: "getFile", Method: http.MethodGet, Path: "/file", Roles: identity.Roles(), Right: Everybody(), Causes: []kernel.Cause{NotAPartner}}, handle)
	}
}

func file(write func(ctx context.Context, w io.Writer) error) declared {
	return downloading(func(context.Context, *struct{}) (*Download, error) {
		return &Download{Kind: "text/csv; charset=utf-8", Name: "log.csv", Write: write}, nil
	})
}

// A file comes with its name and kind, however many pieces it is written in; HEAD has those and nothing is written for it.
func TestDownload(t *testing.T) {
	t.Parallel()
	written := 0
	a, server := served(t, file(func(_ context.Context, w io.Writer) error {
		written++
		for range 3 {
			if _, err := io.WriteString(w, strings.Repeat("x", 100_000)); err != nil {
				return err
			}
		}
		return nil
	}))
	got := gets(t, server.URL+"/file", http.Header{})
	require.Equal(t, http.StatusOK, got.status)
	require.Equal(t, "text/csv; charset=utf-8", got.header.Get("Content-Type"))
	require.Equal(t, "attachment; filename=log.csv", got.header.Get("Content-Disposition"))
	require.Len(t, got.body, 300_000)
	require.Empty(t, a.limits.streams, "what is over is not counted")

	r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, server.URL+"/file", http.NoBody)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer x")
	head, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, head.Body.Close())
	require.Equal(t, http.StatusOK, head.StatusCode)
	require.Equal(t, "attachment; filename=log.csv", head.Header.Get("Content-Disposition"))
	require.Equal(t, 1, written)
}

// What fails before anything is written is refused like any read; what fails in the middle cuts the connection, so that nobody takes
// a part for the whole.
func TestDownloadThatFails(t *testing.T) {
	t.Parallel()
	_, server := served(t, downloading(func(context.Context, *struct{}) (*Download, error) {
		return nil, kernel.Refuse(kernel.WrongParty, "No.")
	}))
	got := gets(t, server.URL+"/file", http.Header{})
	require.Equal(t, http.StatusForbidden, got.status)
	require.Contains(t, got.body, `"WrongParty"`)

	a, server := served(t, file(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, strings.Repeat("x", 100_000))
		return errors.Join(err, errors.New("the ledger is away"))
	}))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/file", http.NoBody)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer x")
	cut, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	_, err = io.ReadAll(cut.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.NoError(t, cut.Body.Close())
	require.Empty(t, a.limits.streams)
}

// A file ends when its client goes or the program ends its streams, and counts among what the partner has open.
func TestDownloadEnds(t *testing.T) {
	t.Parallel()
	var a *API
	ended := make(chan error, 1)
	a, server := served(t, file(func(ctx context.Context, w io.Writer) error {
		_, err := io.WriteString(w, strings.Repeat("x", 100_000)) // or the client would ask again
		a.EndStreams()
		<-ctx.Done()
		ended <- ctx.Err()
		return errors.Join(err, ctx.Err())
	}))
	for range mostStreams {
		_, err := a.limits.enter("p", "clocks")
		require.NoError(t, err)
	}
	got := gets(t, server.URL+"/file", http.Header{})
	require.Equal(t, http.StatusTooManyRequests, got.status)
	require.Contains(t, got.body, "You have 50 downloads and streams open already.")
	a.limits.streams = map[string]int{}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/file", http.NoBody)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer x")
	cut, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	_, err = io.ReadAll(cut.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.NoError(t, cut.Body.Close())
	require.ErrorIs(t, <-ended, context.Canceled)
}
