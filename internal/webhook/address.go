package webhook

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"handover/internal/kernel"
)

// Addresses are the rules of which endpoints may be registered. A name is looked up when it is called and not before, because what it
// stands for may change: then Networks decides again, about the very address that is called.
type Addresses struct {
	PlainHTTP     bool     // http is allowed beside https, for partners in a sandbox
	PlainAnywhere bool     // and for those in production: a deployment to develop with
	Networks      Networks // allowed although they are not public

	sandbox bool
}

// InSandbox are the rules for partners in a sandbox. The others are for partners in production.
func (a Addresses) InSandbox() Addresses {
	a.sandbox = true
	return a
}

func (a Addresses) plain() bool { return a.PlainAnywhere || a.PlainHTTP && a.sandbox }

// Check refuses what cannot be the address of an endpoint. Refusals: InvalidInput for one that is too long or not readable,
// AddressRefused, which says why.
func (a Addresses) Check(text string) error {
	if err := kernel.CheckText("WebhookUrl", text); err != nil {
		return err
	}
	parsed, err := url.Parse(text)
	switch {
	case err != nil, parsed.Hostname() == "", parsed.Opaque != "", strings.ContainsAny(text, " \\"):
		return refused("it must be a whole address such as https://hooks.example/handover")
	case parsed.Scheme != "https" && (parsed.Scheme != "http" || !a.plain()):
		return refused("it must begin with https://")
	case parsed.User != nil:
		return refused("it must hold no user and no password")
	case parsed.Fragment != "" || strings.Contains(text, "#"):
		return refused("it must hold no fragment")
	}
	if err := a.checkPort(parsed.Port(), parsed.Hostname()); err != nil {
		return err
	}
	return a.checkHost(parsed.Hostname())
}

// checkPort leaves what may be in one of the deployment's own networks to the dialer.
func (a Addresses) checkPort(text, host string) error {
	if text == "" {
		return nil
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		return refused("its port must be 1 to 65535")
	}
	own := len(a.Networks) > 0 // a name may stand for what is in one of them
	if literal, err := netip.ParseAddr(host); err == nil {
		own = a.Networks.contains(literal.Unmap())
	}
	if own || callable(uint16(port)) {
		return nil
	}
	return refused("its port must be 443, 80, or one from 1024 up that is not known for another service")
}

func (a Addresses) checkHost(host string) error {
	if literal, err := netip.ParseAddr(host); err == nil {
		if !a.Networks.Allows(literal) {
			return refused("its address is not one of the public internet")
		}
		return nil
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	switch labels := strings.Split(name, "."); {
	case len(a.Networks) > 0 && name == "localhost":
		return nil // the dialer decides
	case len(labels) < 2, isLocal(name):
		return refused("its host is not a name of the public internet")
	case endsInNumber(labels[len(labels)-1]):
		return refused("its host is a number in a form that is not read everywhere as the same one")
	case !isHostName(labels):
		return refused("its host must be a name in ASCII; write an internationalised one as xn--…")
	}
	return nil
}

func refused(why string) error {
	return kernel.Refuse(AddressRefused, "WebhookUrl cannot be used: %s.", why)
}

// local are the ends of names that never stand for a public address (RFC 6761, 6762, 8375), or that networks and clusters use among
// themselves, clouds' metadata included.
var local = []string{
	"localhost", "local", "localdomain", "internal", "intranet", "private", "corp", "home", "lan", "svc", "cluster", "consul", "invalid", "home.arpa", "in-addr.arpa",
	"ip6.arpa", "onion",
}

func isLocal(name string) bool {
	for _, end := range local {
		if name == end || strings.HasSuffix(name, "."+end) {
			return true
		}
	}
	return false
}

// endsInNumber tells of hosts that some programs read as an address of version 4: 0x7f.1, 2130706433.
func endsInNumber(label string) bool {
	if _, err := strconv.ParseUint(label, 0, 64); err == nil {
		return true
	}
	return label != "" && strings.Trim(label, "0123456789") == ""
}

func isHostName(labels []string) bool {
	for _, label := range labels {
		if label == "" || len(label) > 63 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") ||
			strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}
