package httpserver

// Whom a browser may think that it talks to. A page can have its own name resolved to an address of this machine, and is then, for
// the browser, the page of whatever answers there: it may read all of it and send what it likes. What it cannot do is hide the
// name, so a server that knows its names is safe from it.

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// AnyHost among the names of OnlyHosts stands for every name.
const AnyHost = "*"

// OnlyHosts answers 421 to requests for any host but these: the names of this machine's loopback, the address that the connection
// came in on, and the given names, without ports. Whatever browsers read goes through it. A port for programs does without: they ask by any name that
// it has in their network, and there a page finds nothing that it may read or do.
func OnlyHosts(names []string, next http.Handler) http.Handler {
	known := map[string]bool{}
	for _, name := range names {
		known[canonical(name)] = true
	}
	if known[AnyHost] {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if host := hostOf(r.Host); Loopback(r.Host) || known[host] || isOwn(host, r) {
			next.ServeHTTP(w, r)
			return
		}
		http.Error(w, "Nothing is served here under that name. HANDOVER_HTTP_HOSTS names those under which something is.", http.StatusMisdirectedRequest)
	})
}

// Loopback tells whether host, or host:port, stays on this machine, whoever resolves it.
func Loopback(host string) bool {
	host = hostOf(host)
	at, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && at.Unmap().IsLoopback()
}

// isOwn tells whether the host is the very address that was connected to, as probes and scrapers do: no name had to be resolved.
func isOwn(host string, r *http.Request) bool {
	at, err := netip.ParseAddr(host)
	own, known := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return err == nil && known && own.AddrPort().Addr().Unmap() == at.Unmap()
}

// hostOf is the host in the form that names are compared in, without its port.
func hostOf(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return canonical(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
}

func canonical(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }
