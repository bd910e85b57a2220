package notify

// How fast the relay goes, how long it waits before the next attempt at a mail, and when it leaves the mail server alone.

import (
	"slices"
	"strings"
	"time"

	"handover/internal/jitter"
)

// pace is what the relay's speed is made of.
type pace struct {
	tick          time.Duration // between looks when nobody wakes it
	gather        time.Duration // from a wake to the look, so that mails which are owed together go together
	batch         int           // mails claimed at a time
	perTarget     int           // of those, about one target's transfers
	lease         time.Duration // of a claim, besides the time that one mail may take
	trusted       time.Duration // how long a claim, much shorter than its lease, is believed to hold without asking
	recent        time.Duration // how long what was read of subjects is what mail says
	perConnection int           // mails
	recordMails   int           // sent mails are recorded after so many, or so long
	recordAfter   time.Duration
	firstPause    time.Duration // of the breaker
	longestPause  time.Duration
}

var usualPace = pace{
	tick: 15 * time.Second, gather: 50 * time.Millisecond, batch: 50, perTarget: 10, lease: 2 * time.Minute, trusted: time.Second,
	recent: time.Second, perConnection: 100,
	recordMails: 10, recordAfter: 200 * time.Millisecond, firstPause: time.Second, longestPause: time.Minute,
}

const (
	firstWait   = 2 * time.Second
	longestWait = 15 * time.Minute
	// longestOwed is how old a mail becomes whose attempts fail. An outage counts for no attempt, so a mail that grew old
	// in one has its few attempts afterwards all the same.
	longestOwed    = 72 * time.Hour
	fewestAttempts = 5
)

// waitAfter is how long a mail waits after so many failed attempts: doubled each time, and never quite the same for two.
func waitAfter(attempts int) time.Duration {
	wait := longestWait
	if doubled := firstWait << min(attempts-1, 16); doubled < longestWait {
		wait = doubled
	}
	return jitter.Fifth(wait)
}

// givenUp tells that a mail which failed again was tried for long enough.
func givenUp(age time.Duration, attempts int) bool {
	return age >= longestOwed && attempts >= fewestAttempts
}

// breaker leaves a mail server alone that cannot be used: the pauses between probes grow, and one mail that gets an answer
// ends them.
type breaker struct {
	pause, first, longest time.Duration
}

func (b *breaker) open() bool { return b.pause > 0 }

func (b *breaker) trip() { b.pause = min(max(b.first, 2*b.pause), b.longest) }

func (b *breaker) reset() { b.pause = 0 }

// refusals are the domains for which mail was refused that was not at fault, since the mail server last took any.
type refusals struct{ domains []string }

// tellingRefusals is for how many domains mail has to be refused before it is the mail server that refuses.
const tellingRefusals = 3

func (r *refusals) add(recipient string) {
	domain := strings.ToLower(recipient[strings.LastIndexByte(recipient, '@')+1:])
	if !r.everywhere() && !slices.Contains(r.domains, domain) {
		r.domains = append(r.domains, domain)
	}
}

func (r *refusals) everywhere() bool { return len(r.domains) >= tellingRefusals }

func (r *refusals) reset() { r.domains = nil }
