package webhookhttp

import (
	"context"
	"net/http"
	"reflect"
	"strings"

	"handover/internal/httpapi"
	"handover/internal/kernel"
	"handover/internal/webhook"
)

const certificateType = "application/pkix-cert"

func (s *Service) registerCertificates(a *httpapi.API) {
	httpapi.RegisterOpen(a, httpapi.Route{
		ID: "getWebhookCertificate", Method: http.MethodGet, Path: "/webhooks/v1/certificates/{certificate}", Tag: tag, Extension: true,
		Summary: "The certificate of a signature", Description: "As X-MS-Certificate-Url of a delivery names it (R-221). Everybody may read it; keep it, because it never changes.",
		Causes: []kernel.Cause{webhook.DeliveryUnknown},
		Forms:  []httpapi.Form{{Status: http.StatusOK, Kind: certificateType, Body: reflect.TypeFor[string](), Description: "DER"}},
	}, s.getCertificate)
}

type certificate struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (s *Service) getCertificate(ctx context.Context, in *struct {
	Certificate string `path:"certificate" doc:"Its SHA-256 in hexadecimal, and .cer." example:"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.cer"`
}) (*certificate, error) {
	der, err := s.records.WebhookCertificate(ctx, strings.TrimSuffix(in.Certificate, ".cer"))
	return &certificate{certificateType, der}, err
}
