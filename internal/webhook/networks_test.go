package webhook_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"

	"handover/internal/webhook"
)

// Nothing that only this machine or its surroundings can reach is called, however the address is written.
func TestOnlyPublicAddressesAreCalled(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"8.8.8.8", "1.1.1.1", "52.96.0.1", "100.63.255.255", "100.128.0.0", "172.15.0.1", "172.32.0.1", "192.167.1.1", "198.20.0.1",
		"2606:4700:4700::1111", "2a00:1450::1", "64:ff9b::808:808", "2002:808:808::1", "::ffff:8.8.8.8",
	} {
		assert.True(t, webhook.Networks{}.Allows(netip.MustParseAddr(address)), address)
	}
	for name, addresses := range map[string][]string{
		"this machine":       {"127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "::1", "::"},
		"private":            {"10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1", "fd00:ec2::254", "fec0::1"},
		"link":               {"169.254.1.1", "fe80::1", "fe80::1%eth0", "ff02::1", "224.0.0.1", "255.255.255.255"},
		"carrier":            {"100.64.0.1", "100.127.255.255"},
		"metadata":           {"169.254.169.254", "100.100.100.200", "192.0.0.192", "168.63.129.16"},
		"mapped":             {"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1"},
		"6to4":               {"2002:7f00:1::1", "2002:a00:1::1", "2002:a9fe:a9fe::1", "2002:c0a8:101::1"},
		"NAT64":              {"64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1"},
		"Teredo":             {"2001:0:4136:e378:8000:63bf:3fff:fdd2"},
		"ISATAP":             {"2a00:1450::5efe:a00:1", "2a00:1450::200:5efe:7f00:1"},
		"for documents":      {"192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"},
		"for benchmarks":     {"198.18.0.1", "198.19.255.255"},
		"not given out":      {"240.0.0.1", "4000::1", "100::1", "5f00::1"},
		"a zone of anything": {"2606:4700:4700::1111%1"},
	} {
		for _, address := range addresses {
			assert.False(t, webhook.Networks{}.Allows(netip.MustParseAddr(address)), "%s: %s", name, address)
		}
	}
	assert.False(t, webhook.Networks{}.Allows(netip.Addr{}))
}

// A deployment's own networks are called, by themselves and inside other addresses, and no others.
func TestNetworksThatAreAllowed(t *testing.T) {
	t.Parallel()
	own := webhook.Networks{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("::1/128")}
	for address, allowed := range map[string]bool{
		"10.1.2.3": true, "::ffff:10.1.2.3": true, "::1": true, "64:ff9b::a01:203": true, "2002:a01:203::1": true,
		"10.2.0.1": false, "127.0.0.1": false, "64:ff9b::a02:1": false, "8.8.8.8": true,
	} {
		assert.Equal(t, allowed, own.Allows(netip.MustParseAddr(address)), address)
	}
}

// an event is not sent where another service could take it for a command; only a deployment's own networks are called at any port.
func TestPortsThatAreCalled(t *testing.T) {
	t.Parallel()
	own := webhook.Networks{netip.MustParsePrefix("10.1.0.0/16")}
	for port, public := range map[uint16]bool{
		80: true, 443: true, 1024: true, 8080: true, 8443: true, 65535: true,
		0: false, 1: false, 22: false, 25: false, 53: false, 465: false, 587: false, 853: false, 993: false, 1023: false, 2375: false, 5432: false, 6379: false, 6667: false, 11211: false,
	} {
		assert.Equal(t, public, own.AllowsAt(netip.AddrPortFrom(netip.MustParseAddr("8.8.8.8"), port)), port)
		assert.True(t, own.AllowsAt(netip.AddrPortFrom(netip.MustParseAddr("10.1.2.3"), port)), port)
		assert.True(t, own.AllowsAt(netip.AddrPortFrom(netip.MustParseAddr("::ffff:10.1.2.3"), port)), port)
		assert.False(t, own.AllowsAt(netip.AddrPortFrom(netip.MustParseAddr("10.2.2.3"), port)), port)
	}
}
