// Package payloads encrypts what workflows are given, return and are told, before it leaves for Temporal: its server, its
// database, its backups and its Web UI then hold nothing that can be read without a key. Search attributes are not payloads of
// this kind: Temporal finds runs by them, so they stay plain, and they hold ids and states only.
//
//	keys.go       which keys there are, and which one encrypts
//	codec.go      one payload, encrypted and decrypted
//	converter.go  what a client, a worker and a replayer are given
//	failure.go    what cannot be decrypted
package payloads

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Keys are the keys of a deployment by their ids. Without any, as the zero value, nothing is encrypted. They never change once
// they are parsed, so that any number of goroutines may use them.
type Keys struct {
	current string // the id of the one that encrypts; empty when none does
	ciphers map[string]cipher.AEAD
}

// keyBytes is the size of a key: AES-256.
const keyBytes = 32

// off stands before keys that only decrypt, while encryption is being switched on or off.
const off = "off"

var keyID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// ParseKeys reads keys as "id:base64,id2:base64". The first one encrypts, all of them decrypt; after a leading "off" all of them
// only decrypt. The error is one sentence about what to correct, without anything of a key.
func ParseKeys(text string) (Keys, error) {
	entries := strings.Split(text, ",")
	encrypts := strings.TrimSpace(entries[0]) != off
	if !encrypts {
		entries = entries[1:]
	}
	if len(entries) == 0 {
		return Keys{}, errors.New("after off there must be the keys that go on decrypting; without any, leave the setting out")
	}
	k := Keys{ciphers: make(map[string]cipher.AEAD, len(entries))}
	for i, entry := range entries {
		id, secret, _ := strings.Cut(strings.TrimSpace(entry), ":")
		if !keyID.MatchString(id) || id == off {
			return Keys{}, fmt.Errorf("key %d must be id:base64, with an id of 1 to 64 letters, digits, dots, dashes and underscores other than off", i+1)
		}
		if _, twice := k.ciphers[id]; twice {
			return Keys{}, fmt.Errorf("the key id %s is there twice; every key needs an id of its own", id)
		}
		opened, err := open(secret)
		if err != nil {
			return Keys{}, fmt.Errorf("the key %s must be 32 random bytes in base64, as from: openssl rand -base64 32", id)
		}
		k.ciphers[id] = opened
		if encrypts && i == 0 {
			k.current = id
		}
	}
	return k, nil
}

// open makes the cipher of a key. Its nonces are random; the key must be changed long before it encrypts 2^32 payloads.
func open(secret string) (cipher.AEAD, error) {
	key, err := base64.StdEncoding.DecodeString(secret)
	if err != nil {
		return nil, err
	}
	if len(key) != keyBytes {
		return nil, fmt.Errorf("%d bytes instead of %d", len(key), keyBytes)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// UnmarshalText is ParseKeys, for settings.
func (k *Keys) UnmarshalText(text []byte) error {
	parsed, err := ParseKeys(string(text))
	*k = parsed
	return err
}

// Any tells whether there is a key at all.
func (k Keys) Any() bool { return len(k.ciphers) > 0 }

// Encrypts tells whether payloads are encrypted from now on.
func (k Keys) Encrypts() bool { return k.current != "" }

// String names the keys by their ids, so that no log can show more of them.
func (k Keys) String() string {
	current := k.current
	if current == "" {
		current = off
	}
	return fmt.Sprintf("encrypts: %s, decrypts: %s", current, strings.Join(slices.Sorted(maps.Keys(k.ciphers)), " "))
}

// GoString is String: no verb of a format shows a key.
func (k Keys) GoString() string { return k.String() }
