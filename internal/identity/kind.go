package identity

import (
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// accessTypes are what the header of an access token says that says it is one (RFC 9068); anyTypes say no more than that it is a token.
var (
	accessTypes = []string{"at+jwt", "application/at+jwt"}
	anyTypes    = []string{"", "jwt", "application/jwt"}
)

// Issuers that write only "JWT" tell access tokens from ID tokens by what they claim.
var (
	claimsOfIDTokens     = []string{"nonce", "at_hash", "c_hash", "s_hash"}
	claimsOfAccessTokens = []string{"azp", "appid", "client_id", "cid", "scp", "scope", "idtyp"}
	kindsOfAccess        = []string{"bearer", "dpop"} // the claim "typ", where an issuer writes it
)

// checkKind refuses what is signed by the issuer and no access token: an ID token tells an application who signed in and opens nothing.
func (v *Verifier) checkKind(raw string, c claims) error {
	no := invalid("The token is not an access token.")
	signed, err := jose.ParseSignedCompact(raw, algorithms)
	if err != nil {
		return no
	}
	header, _ := signed.Signatures[0].Header.ExtraHeaders[jose.HeaderType].(string)
	header = strings.ToLower(header)
	if slices.Contains(accessTypes, header) {
		return nil
	}
	kind, told, err := c.text("typ")
	switch {
	case err != nil, !slices.Contains(anyTypes, header):
		return no
	case told && !slices.Contains(kindsOfAccess, strings.ToLower(kind)):
		return no
	case slices.ContainsFunc(claimsOfIDTokens, c.has):
		return no
	case !slices.ContainsFunc(append(slices.Clone(claimsOfAccessTokens), v.settings.ApplicationClaim), c.has):
		return no
	}
	return nil
}
