// Where the services listen. Everything is on loopback; only the frontend and the Web UI have ports that anyone but the
// server itself needs to know.

package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"

	"go.temporal.io/server/common/testing/freeport"
)

const loopback = "127.0.0.1"

// PortTakenError says that a port that was asked for is in use.
type PortTakenError struct {
	Name string // "temporal", "ui" or "http"
	Port int
}

func (e *PortTakenError) Error() string {
	return fmt.Sprintf("port %d is already in use: stop the program that holds it or choose another port with --%s-port", e.Port, e.Name)
}

type ports struct {
	frontend, history, matching, worker int
	ui                                  int // 0 without a Web UI
}

// choosePorts checks the ports that were asked for and finds free ones for the rest. A free one stays reserved for this
// machine's explicit binds for a minute, so nothing else is given it before the server listens.
func choosePorts(ctx context.Context, o Options) (ports, error) {
	p := ports{frontend: o.TemporalPort, ui: o.UIPort}
	if err := checkFree(ctx, "temporal", p.frontend); err != nil {
		return ports{}, err
	}
	if !o.UI {
		p.ui = 0
	} else if err := checkFree(ctx, "ui", p.ui); err != nil {
		return ports{}, err
	}
	unset := []*int{&p.history, &p.matching, &p.worker}
	if p.frontend == 0 {
		unset = append(unset, &p.frontend)
	}
	if o.UI && p.ui == 0 {
		unset = append(unset, &p.ui)
	}
	for _, port := range unset {
		*port = freeport.MustGetFreePort()
	}
	return p, nil
}

// checkFree accepts port 0, which is always free.
func checkFree(ctx context.Context, name string, port int) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", hostPort(port))
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return &PortTakenError{Name: name, Port: port}
	case err != nil:
		return fmt.Errorf("port %d cannot be listened on, choose another with --%s-port: %w", port, name, err)
	}
	return listener.Close()
}

func hostPort(port int) string { return net.JoinHostPort(loopback, strconv.Itoa(port)) }
