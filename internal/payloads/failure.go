package payloads

import "fmt"

// UnknownKeyError says that a payload is encrypted with a key that is not at hand.
type UnknownKeyError struct {
	KeyID string // as the payload names it; whoever sent it may have written anything
}

func (e *UnknownKeyError) Error() string {
	return fmt.Sprintf("the payload is encrypted with the key %s, which is not among those in HANDOVER_TEMPORAL_ENCRYPTION_KEYS: add it there", quote(e.KeyID))
}

// DamagedError says that a payload is not what was encrypted with its key: it was changed, or another key has the same id.
type DamagedError struct {
	KeyID string
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("the payload cannot be decrypted with the key %s: it was changed on its way, or another key had this id when it was encrypted", quote(e.KeyID))
}

// quote shows what a stranger may have written.
func quote(id string) string {
	const most = 64
	if len(id) > most {
		id = id[:most] + "…"
	}
	return fmt.Sprintf("%q", id)
}
