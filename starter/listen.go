package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"handover/internal/kernel"
	"handover/internal/webhook"
)

// listener receives what a partner is told, verifies it and prints it, one line for each attempt.
type listener struct {
	secret  webhook.Secret
	gateway string // whose certificates count
	status  int    // what it answers
	lock    sync.Mutex
	out     io.Writer
}

const (
	mostReceived  = webhook.MostBody
	receiveWithin = 15 * time.Second
)

func (c *cli) webhookListen() *cobra.Command {
	var at, secret string
	l := &listener{out: c.out}
	cmd := &cobra.Command{
		Use:   "listen",
		Short: "Receive webhooks on this machine, verify them and print them, until Ctrl-C",
		Long: "Receive webhooks on this machine, verify them as a receiver has to and print them, one line for each attempt, until Ctrl-C.\n" +
			"A registration with its address needs plain HTTP and this machine to be allowed, as they are in standalone.",
		Example: "  starter webhook listen --secret whsec_… &\n  starter webhook register --as PARTNER --url http://127.0.0.1:8099/ --format standard --new-secret",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().StringVar(&at, "listen", "127.0.0.1:8099", "host:port to listen on")
	cmd.Flags().StringVar(&secret, "secret", "", "the registration's secret: signatures of Standard Webhooks are verified by it")
	cmd.Flags().StringVar(&l.gateway, "gateway", standaloneAPI, "the gateway whose certificates count")
	cmd.Flags().IntVar(&l.status, "answer", http.StatusNoContent, "HTTP status to answer with, to see what becomes of failures")
	cmd.RunE = c.work(func(ctx context.Context) error {
		if secret != "" {
			var err error
			if l.secret, err = webhook.ReadSecret(secret); err != nil {
				return err
			}
		}
		if l.status < 200 || l.status > 599 {
			return &usageError{errors.New("--answer must be an HTTP status from 200 to 599")}
		}
		listening, err := (&net.ListenConfig{}).Listen(ctx, "tcp", at)
		if err != nil {
			return &usageError{fmt.Errorf("--listen cannot be used: %w", err)}
		}
		c.say("Listening on http://" + listening.Addr().String() + "/.")
		return l.serve(ctx, listening)
	})
	return cmd
}

func (l *listener) serve(ctx context.Context, on net.Listener) error {
	server := &http.Server{Handler: l, ReadTimeout: receiveWithin, WriteTimeout: 2 * receiveWithin}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(on); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// ServeHTTP receives one attempt.
func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostReceived))
	if err != nil {
		http.Error(w, "the body cannot be read", http.StatusRequestEntityTooLarge)
		return
	}
	line := fmt.Sprintf("%s  %s  %s  %s", kernel.Seconds(time.Now()), l.verdict(r, body), r.Header.Get(webhook.HeaderID), body)
	l.lock.Lock()
	fmt.Fprintln(l.out, kernel.Line(line))
	l.lock.Unlock()
	w.WriteHeader(l.status)
}

// verdict says what could be verified of an attempt, and what could not.
func (l *listener) verdict(r *http.Request, body []byte) string {
	var found []string
	if !l.secret.IsZero() {
		verified := webhook.VerifyStandard(l.secret, r.Header.Get(webhook.HeaderID), r.Header.Get(webhook.HeaderTimestamp),
			r.Header.Get(webhook.HeaderSignature), body, time.Now())
		found = append(found, map[bool]string{true: "signed by the secret", false: "NOT SIGNED BY THE SECRET"}[verified])
	}
	if r.Header.Get(webhook.HeaderCertificateURL) != "" {
		if err := l.certified(r, body); err != nil {
			found = append(found, "NOT SIGNED BY THE CERTIFICATE: "+err.Error())
		} else {
			found = append(found, "signed by the certificate")
		}
	}
	if len(found) == 0 {
		return "NOT VERIFIED"
	}
	return strings.Join(found, ", ")
}

// certified verifies the signature of the certificate, which has to be the gateway's: anybody could serve another one.
func (l *listener) certified(r *http.Request, body []byte) error {
	at := r.Header.Get(webhook.HeaderCertificateURL)
	if !strings.HasPrefix(at, strings.TrimSuffix(l.gateway, "/")+"/webhooks/v1/certificates/") {
		return errors.New("the certificate is not at the gateway")
	}
	token := r.Header.Get(webhook.HeaderMSSignature)
	if token == "" {
		token = r.Header.Get(webhook.HeaderAuthorization)
	}
	signature, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(token, "Signature "))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), receiveWithin)
	defer cancel()
	asked, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil) //nolint:gosec // it begins with the gateway's address
	if err != nil {
		return err
	}
	got, err := http.DefaultClient.Do(asked) //nolint:gosec // the same
	if err != nil {
		return err
	}
	defer func() { _ = got.Body.Close() }()
	certificate, err := io.ReadAll(io.LimitReader(got.Body, mostReceived))
	if err != nil {
		return err
	}
	return webhook.Verify(certificate, body, signature)
}
