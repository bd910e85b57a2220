package platform

import (
	"net/http"
	"strings"

	"handover/internal/codecserver"
)

// codecEndpoint is where the Web UI has payloads decrypted: here, when there are keys and nobody but this machine is served, with
// tokens for whoever asks. Empty otherwise: with a real issuer, or named operators, the gateway's rules hold, and the Web UI of
// standalone has no token to show.
func (p *Platform) codecEndpoint() string {
	s := p.Settings
	if !p.options.UI || !p.options.HTTP || !s.Payloads.EncryptionKeys.Any() || s.Auth.Issuer != "" || s.Codec.Tenant != "" {
		return ""
	}
	return p.API + codecserver.Prefix
}

// serveCodec decrypts payloads for the Web UI, under both names of this machine that a browser may know it by.
func (p *Platform) serveCodec(mux *http.ServeMux) {
	ui := p.Engine.UIAddress()
	codecserver.Register(mux, codecserver.Options{
		Codec: p.Settings.Payloads.EncryptionKeys.Codec(), Access: codecserver.ThisMachine, Encode: true,
		Origins: []string{ui, strings.Replace(ui, "127.0.0.1", "localhost", 1)},
	})
}
