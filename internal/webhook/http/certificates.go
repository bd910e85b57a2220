package webhookhttp

import (
	"context"
	"encoding/pem"
	"net/http"
	"reflect"
	"strings"

	"handover/internal/httpapi"
	"handover/internal/kernel"
	"handover/internal/webhook"
)

// certificateType is that of one certificate in DER, and chainType of several in PEM (RFC 8555).
const (
	certificateType = "application/pkix-cert"
	chainType       = "application/pem-certificate-chain"
)

func (s *Service) registerCertificates(a *httpapi.API) {
	httpapi.RegisterOpen(a, httpapi.Route{
		ID: "getWebhookCertificate", Method: http.MethodGet, Path: "/webhooks/v1/certificates/{certificate}", Tag: tag, Extension: true,
		Summary: "The certificate of a signature", Description: "As X-MS-Certificate-Url of a delivery names it (R-221). With .pem instead of .cer, those that vouch for it " +
			"follow it, each for the one before. Everybody may read it; keep it, because it never changes.",
		Causes: []kernel.Cause{webhook.DeliveryUnknown},
		Forms: []httpapi.Form{
			{Status: http.StatusOK, Kind: certificateType, Body: reflect.TypeFor[string](), Description: "DER, or several in PEM"},
			{Status: http.StatusOK, Kind: chainType, Body: reflect.TypeFor[string]()},
		},
	}, s.getCertificate)
}

type certificate struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (s *Service) getCertificate(ctx context.Context, in *struct {
	Certificate string `path:"certificate" doc:"Its SHA-256 in hexadecimal, and .cer or .pem." example:"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.cer"`
}) (*certificate, error) {
	id, all := strings.CutSuffix(in.Certificate, ".pem")
	chain, err := s.records.WebhookCertificate(ctx, strings.TrimSuffix(id, ".cer"))
	if err != nil {
		return nil, err
	}
	if !all {
		return &certificate{certificateType, chain[0]}, nil
	}
	var text []byte
	for _, der := range chain {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return &certificate{chainType, text}, nil
}
