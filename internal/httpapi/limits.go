package httpapi

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limiter gives every partner its own share of requests, and every address that asks without a token.
type limiter struct {
	perSecond rate.Limit
	burst     int

	mu      sync.Mutex
	of      map[string]*share
	streams map[string]int // open ones, by partner
	swept   time.Time
}

// share is what one partner may still ask for.
type share struct {
	*rate.Limiter
	used time.Time
}

// forgetAfter is how long a partner that asks for nothing is remembered: longer than any share takes to fill again.
const forgetAfter = 10 * time.Minute

func newLimiter(perSecond float64, burst int) *limiter {
	return &limiter{perSecond: rate.Limit(perSecond), burst: burst, of: map[string]*share{}, streams: map[string]int{}}
}

// peerOf names the address that sent a request without a token: of version 6 the network, because whoever has one address of it has all.
// No tenant is called so.
func peerOf(req *http.Request) string {
	host, _, err := net.SplitHostPort(req.RemoteAddr)
	if err != nil {
		host = req.RemoteAddr
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return "address " + host
	}
	if address = address.Unmap().WithZone(""); address.Is6() {
		return "address " + netip.PrefixFrom(address, siteBits).Masked().String()
	}
	return "address " + address.String()
}

// siteBits is how much of an address of version 6 names the network that one customer of a provider gets, at most.
const siteBits = 48

// take counts a request of the partner, or refuses it with when to come back.
func (l *limiter) take(partner string, now time.Time) error {
	if l.perSecond <= 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep(now)
	s, known := l.of[partner]
	if !known {
		s = &share{Limiter: rate.NewLimiter(l.perSecond, l.burst)}
		l.of[partner] = s
	}
	s.used = now
	reserved := s.ReserveN(now, 1)
	wait := reserved.DelayFrom(now)
	if wait == 0 {
		return nil
	}
	reserved.CancelAt(now)
	seconds := int(wait.Seconds()) + 1
	return Refuse(tooManyRequests, "Rate limit is exceeded. Try again in %d seconds.", seconds).again(time.Duration(seconds) * time.Second)
}

// mostStreams bounds the streams that one partner has open at once: each asks the ledger again and again.
const mostStreams = 50

// enter counts a stream of the partner until leave is called, or refuses it. What streams follow is named in the plural.
func (l *limiter) enter(partner, followed string) (leave func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.streams[partner] >= mostStreams {
		return nil, Refuse(tooManyRequests, "You have %d %s open already. End one of them first.", mostStreams, followed).again(retryLedger)
	}
	l.streams[partner]++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.streams[partner]--; l.streams[partner] == 0 {
			delete(l.streams, partner)
		}
	}, nil
}

// sweep forgets partners that have been quiet, so that memory stays bounded.
func (l *limiter) sweep(now time.Time) {
	if now.Sub(l.swept) < forgetAfter {
		return
	}
	l.swept = now
	for partner, s := range l.of {
		if now.Sub(s.used) > forgetAfter {
			delete(l.of, partner)
		}
	}
}
