package courier

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"time"

	"handover/internal/webhook"
)

// nobody is said of every name behind which nothing may be called, whether it is known or not: whoever registers names must not learn from
// it which of them exist where this program runs.
const nobody = "Behind the name is no address that may be called: it is not known, or not one of the public internet."

const broken = "The connection broke, or what came was no HTTP."

// fault says in our own words why there was no answer: what a library says may hold anything that an endpoint wrote.
func fault(err error) string {
	var refused *refusedError
	var name *net.DNSError
	var network net.Error
	var record tls.RecordHeaderError
	var agreed *handshakeError
	var call *net.OpError
	switch {
	case errors.As(err, &refused), errors.As(err, &name):
		return nobody
	case errors.As(err, &network) && network.Timeout():
		return "There was no answer in time."
	case errors.As(err, &record):
		return "The endpoint does not speak HTTPS."
	case errors.As(err, &agreed):
		return agreed.fault()
	case errors.As(err, &call) && call.Op == "dial":
		return "No connection could be made."
	}
	return broken
}

// unanswered is an attempt without an answer. How long it took to look a name up would tell of it what nobody says.
func unanswered(fault string, took time.Duration) webhook.Answer {
	if fault == nobody {
		took = 0
	}
	return webhook.Answer{Fault: fault, Took: took}
}

// handshakeError is that TLS was not agreed on.
type handshakeError struct{ error }

func (e *handshakeError) Unwrap() error { return e.error }

func (e *handshakeError) fault() string {
	var certificate *tls.CertificateVerificationError
	var host x509.HostnameError
	var issuer x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	switch {
	case !errors.As(e.error, &certificate):
		return "TLS could not be agreed on: it must be version 1.2 or a newer one, for HTTP/1.1."
	case errors.As(e.error, &host):
		return "The endpoint's certificate is not one for its name."
	case errors.As(e.error, &issuer):
		return "The endpoint's certificate comes from nobody who is trusted here."
	case errors.As(e.error, &invalid) && invalid.Reason == x509.Expired:
		return "The endpoint's certificate has expired, or is not valid yet."
	}
	return "The endpoint's certificate is not valid."
}
