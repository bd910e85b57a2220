package subscription

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"handover/internal/kernel"
)

// Fault is what a subscription of a sandbox world does to those who move it, so that every branch can be tried by hand.
type Fault struct {
	Transient int           // that many attempts answer 503
	Sync      time.Duration // still syncing for that long after submit
	Refuse    string        // never moves; the billing system's code
	Slow      time.Duration // each attempt takes that long
}

// ParseFault reads the sandboxFault of a world file: transient:N, sync:DURATION, refuse:CODE or slow:DURATION.
// The empty text is no fault. Any other text is an error that says what is allowed.
func ParseFault(text string) (Fault, error) {
	if text == "" {
		return Fault{}, nil
	}
	kind, value, _ := strings.Cut(text, ":")
	var f Fault
	var err error
	switch kind {
	case "transient":
		f.Transient, err = strconv.Atoi(value)
		if err == nil && (f.Transient < 1 || f.Transient > 1000) {
			err = fmt.Errorf("the count must be between 1 and 1000")
		}
	case "sync":
		f.Sync, err = positive(value)
	case "slow":
		f.Slow, err = positive(value)
	case "refuse":
		if f.Refuse = value; value == "" || len(value) > 32 {
			err = fmt.Errorf("the code must have 1 to 32 characters")
		}
	default:
		err = fmt.Errorf("the kind must be transient, sync, refuse or slow")
	}
	if err != nil {
		return Fault{}, fmt.Errorf("sandboxFault %q is not one of transient:N, sync:DURATION, refuse:CODE, slow:DURATION: %w", kernel.Clip(text), err)
	}
	return f, nil
}

func positive(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err == nil && d <= 0 {
		err = fmt.Errorf("the duration must be positive")
	}
	return d, err
}
