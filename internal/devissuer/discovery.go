package devissuer

import (
	"net/http"

	"github.com/go-jose/go-jose/v4"
)

// anyTenant asks for what holds for every tenant.
const anyTenant = "organizations"

// discovery is the OIDC discovery document, as far as there is something to say.
type discovery struct {
	Issuer        string   `json:"issuer"`
	TokenEndpoint string   `json:"token_endpoint"`
	KeysURL       string   `json:"jwks_uri"`
	GrantTypes    []string `json:"grant_types_supported"`
	ClientAuth    []string `json:"token_endpoint_auth_methods_supported"`
	ResponseTypes []string `json:"response_types_supported"`
	SubjectTypes  []string `json:"subject_types_supported"`
	Algorithms    []string `json:"id_token_signing_alg_values_supported"`
}

// answerDiscovery names the issuer of a tenant, or the template of them all.
func (i *Issuer) answerDiscovery(_ http.ResponseWriter, r *http.Request) (any, error) {
	tenant, err := i.anyOrOne(r)
	if err != nil {
		return nil, err
	}
	issuer := i.settings.issuer(tenant)
	if tenant == anyTenant {
		issuer = i.IssuerURL()
	}
	at := i.settings.BaseURL + "/" + tenant
	return discovery{
		Issuer: issuer, TokenEndpoint: at + "/oauth2/v2.0/token", KeysURL: at + "/discovery/v2.0/keys",
		GrantTypes:    []string{grantCredentials, grantRefresh},
		ClientAuth:    []string{"client_secret_post", "client_secret_basic"},
		ResponseTypes: []string{"token"}, SubjectTypes: []string{"public"},
		Algorithms: []string{i.public.Algorithm},
	}, nil
}

// answerKeys gives the public key; every tenant has the same.
func (i *Issuer) answerKeys(_ http.ResponseWriter, r *http.Request) (any, error) {
	if _, err := i.anyOrOne(r); err != nil {
		return nil, err
	}
	return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{i.public}}, nil
}

// anyOrOne is the tenant of the path, or anyTenant.
func (i *Issuer) anyOrOne(r *http.Request) (string, error) {
	if r.PathValue("tenant") == anyTenant {
		return anyTenant, nil
	}
	return i.tenant(r)
}
