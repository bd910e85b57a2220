package billing

// The fence of a move that was given up: the billing system says that it is done, or promises that it never will be.

import (
	"context"
	"errors"
	"net/http"

	"handover/internal/kernel"
)

// Fence withdraws the move with DELETE /moves/{key}: 200 with the new subscription's id says that it is done, 204 is the
// promise; a system that answers 404, 405 or 501 does not know the question.
//
// Errors: ErrNoPromise, *Unavailable, the context's error.
func (h *HTTP) Fence(ctx context.Context, q Question) (string, error) {
	status, done, err := h.ask(ctx, http.MethodDelete, h.statusOf(q.Key), q, nil)
	switch status {
	case http.StatusNoContent:
		return "", nil
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return "", ErrNoPromise
	}
	var refusal *kernel.Refusal
	switch {
	case errors.As(err, &refusal):
		return "", unavailable(0, "The billing system refused to say what became of the move: %s", refusal.Message)
	case err != nil:
		return "", err
	case done.accepted:
		return "", unavailable(done.retryAfter, "The billing system has not decided yet what becomes of the move.")
	}
	return newID(done, q)
}
