package identity

import (
	"errors"
	"fmt"
	"strings"

	"handover/internal/kernel"
)

// ErrUnavailable says that the issuer's discovery document or keys could not be fetched. The token may be good; try again.
var ErrUnavailable = errors.New("the issuer of tokens gave no answer")

// InvalidTokenError says that a token is no good.
type InvalidTokenError struct {
	Reason string // one sentence, safe to show: nothing of the token is in it
}

func (e *InvalidTokenError) Error() string { return e.Reason }

func invalid(format string, args ...any) error {
	return &InvalidTokenError{Reason: fmt.Sprintf(format, args...)}
}

func notYet() error { return invalid("The token is not valid yet (nbf).") }

// unavailable is ErrUnavailable with its cause, which may quote whatever the issuer answered: one short line of it is kept.
func unavailable(cause error) error {
	const most = 300
	return fmt.Errorf("%w: %s", ErrUnavailable, kernel.ShortLine(cause.Error(), most))
}

func join[T ~string](names []T) string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = string(name)
	}
	return strings.Join(texts, ", ")
}
