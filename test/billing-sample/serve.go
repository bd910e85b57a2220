package main

// The serve command: the billing system, until it is told to stop. It may be killed at any moment.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
)

// options are the flags of serve.
type options struct {
	listen        string
	data          string
	token         string
	takes         time.Duration
	callback      string
	callbackToken string
}

func serveCommand() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Be a billing system",
		Long:  "Be a billing system that keeps docs/billing-http.md. Its moves stand in one SQLite file.",
		Example: "  billing-sample serve --data moves.db --token sesame\n" +
			"  billing-sample serve --data moves.db --token sesame --takes 25s --callback http://127.0.0.1:9100 --callback-token ring",
		Args: cobra.NoArgs,
	}
	flags := cmd.Flags()
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8090", "host:port, port 0 for any free one")
	flags.StringVar(&o.data, "data", "", "file that keeps the moves")
	flags.StringVar(&o.token, "token", "", "bearer token that Handover must send")
	flags.DurationVar(&o.takes, "takes", 0, "how long a move takes: it is accepted with 202 first; 0 answers at once")
	flags.StringVar(&o.callback, "callback", "", "where Handover wants to hear of what is done (default: nowhere)")
	flags.StringVar(&o.callbackToken, "callback-token", "", "bearer token for that")
	mandatory(cmd, "data", "token")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return serve(cmd.Context(), o, cmd.OutOrStdout(), cmd.ErrOrStderr())
	}
	return cmd
}

// serve runs until the context ends or a part of it fails.
func serve(ctx context.Context, o options, out, complaints io.Writer) (err error) {
	if o.token == "" || o.takes < 0 {
		return &usageError{errors.New("--token must not be empty, and --takes not negative")}
	}
	moves, err := openBook(ctx, o.data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, moves.close()) }()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.listen)
	if err != nil {
		return fmt.Errorf("--listen cannot be used: %w", err)
	}
	if _, err := fmt.Fprintf(out, "The billing system answers at http://%s\n", listener.Addr()); err != nil {
		return err
	}
	s := &system{options: o, moves: moves, now: time.Now, log: log.New(complaints, "", log.LstdFlags)}
	parts, ctx := errgroup.WithContext(ctx)
	parts.Go(func() error { return answer(ctx, listener, s.door()) })
	parts.Go(func() error { return s.every(ctx, lookEvery, s.finish) })
	parts.Go(func() error { return s.every(ctx, lookEvery, s.callBack) })
	return parts.Wait()
}

// answer serves HTTP until the context ends, and lets requests end that are under way. No client can hold a connection for
// good.
func answer(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler: handler, MaxHeaderBytes: 16 << 10, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute,
	}
	ended := make(chan error, 1)
	release := context.AfterFunc(ctx, func() {
		patience, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		ended <- server.Shutdown(patience)
	})
	defer release()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-ended
}
