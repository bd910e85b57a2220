package devissuer

import (
	"net/http"
	"strconv"
	"time"
)

// tokenAnswerV1 is the answer of the token endpoint of version 1, which writes its numbers as text.
type tokenAnswerV1 struct {
	TokenType    string `json:"token_type"`
	ExpiresIn    string `json:"expires_in"` // seconds
	ExtExpiresIn string `json:"ext_expires_in"`
	ExpiresOn    string `json:"expires_on"` // seconds since 1970
	NotBefore    string `json:"not_before"`
	Resource     string `json:"resource"`
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token,omitempty"`
}

// answerTokenV1 gives the same token to clients that were written for version 1.
func (i *Issuer) answerTokenV1(w http.ResponseWriter, r *http.Request) (any, error) {
	now := i.settings.Now()
	given, err := i.grantToken(w, r)
	if err != nil {
		return nil, err
	}
	left := strconv.Itoa(given.ExpiresIn)
	answer := tokenAnswerV1{
		TokenType: given.TokenType, ExpiresIn: left, ExtExpiresIn: left, Resource: i.settings.Audience,
		ExpiresOn: inSeconds(now.Add(time.Duration(given.ExpiresIn) * time.Second)), NotBefore: inSeconds(now),
		AccessToken: given.AccessToken, RefreshToken: given.RefreshToken,
	}
	if resource := r.PostForm.Get("resource"); resource != "" {
		answer.Resource = resource
	}
	return answer, nil
}

func inSeconds(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }
