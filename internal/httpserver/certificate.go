package httpserver

import "crypto/tls"

// Certificate reads a certificate and its key from files in PEM. Without files it is nil, for plain HTTP.
func Certificate(certificate, key string) (*tls.Config, error) {
	if certificate == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}
