package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"handover/internal/devissuer"
	"handover/internal/identity"
	"handover/internal/kernel"
	"handover/internal/programme"
)

const (
	standaloneAPI   = "http://127.0.0.1:8080"
	maxTokenAnswer  = 1 << 20 // bytes
	applicationName = "starter"
)

// tokenRequest is for whom a token is asked, and where.
type tokenRequest struct {
	api     string
	partner string
	user    string
	roles   []string
}

func (c *cli) tokenCommand() *cobra.Command {
	var q tokenRequest
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Get a bearer token for the HTTP API of standalone, for development",
		Long: "Get a bearer token for the HTTP API of standalone, for development: its own issuer gives one for any\n" +
			"partner or customer of the ledger. Other deployments take the tokens of their identity provider.",
		Example: "  TOKEN=$(starter token --partner aaaaaaaa-0000-4000-8000-000000000002)\n" +
			"  starter token --partner aaaaaaaa-0000-4000-8000-000000000001 --role SalesAgent --user eeeeeeee-0000-4000-8000-000000000101 -o json",
		Args: nothing,
	}
	cmd.Flags().StringVar(&q.partner, "partner", "", "Microsoft ID of the partner, or customer, that the token is for")
	cmd.Flags().StringArrayVar(&q.roles, "role", []string{string(identity.AdminAgent)}, "role in that tenant; may be repeated")
	cmd.Flags().StringVar(&q.user, "user", "", "the user who acts, by Microsoft ID (default: an application acts)")
	cmd.Flags().StringVar(&q.api, "api", standaloneAPI, "address of the HTTP API")
	complete(cmd, "role", identity.Roles()...)
	mandatory(cmd, "partner")
	cmd.RunE = c.work(func(ctx context.Context) error {
		if err := q.check(); err != nil {
			return &usageError{err}
		}
		return c.token(ctx, q)
	})
	return cmd
}

// check finds what is wrong before anything is sent.
func (q tokenRequest) check() error {
	if _, err := kernel.ParseID("--partner", q.partner); err != nil {
		return err
	}
	for _, name := range q.roles {
		if _, ok := identity.ParseRole(name); !ok {
			return fmt.Errorf("--role must be one of %v, not %q", identity.Roles(), name)
		}
	}
	if q.user != "" {
		if _, err := kernel.ParseID("--user", q.user); err != nil {
			return err
		}
	}
	at, err := url.Parse(q.api)
	if err != nil || (at.Scheme != "http" && at.Scheme != "https") || at.Host == "" || at.User != nil || at.RawQuery != "" || at.Fragment != "" {
		return fmt.Errorf("--api must be an address like %s and nothing more", standaloneAPI)
	}
	return nil
}

// token prints the access token alone, on one line, for a shell to catch; as JSON, the issuer's whole answer.
func (c *cli) token(ctx context.Context, q tokenRequest) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	answer, err := q.send(ctx)
	if err != nil {
		return err
	}
	var found struct {
		AccessToken string `json:"access_token"`
	}
	if json.Unmarshal(answer, &found) != nil || !bearer(found.AccessToken) {
		return fmt.Errorf("%s answered with something else than a token; is it the HTTP API of standalone?", q.api)
	}
	if c.output == outputJSON {
		return c.printJSON(json.RawMessage(answer))
	}
	_, err = fmt.Fprintln(c.out, found.AccessToken)
	return err
}

// bearer tells whether the text can be a bearer token (RFC 6750, section 2.1), which no shell takes for anything else.
func bearer(text string) bool {
	const marks = "-._~+/="
	odd := func(r rune) bool {
		letter := (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z') || (r >= '0' && r <= '9')
		return !letter && !strings.ContainsRune(marks, r)
	}
	return text != "" && !strings.ContainsFunc(text, odd)
}

// send asks the development issuer and returns its answer. Errors: *unreachableError when there is none, *kernel.Refusal
// for a tenant it does not know.
func (q tokenRequest) send(ctx context.Context) ([]byte, error) {
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {applicationName}, "client_secret": {devissuer.ClientSecret}, "role": q.roles,
	}
	if q.user != "" {
		form.Set("user", q.user)
	}
	at := strings.TrimRight(q.api, "/") + "/" + q.partner + "/oauth2/v2.0/token"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, at, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, &usageError{err}
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return nil, q.unreachable(err)
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, maxTokenAnswer))
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return nil, q.unreachable(err)
	}
	return content, q.refusal(response.StatusCode, content)
}

func (q tokenRequest) unreachable(cause error) error {
	return &unreachableError{fmt.Errorf("no HTTP API answers at %s; start standalone with --http-port, or name another with --api: %w", q.api, cause)}
}

// refusal is what an answer says against the request. The request is well-formed, so one that counts as invalid is for a
// tenant that is not known.
func (q tokenRequest) refusal(status int, content []byte) error {
	var no struct {
		Code        string `json:"error"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(content, &no) != nil {
		no.Code = ""
	}
	switch {
	case status == http.StatusOK:
		return nil
	case status == http.StatusBadRequest && no.Code == "invalid_request":
		return kernel.Refuse(programme.PartnerUnknown, "%s", no.Description)
	case status >= http.StatusInternalServerError, status == http.StatusTooManyRequests:
		return &unreachableError{fmt.Errorf("the HTTP API at %s cannot give a token now (%d), try again: %s", q.api, status, no.Description)}
	case no.Code != "":
		return fmt.Errorf("the HTTP API at %s gives no token (%d %s): %s", q.api, status, no.Code, no.Description)
	}
	return fmt.Errorf("%s gives no tokens (%d); only the HTTP API of standalone has an issuer of its own", q.api, status)
}
