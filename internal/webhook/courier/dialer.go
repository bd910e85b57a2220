package courier

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"strings"
	"syscall"

	"handover/internal/webhook"
)

// refusedError is that an address must not be called.
type refusedError struct{ address string }

func (e *refusedError) Error() string {
	return "the address " + e.address + " is not one that may be called"
}

// dialer calls allowed addresses only. It judges what a name was resolved to, right before that very address is called, so it does not
// matter what the name stood for a moment ago.
type dialer struct {
	net.Dialer
	trust *tls.Config
}

func newDialer(s Settings) *dialer {
	d := &dialer{Dialer: net.Dialer{Timeout: longestConnect, Resolver: s.Resolver, Control: judge(s.Networks)}, trust: s.Trust.Clone()}
	if d.trust == nil {
		d.trust = &tls.Config{}
	}
	d.trust.MinVersion, d.trust.NextProtos = tls.VersionTLS12, []string{"http/1.1"}
	return d
}

// judge refuses to open what is no connection to an allowed address.
func judge(allowed webhook.Networks) func(network, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		called, err := netip.ParseAddrPort(address)
		if err != nil || !allowed.AllowsAt(called) {
			return &refusedError{address}
		}
		return nil
	}
}

func (d *dialer) plain(ctx context.Context, network, address string) (net.Conn, error) {
	return d.DialContext(ctx, network, absolute(address))
}

// absolute has a name looked up as it is, and never with the domains of this machine behind it.
func absolute(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil || strings.HasSuffix(host, ".") || strings.EqualFold(host, "localhost") {
		return address // this machine's own name stands in its files, without a dot
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return address
	}
	return net.JoinHostPort(host+".", port)
}

func (d *dialer) secured(ctx context.Context, network, address string) (net.Conn, error) {
	connection, err := d.plain(ctx, network, address)
	if err != nil {
		return nil, err
	}
	trust := d.trust.Clone()
	trust.ServerName, _, _ = net.SplitHostPort(address)
	ctx, cancel := context.WithTimeout(ctx, longestConnect)
	defer cancel()
	over := tls.Client(connection, trust)
	if err := over.HandshakeContext(ctx); err != nil {
		_ = connection.Close()
		return nil, &handshakeError{err}
	}
	return over, nil
}

// bare is the connection itself, under TLS if there is some: closing it waits for nobody.
func bare(connection net.Conn) net.Conn {
	if over, secured := connection.(*tls.Conn); secured {
		return over.NetConn()
	}
	return connection
}
