package courier_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/webhook"
	"handover/internal/webhook/courier"
)

// chest is where keys come from, on a clock of its own.
type chest struct {
	*courier.Keys
	lock      sync.Mutex
	now       time.Time
	next      *webhook.Signer
	broken    error // why there is no next
	away      error // why nothing can be published
	published []string
	warnings  []string
}

// made makes two keys for all tests that need another one.
var made = sync.OnceValues(func() (*webhook.Signer, error) { return webhook.SelfSigned(time.Now().Add(time.Minute)) })

func open(t *testing.T) (*chest, *webhook.Signer) {
	t.Helper()
	other, err := made()
	require.NoError(t, err)
	c := &chest{now: time.Now(), next: signer(t)}
	c.Keys, err = courier.NewKeys(courier.KeySettings{
		Next: func(*webhook.Signer, time.Time) (*webhook.Signer, error) { return c.next, c.broken },
		Publish: func(_ context.Context, der []byte, _ ...[]byte) error {
			c.lock.Lock()
			defer c.lock.Unlock()
			c.published = append(c.published, webhook.CertificateID(der))
			return c.away
		},
		Warn: func(why error) { c.warnings = append(c.warnings, why.Error()) },
		Now:  func() time.Time { return c.now },
	})
	require.NoError(t, err)
	return c, other
}

func (c *chest) signs(t *testing.T) string {
	t.Helper()
	s, err := c.Signer(t.Context())
	require.NoError(t, err)
	return s.ID()
}

// another certificate signs without a restart, and each is published before, and again every day that it is used.
func TestAnotherCertificateTakesOver(t *testing.T) {
	t.Parallel()
	c, other := open(t)
	first := c.next.ID()
	assert.Empty(t, c.published, "what signs nothing is not published")
	assert.Equal(t, first, c.signs(t))
	c.next = other
	assert.Equal(t, first, c.signs(t), "files are looked at once a minute")
	assert.Equal(t, []string{first}, c.published)
	c.now = c.now.Add(time.Minute)
	assert.Equal(t, other.ID(), c.signs(t))
	assert.Equal(t, []string{first, other.ID()}, c.published)
	c.now = c.now.Add(24 * time.Hour)
	assert.Equal(t, other.ID(), c.signs(t))
	assert.Equal(t, []string{first, other.ID(), other.ID()}, c.published)
	assert.Empty(t, c.warnings)
}

// A file that is half replaced changes nothing, and operators hear of it once an hour.
func TestACertificateThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	c, other := open(t)
	first := c.signs(t)
	c.broken = errors.New("no pair")
	for range 30 {
		c.now = c.now.Add(time.Minute)
		assert.Equal(t, first, c.signs(t))
	}
	require.Len(t, c.warnings, 1)
	assert.Contains(t, c.warnings[0], "no pair")
	c.broken, c.next, c.now = nil, other, c.now.Add(time.Minute)
	assert.Equal(t, other.ID(), c.signs(t))
}

// Nothing is signed with what receivers cannot have; what they have already is used while the ledger is away.
func TestNothingSignsUnpublished(t *testing.T) {
	t.Parallel()
	c, other := open(t)
	c.away = errors.New("the ledger is away")
	_, err := c.Signer(t.Context())
	require.ErrorIs(t, err, c.away)
	c.away = nil
	first := c.signs(t)
	c.away, c.now = errors.New("the ledger is away"), c.now.Add(25*time.Hour)
	assert.Equal(t, first, c.signs(t))
	assert.Equal(t, []string{"the ledger is away"}, c.warnings)
	c.next, c.now = other, c.now.Add(time.Minute)
	_, err = c.Signer(t.Context())
	require.ErrorIs(t, err, c.away)
}

// Operators hear of the end two weeks before; after it nothing is signed, until there is another.
func TestTheEndOfACertificate(t *testing.T) {
	t.Parallel()
	c, _ := open(t)
	day := 24 * time.Hour
	began := c.now
	c.now = began.Add(350 * day)
	c.signs(t)
	assert.Empty(t, c.warnings)
	c.now = began.Add(352 * day)
	c.signs(t)
	assert.Len(t, c.warnings, 1)
	c.now = began.Add(366 * day)
	_, err := c.Signer(t.Context())
	require.ErrorContains(t, err, "valid from")
	renewed, err := webhook.SelfSigned(c.now)
	require.NoError(t, err)
	c.next, c.now = renewed, c.now.Add(time.Minute)
	assert.Equal(t, renewed.ID(), c.signs(t))
}

// Many attempts at once publish a certificate once.
func TestKeysAreShared(t *testing.T) {
	t.Parallel()
	c, _ := open(t)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { _, _ = c.Signer(t.Context()) })
	}
	all.Wait()
	assert.Len(t, c.published, 1)
}

// Files that are replaced are taken without a restart, whole: with a certificate of one and a key of another the one before signs on.
func TestCertificatesInFiles(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	certificate, key := filepath.Join(folder, "certificate.pem"), filepath.Join(folder, "key.pem")
	now := time.Now()
	s := courier.KeySettings{
		Next: courier.InFiles(certificate, key), Publish: func(context.Context, []byte, ...[]byte) error { return nil }, Now: func() time.Time { return now },
	}
	_, err := courier.NewKeys(s)
	require.ErrorIs(t, err, os.ErrNotExist)
	var ids []string
	var files [][2][]byte
	for n := range 2 {
		id, public, private := asFiles(t, int64(n))
		ids, files = append(ids, id), append(files, [2][]byte{public, private})
	}
	write := func(path string, content []byte) { require.NoError(t, os.WriteFile(path, content, 0o600)) }
	write(certificate, files[0][0])
	write(key, files[0][1])
	keys, err := courier.NewKeys(s)
	require.NoError(t, err)
	signs := func() string {
		now = now.Add(time.Minute)
		signer, err := keys.Signer(t.Context())
		require.NoError(t, err)
		return signer.ID()
	}
	assert.Equal(t, ids[0], signs())
	write(certificate, files[1][0])
	assert.Equal(t, ids[0], signs(), "the key is still the other one's")
	require.NoError(t, os.Remove(key))
	assert.Equal(t, ids[0], signs(), "there is none")
	write(key, files[1][1])
	assert.Equal(t, ids[1], signs())
}

// asFiles is a certificate that is valid for an hour either way, and its key, as PEM.
func asFiles(t *testing.T, number int64) (id string, certificate, key []byte) {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(number), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	return webhook.CertificateID(der), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)})
}

// Without files a key is kept until a month before its end, and the next one signs while the one before still holds.
func TestSelfMadeCertificatesAreRenewedInTime(t *testing.T) {
	t.Parallel()
	now := time.Now()
	keys, err := courier.NewKeys(courier.KeySettings{
		Next: courier.SelfMade, Publish: func(context.Context, []byte, ...[]byte) error { return nil }, Now: func() time.Time { return now },
	})
	require.NoError(t, err)
	first, err := keys.Signer(t.Context())
	require.NoError(t, err)
	began, day := now, 24*time.Hour
	for _, after := range []struct {
		time.Duration
		same bool
	}{{0, true}, {334 * day, true}, {336 * day, false}} {
		now = began.Add(after.Duration)
		s, err := keys.Signer(t.Context())
		require.NoError(t, err)
		assert.Equal(t, after.same, s.ID() == first.ID(), after.Duration)
	}
	require.NoError(t, first.Valid(now.Add(20*24*time.Hour)))
}
