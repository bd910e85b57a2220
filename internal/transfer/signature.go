package transfer

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
)

// Signature shows that a command which came through Temporal was given by a program that has the deployment's key, and who ran it.
// Whoever may signal a run can write anything else into a signal.
type Signature struct {
	Operator string `json:"operator,omitempty"` // the system's user who ran the program
	MAC      string `json:"mac"`                // HMAC-SHA-256 of the rest of the message, in base64
}

// Signed is the message with a signature by the key: good for this command, to this transfer, under this request id.
func (m Message) Signed(key []byte, operator string) Message {
	s := Signature{Operator: operator}
	s.MAC = base64.StdEncoding.EncodeToString(m.mac(key, operator))
	return m.bearing(&s)
}

// SignedBy says who ran the program that signed the message with the key; it is false for a message that nobody signed with it.
func (m Message) SignedBy(key []byte) (operator string, ok bool) {
	s := m.signature()
	if s == nil || len(key) == 0 {
		return "", false
	}
	mac, err := base64.StdEncoding.DecodeString(s.MAC)
	return s.Operator, err == nil && hmac.Equal(mac, m.mac(key, s.Operator))
}

func (m Message) mac(key []byte, operator string) []byte {
	text, err := json.Marshal([]any{"command", operator, m.bearing(nil)})
	if err != nil {
		return nil // messages are plain structs; what cannot be written cannot have been received
	}
	h := hmac.New(sha256.New, key)
	_, _ = h.Write(text) // a hash takes all that is written
	return h.Sum(nil)
}

func (m Message) signature() *Signature {
	switch {
	case m.Request != nil:
		return m.Request.Signature
	case m.Approval != nil:
		return m.Approval.Signature
	case m.Decision != nil:
		return m.Decision.Signature
	}
	return nil
}

// bearing is the same message with another signature, or none.
func (m Message) bearing(s *Signature) Message {
	if m.Request != nil {
		r := *m.Request
		r.Signature, m.Request = s, &r
	}
	if m.Approval != nil {
		a := *m.Approval
		a.Signature, m.Approval = s, &a
	}
	if m.Decision != nil {
		d := *m.Decision
		d.Signature, m.Decision = s, &d
	}
	return m
}
