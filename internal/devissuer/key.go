package devissuer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/go-jose/go-jose/v4"

	"handover/internal/private"
)

// minRSA is what go-jose and every verifier ask of an RSA key, in bits.
const minRSA = 2048

// loadKey reads the key of the file, which it closes to other users, or creates one there, so that tokens outlive a restart.
func loadKey(path string) (jose.JSONWebKey, error) {
	err := private.Tighten(path)
	var content []byte
	if err == nil {
		content, err = os.ReadFile(filepath.Clean(path))
	}
	if errors.Is(err, fs.ErrNotExist) {
		content, err = createKey(path)
	}
	if err != nil {
		return jose.JSONWebKey{}, fmt.Errorf("the development issuer's key cannot be kept in a file: %w", err)
	}
	key, err := parseKey(content)
	if err != nil {
		return jose.JSONWebKey{}, fmt.Errorf("the development issuer's key file %s cannot be used, remove it to get a new one: %w", path, err)
	}
	thumbprint, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return jose.JSONWebKey{}, fmt.Errorf("the development issuer's key has no thumbprint: %w", err)
	}
	key.KeyID, key.Use = base64.RawURLEncoding.EncodeToString(thumbprint), "sig"
	return key, nil
}

// createKey writes a new key into the file, all of it or nothing, and returns the content.
func createKey(path string) (content []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	content = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return nil, err
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return nil, errors.Join(err, os.Remove(file.Name()))
	}
	return content, nil
}

func parseKey(content []byte) (jose.JSONWebKey, error) {
	block, _ := pem.Decode(content)
	if block == nil {
		return jose.JSONWebKey{}, errors.New("it has no PEM block")
	}
	private, err := parseDER(block)
	if err != nil {
		return jose.JSONWebKey{}, err
	}
	switch k := private.(type) {
	case *ecdsa.PrivateKey:
		if k.Curve == elliptic.P256() {
			return jose.JSONWebKey{Key: k, Algorithm: string(jose.ES256)}, nil
		}
	case *rsa.PrivateKey:
		if k.N.BitLen() >= minRSA {
			return jose.JSONWebKey{Key: k, Algorithm: string(jose.RS256)}, nil
		}
	}
	return jose.JSONWebKey{}, fmt.Errorf("it must be a P-256 key, or an RSA key of %d bits or more", minRSA)
}

func parseDER(block *pem.Block) (any, error) {
	switch block.Type {
	case "RSA PRIVATE KEY":
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		return x509.ParseECPrivateKey(block.Bytes)
	default:
		return x509.ParsePKCS8PrivateKey(block.Bytes)
	}
}

func newSigner(key jose.JSONWebKey, tokenType jose.ContentType) (jose.Signer, error) {
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.SignatureAlgorithm(key.Algorithm), Key: key},
		(&jose.SignerOptions{}).WithType(tokenType))
	if err != nil {
		return nil, fmt.Errorf("the development issuer's key cannot sign: %w", err)
	}
	return signer, nil
}
