// Package platform is everything in one process: Temporal server, Web UI, ledger, mail catcher and worker. The standalone
// program is made of it; recordings, integration tests and benchmarks use the same.
package platform

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"time"

	"go.temporal.io/sdk/client"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"handover/config"
	"handover/internal/app"
	"handover/internal/engine"
	"handover/internal/ledger"
	"handover/internal/notify"
	"handover/internal/telemetry"
	"handover/internal/transferclient"
	"handover/workflows"
)

// Namespace is Temporal's default, so that every Temporal tool finds the transfers without being told.
const Namespace = client.DefaultNamespace

// Options say where data lives, which ports are used, and what an empty ledger begins with.
type Options struct {
	DataDir      string // folder that keeps everything; empty: a temporary one that is removed at the end
	TemporalPort int    // 0 for any free port
	UIPort       int    // 0 for any free port
	UI           bool
	HTTP         bool                         // serve the HTTP API
	HTTPPort     int                          // 0 for any free port
	World        func() (ledger.World, error) // asked only when the ledger is empty
	Logger       *zap.Logger

	PostgresURL string // Temporal's data there instead of in the folder
	LedgerURL   string // the ledger there instead of in the folder

	Settings func(*config.Config) // changes to the settings from the environment
	Steps    func(*app.Steps)     // changes to the steps, to make faults on purpose
	Now      func() time.Time     // the ledger's clock; nil for its database's
	NoWorker bool                 // the worker runs elsewhere
}

// Platform is everything that runs.
type Platform struct {
	Dir        string
	Settings   config.Config
	Engine     *engine.Engine
	Ledger     *ledger.Ledger
	Mail       *notify.Catcher
	Connection client.Client
	Transfers  *transferclient.Client
	Worker     *app.Worker // nil with NoWorker
	API        string      // address of the HTTP API; empty without HTTP
	Seeded     bool        // the ledger was empty and got the world of the options

	listener net.Listener // of the HTTP API
	metrics  telemetry.Metrics
	options  Options
	level    zap.AtomicLevel // of what the parts may log
	closers  []func()        // in the order of starting
}

// Start brings the parts up one after the other; when one fails, those before it are stopped again. Errors, each in one
// line: a data folder that is in use, is somebody else's or cannot be written, a port that is taken (*engine.PortTakenError), a world file that
// cannot be used (*world.InvalidError), a wrong setting.
func Start(ctx context.Context, o Options) (*Platform, error) {
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	p := &Platform{level: zap.NewAtomicLevelAt(zapcore.LevelOf(o.Logger.Core()))}
	o.Logger = o.Logger.WithOptions(zap.IncreaseLevel(p.level))
	p.options = o
	for _, part := range []func(context.Context) error{
		p.takeFolder, p.takePort, p.startMail, p.openLedger, p.startEngine, p.connect, p.startWorker, p.startAPI,
	} {
		if err := part(ctx); err != nil {
			p.Stop()
			return nil, err
		}
	}
	return p, nil
}

// Wait returns when the context ends, or with an error when the Temporal server ended by itself.
func (p *Platform) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-p.Engine.Done():
		return errors.Join(errors.New("the Temporal server ended"), p.Engine.Err())
	}
}

// Stop ends the parts in reverse order. Transfers under way go on after the next start.
func (p *Platform) Stop() {
	p.level.SetLevel(zap.FatalLevel) // what one part complains of now is the end of another
	for i := len(p.closers) - 1; i >= 0; i-- {
		p.closers[i]()
	}
	p.closers = nil
}

// MailDir is where the mail catcher keeps what it receives.
func (p *Platform) MailDir() string { return filepath.Join(p.Dir, mailFolder) }

func (p *Platform) onStop(f func()) { p.closers = append(p.closers, f) }

func (p *Platform) startMail(context.Context) error {
	catcher, err := notify.StartCatcher(p.MailDir(), "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("the mail catcher did not start: %w", err)
	}
	p.Mail = catcher
	p.onStop(func() { _ = catcher.Close() })
	return nil
}

func (p *Platform) openLedger(ctx context.Context) error {
	settings, err := config.Load()
	if err != nil {
		return err
	}
	mail, err := netip.ParseAddrPort(p.Mail.Addr())
	if err != nil {
		return err
	}
	settings.LedgerURL = p.options.LedgerURL
	if settings.LedgerURL == "" {
		settings.LedgerURL = "sqlite://" + filepath.Join(p.Dir, ledgerFile)
	}
	settings.SMTP = config.SMTP{
		Host: mail.Addr().String(), Port: int(mail.Port()), From: "Handover <handover@localhost.localdomain>", TLS: notify.TLSNone, Timeout: settings.SMTP.Timeout,
	}
	settings.Webhooks = settings.Webhooks.OnThisMachine()
	if p.API != "" {
		settings.Webhooks.PublicURL = p.API
	}
	if p.options.Settings != nil {
		p.options.Settings(&settings)
	}
	p.Settings = settings
	p.Ledger, err = ledger.Open(ctx, settings.LedgerURL, ledger.Options{Policy: settings.Transfers.Policy(), Rules: settings.Transfers.Subscriptions(), Now: p.options.Now})
	if err != nil {
		return err
	}
	p.onStop(func() { _ = p.Ledger.Close() })
	return p.seed(ctx)
}

func (p *Platform) seed(ctx context.Context) error {
	empty, err := p.Ledger.Empty(ctx)
	if err != nil || !empty || p.options.World == nil {
		return err
	}
	content, err := p.options.World()
	if err != nil {
		return err
	}
	p.Seeded = true
	return p.Ledger.Seed(ctx, content)
}

func (p *Platform) startEngine(ctx context.Context) error {
	settings := engine.Options{
		TemporalPort: p.options.TemporalPort, UIPort: p.options.UIPort, UI: p.options.UI, UIHosts: p.Settings.HTTPHosts, Namespace: Namespace,
		SearchAttributes: workflows.SearchAttributes(), Logger: p.options.Logger, PostgresURL: p.options.PostgresURL,
		CodecEndpoint: p.codecEndpoint(),
	}
	if p.options.DataDir != "" && p.options.PostgresURL == "" {
		settings.File = filepath.Join(p.Dir, temporalFile)
	}
	started, err := engine.Start(ctx, settings)
	if err != nil {
		return err
	}
	p.Engine = started
	p.onStop(started.Stop)
	return nil
}

func (p *Platform) connect(ctx context.Context) error {
	var err error
	if p.metrics, err = telemetry.NewMetrics(); err != nil {
		return err
	}
	p.Connection, err = app.Dial(ctx, client.Options{HostPort: p.Engine.Address(), Namespace: Namespace},
		p.Settings.Payloads.EncryptionKeys.ForWorkers(), p.options.Logger, p.metrics)
	if err != nil {
		return err
	}
	p.onStop(p.Connection.Close)
	p.Transfers = transferclient.New(p.Connection).Signing(p.Settings.Transfers.CommandKey, "standalone")
	return nil
}

func (p *Platform) startWorker(ctx context.Context) error {
	if p.options.NoWorker {
		return nil
	}
	steps, err := app.NewSteps(p.Settings, p.Ledger, p.options.Logger)
	if err != nil {
		return err
	}
	if p.options.Steps != nil {
		p.options.Steps(&steps)
	}
	p.Worker, err = app.NewWorker(app.Surroundings{
		Temporal: p.Connection, Settings: p.Settings.Worker, Billing: p.Settings.Billing, Webhooks: p.Settings.Webhooks, Steps: steps, Ledger: p.Ledger, Metrics: p.metrics, Logger: p.options.Logger,
	})
	if err != nil {
		return err
	}
	if err := p.Worker.Start(); err != nil {
		return err
	}
	p.onStop(p.Worker.Stop)
	ports, err := app.OpenPorts(context.WithoutCancel(ctx), p.Settings, steps, p.metrics, p.options.Logger)
	if err != nil {
		return err
	}
	p.onStop(ports.Close)
	return nil
}
