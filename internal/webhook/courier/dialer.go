package courier

import (
	"net"
	"net/netip"
	"syscall"

	"handover/internal/webhook"
)

// refusedError is that an address must not be called.
type refusedError struct{ address string }

func (e *refusedError) Error() string {
	return "the address " + e.address + " is not one of the public internet"
}

// dialer calls allowed addresses only. It judges what a name was resolved to, right before that very address is called, so it does not
// matter what the name stood for a moment ago.
func dialer(allowed webhook.Networks) *net.Dialer {
	return &net.Dialer{Timeout: longestConnect, Control: func(_, address string, _ syscall.RawConn) error {
		called, err := netip.ParseAddrPort(address)
		if err != nil || !allowed.Allows(called.Addr()) {
			return &refusedError{address}
		}
		return nil
	}}
}
