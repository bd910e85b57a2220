package courier_test

import (
	"context"
	"encoding/binary"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/webhook"
	"handover/internal/webhook/courier"
)

// directory is a server of names: each stands for the first of its addresses when it is asked for the first time, and so on until the
// last, where it stays.
type directory struct {
	lock      sync.Mutex
	addresses map[string][]netip.Addr
}

// resolver asks the directory, over a connection of its own.
func (d *directory) resolver(t *testing.T) *net.Resolver {
	t.Helper()
	socket, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = socket.Close() })
	go func() {
		question := make([]byte, 512)
		for {
			n, from, err := socket.ReadFrom(question)
			if err != nil {
				return
			}
			_, _ = socket.WriteTo(d.answer(question[:n]), from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", socket.LocalAddr().String())
	}}
}

const (
	headOfQuestion = 12
	typeA          = 1
	typeAAAA       = 28
)

// answer is that of RFC 1035 to a question with one name.
func (d *directory) answer(question []byte) []byte {
	name, at := "", headOfQuestion
	for question[at] != 0 {
		name += string(question[at+1:at+1+int(question[at])]) + "."
		at += 1 + int(question[at])
	}
	kind := binary.BigEndian.Uint16(question[at+1:])
	address, known := d.next(name, kind)
	answer := append([]byte{}, question[:at+5]...)
	copy(answer[2:headOfQuestion], []byte{0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0})
	switch {
	case !known:
		answer[3] |= 3 // there is no such name
	case address.IsValid():
		answer[7] = 1
		answer = append(answer, 0xc0, headOfQuestion, 0, byte(kind), 0, 1, 0, 0, 0, 0, 0, byte(address.BitLen()/8))
		answer = append(answer, address.AsSlice()...)
	}
	return answer
}

func (d *directory) next(name string, kind uint16) (netip.Addr, bool) {
	d.lock.Lock()
	defer d.lock.Unlock()
	all, known := d.addresses[name]
	if !known || len(all) == 0 {
		return netip.Addr{}, known
	}
	if all[0].Is4() != (kind == typeA) || all[0].Is6() != (kind == typeAAAA) {
		return netip.Addr{}, true
	}
	if len(all) > 1 {
		d.addresses[name] = all[1:]
	}
	return all[0], true
}

func addresses(texts ...string) []netip.Addr {
	all := make([]netip.Addr, len(texts))
	for i, text := range texts {
		all[i] = netip.MustParseAddr(text)
	}
	return all
}

// a name that stood for an allowed address when it was called, and for another one later, is judged by each. Nobody is at the
// other one but who hears nothing.
func TestANameThatChangesItsAddress(t *testing.T) {
	t.Parallel()
	inside, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.2:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(inside.Addr().String())
	require.NoError(t, err)
	outside, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:"+port)
	require.NoError(t, err)
	var heard [2]atomic.Int64
	for i, listener := range []net.Listener{outside, inside} {
		server := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			heard[i].Add(1)
			w.Header().Set("Connection", "close")
		})}
		t.Cleanup(func() { _ = server.Close() })
		go func() { _ = server.Serve(listener) }()
	}
	names := &directory{addresses: map[string][]netip.Addr{"hooks.example.": addresses("127.0.0.1", "127.0.0.2")}}
	s := courier.Settings{Networks: webhook.Networks{netip.MustParsePrefix("127.0.0.1/32")}, Resolver: names.resolver(t), Bases: bases, Signer: always(signer(t))}
	all := courier.New(s)
	r := webhook.Registration{URL: "http://hooks.example:" + port, Format: webhook.PartnerCenter}
	for _, delivered := range []bool{true, false, false} {
		answer, err := all.Bring(t.Context(), r, happened)
		require.NoError(t, err)
		assert.Equal(t, delivered, answer.Delivered(), answer.Fault)
	}
	assert.Equal(t, int64(1), heard[0].Load())
	assert.Zero(t, heard[1].Load())
}

// Whoever registers names learns from the log of deliveries nothing of which of them are known inside, and what they stand for.
func TestNamesThatAreKnownInsideLookUnknown(t *testing.T) {
	t.Parallel()
	names := &directory{addresses: map[string][]netip.Addr{
		"private.example.": addresses("10.0.0.1"), "metadata.example.": addresses("169.254.169.254"), "here.example.": addresses("127.0.0.1"), "nothing.example.": nil,
		"mapped.example.": addresses("::ffff:10.0.0.1"), "nat64.example.": addresses("64:ff9b::a00:1"), "6to4.example.": addresses("2002:a00:1::1"), "ula.example.": addresses("fd00::1"),
	}}
	s := courier.Settings{Resolver: names.resolver(t)}
	unknown := brings(t, s, webhook.Registration{URL: "https://unknown.example"})
	assert.Contains(t, unknown.Fault, "not known, or not one of the public internet")
	assert.Zero(t, unknown.Took, "the time would tell")
	for name := range names.addresses {
		for _, port := range []string{"", "443", "8443", "25"} {
			answer := brings(t, s, webhook.Registration{URL: "https://" + net.JoinHostPort(name[:len(name)-1], port)})
			assert.Equal(t, unknown, answer, name)
		}
	}
}

// A server of names that says nothing holds nobody, either.
func TestANameServerWithoutAWord(t *testing.T) {
	t.Parallel()
	silent, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	s := courier.Settings{Timeout: 200 * time.Millisecond, Resolver: &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", silent.LocalAddr().String())
	}}}
	answer, err := ended(t.Context(), t, s, webhook.Registration{URL: "https://hooks.example"})
	require.NoError(t, err)
	assert.Contains(t, answer.Fault, "in time")
}
