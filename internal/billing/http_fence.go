package billing

// The fence of a move that was given up: the billing system says that it is done, or promises that it never will be.

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	"handover/internal/transfer"
)

// Fence withdraws the move with DELETE /moves/{key}: 200 with the new subscription's id says that it is done, 204 is the
// promise; a system that answers 404, 405 or 501 does not know the question.
//
// Errors: ErrNoPromise, *Unavailable, the context's error.
func (h *HTTP) Fence(ctx context.Context, key string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodDelete, h.base.JoinPath("moves", url.PathEscape(key)).String(), nil)
	if err != nil {
		return "", unavailable(0, "The request to the billing system cannot be made: %v", err)
	}
	h.dress(request, key)
	response, err := h.client.Do(request)
	if err != nil {
		return "", h.broken(ctx, err)
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return "", h.broken(ctx, err)
	}
	switch response.StatusCode {
	case http.StatusNoContent:
		return "", nil
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return "", ErrNoPromise
	}
	done, err := decode(response.StatusCode, response.Header, content, "", h.settings.Now())
	var refusal *transfer.Refusal
	switch {
	case errors.As(err, &refusal):
		return "", unavailable(0, "The billing system refused to say what became of the move: %s", refusal.Message)
	case err != nil:
		return "", err
	case done.accepted:
		return "", unavailable(done.retryAfter, "The billing system has not decided yet what becomes of the move.")
	}
	return done.subscriptionID, nil
}
