package httpserver

import "time"

// Bounds limit what clients can hold of a program. A connection above Connections waits unanswered until another one ends,
// so it is the times, not the number, that keep bad clients from locking out good ones.
type Bounds struct {
	Header time.Duration // from the connection, or a request's first byte, to the end of its headers; a TLS handshake, too
	Read   time.Duration // the same to the end of its body
	Write  time.Duration // from the end of the headers to the end of the answer
	Idle   time.Duration // between an answer and the next request
	Drain  time.Duration // what running requests get when the server ends

	HeaderBytes int
	Connections int
}

// ForAPI are the bounds of the HTTP API: bodies of 4 MB over slow lines, long answers, many clients.
func ForAPI() Bounds {
	return Bounds{
		Header: 10 * time.Second, Read: time.Minute, Write: 2 * time.Minute, Idle: 2 * time.Minute, Drain: 20 * time.Second,
		HeaderBytes: 32 << 10, Connections: 10_000,
	}
}

// ForWorker are the bounds of a worker's ports, where few programs say little.
func ForWorker() Bounds {
	return Bounds{
		Header: 5 * time.Second, Read: 10 * time.Second, Write: 30 * time.Second, Idle: 30 * time.Second, Drain: 5 * time.Second,
		HeaderBytes: 16 << 10, Connections: 512,
	}
}
