package webhook

import (
	"encoding/binary"
	"net/netip"
)

// Networks are the networks that may be called although they are not the public internet, at any port: a deployment's own receivers. The
// zero value allows none.
type Networks []netip.Prefix

// AllowsAt tells whether that port of the address may be called: any of the networks, and elsewhere those that Allows and where no
// service is that could take an event for something else.
func (n Networks) AllowsAt(at netip.AddrPort) bool {
	return n.Allows(at.Addr()) && (callable(at.Port()) || n.contains(at.Addr().Unmap()))
}

// Allows tells whether the address may be called. Only public unicast addresses may, and those of the networks: an endpoint must not
// reach what only this machine or its surroundings can. Addresses that carry another one inside are judged by that one, too.
func (n Networks) Allows(address netip.Addr) bool {
	if address.Zone() != "" {
		return false
	}
	address = address.Unmap()
	if n.contains(address) {
		return true
	}
	if !isPublic(address) {
		return false
	}
	inside, carries := carried(address)
	return !carries || isPublic(inside) || n.contains(inside)
}

func (n Networks) contains(address netip.Addr) bool {
	for _, network := range n {
		if network.Contains(address) {
			return true
		}
	}
	return false
}

// notPublic are the ranges of the special-purpose registries, and one address of a cloud's own services among the public ones.
var notPublic = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24",
	"192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"168.63.129.16/32", // the services of a cloud that every machine in it can reach
	"2001::/23",        // protocol assignments, Teredo among them
	"2001:db8::/32", "2620:4f:8000::/48", "3fff::/20",
)

var (
	unicast6   = netip.MustParsePrefix("2000::/3") // all that is routed of version 6, besides
	translated = netip.MustParsePrefix("64:ff9b::/96")
	sixToFour  = netip.MustParsePrefix("2002::/16")
)

func isPublic(address netip.Addr) bool {
	if !address.IsValid() || address.Is6() && !unicast6.Contains(address) && !translated.Contains(address) {
		return false
	}
	for _, prefix := range notPublic {
		if prefix.Contains(address) {
			return false
		}
	}
	return true
}

// carried is the address of version 4 that packets to this one of version 6 end at: of NAT64, 6to4 and ISATAP.
func carried(address netip.Addr) (netip.Addr, bool) {
	if !address.Is6() {
		return netip.Addr{}, false
	}
	bytes := address.As16()
	switch isatap := binary.BigEndian.Uint32(bytes[8:12]) &^ 0x02000000; {
	case translated.Contains(address), isatap == 0x00005efe:
		return netip.AddrFrom4([4]byte(bytes[12:16])), true
	case sixToFour.Contains(address):
		return netip.AddrFrom4([4]byte(bytes[2:6])), true
	}
	return netip.Addr{}, false
}

func prefixes(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		all[i] = netip.MustParsePrefix(text)
	}
	return all
}
