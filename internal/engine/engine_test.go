package engine

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"go.temporal.io/server/common/log/tag"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

const (
	testNamespace = "handover-test"
	testQueue     = "greetings"
	patience      = 60 * time.Second // gives up on a hung server, measures nothing
)

var (
	statusAttribute  = temporal.NewSearchAttributeKeyKeyword("TestStatus")
	overdueAttribute = temporal.NewSearchAttributeKeyBool("TestOverdue")
	dueAttribute     = temporal.NewSearchAttributeKeyTime("TestDue")
	testAttributes   = map[string]enumspb.IndexedValueType{
		"TestStatus":  enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"TestOverdue": enumspb.INDEXED_VALUE_TYPE_BOOL,
		"TestDue":     enumspb.INDEXED_VALUE_TYPE_DATETIME,
	}
)

// greet sets every search attribute, waits for its signal and answers it.
func greet(ctx workflow.Context, status string) (string, error) {
	err := workflow.UpsertTypedSearchAttributes(ctx,
		statusAttribute.ValueSet(status), overdueAttribute.ValueSet(true), dueAttribute.ValueSet(workflow.Now(ctx)))
	if err != nil {
		return "", err
	}
	var name string
	workflow.GetSignalChannel(ctx, "name").Receive(ctx, &name)
	return "hello " + name, nil
}

func startEngine(t *testing.T, o Options) *Engine {
	t.Helper()
	o.Namespace, o.SearchAttributes = testNamespace, testAttributes
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	e, err := Start(ctx, o)
	require.NoError(t, err)
	t.Cleanup(e.Stop)
	return e
}

func dial(t *testing.T, e *Engine) client.Client {
	t.Helper()
	c, err := client.Dial(client.Options{HostPort: e.Address(), Namespace: testNamespace, Logger: quiet()})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func quiet() sdklog.Logger { return sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)) }

func startWorker(t *testing.T, c client.Client) {
	t.Helper()
	w := worker.New(c, testQueue, worker.Options{})
	w.RegisterWorkflow(greet)
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
}

func startGreeting(t *testing.T, c client.Client, status string) client.WorkflowRun {
	t.Helper()
	run, err := c.ExecuteWorkflow(context.Background(), client.StartWorkflowOptions{ID: uuid.NewString(), TaskQueue: testQueue}, greet, status)
	require.NoError(t, err)
	return run
}

func finishGreeting(t *testing.T, c client.Client, id string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(t, c.SignalWorkflow(ctx, id, "", "name", "world"))
	var answer string
	require.NoError(t, c.GetWorkflow(ctx, id, "").Get(ctx, &answer))
	require.Equal(t, "hello world", answer)
}

// requireListed waits for the one workflow with the status: lists follow the workflow with a little delay.
func requireListed(t *testing.T, c client.Client, status string) {
	t.Helper()
	require.Eventually(t, func() bool {
		found, err := c.ListWorkflow(context.Background(), &workflowservice.ListWorkflowExecutionsRequest{
			Query: "TestStatus = '" + status + "' AND TestOverdue = true AND TestDue > '2020-01-01T00:00:00Z'",
		})
		return err == nil && len(found.Executions) == 1
	}, patience, 50*time.Millisecond)
}

func TestRunsWorkflowsAndListsThemBySearchAttribute(t *testing.T) {
	t.Parallel()
	c := dial(t, startEngine(t, Options{}))
	startWorker(t, c)
	run := startGreeting(t, c, "Pending")
	requireListed(t, c, "Pending")
	finishGreeting(t, c, run.GetID())
}

func TestContinuesWorkflowsFromItsFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "new folder", "temporal #1?.db")
	first := startEngine(t, Options{File: file, Retention: 24 * time.Hour})
	c := dial(t, first)
	startWorker(t, c)
	run := startGreeting(t, c, "Pending")
	requireListed(t, c, "Pending")
	first.Stop()

	second := dial(t, startEngine(t, Options{File: file}))
	requireListed(t, second, "Pending")
	startWorker(t, second)
	finishGreeting(t, second, run.GetID())
	described, err := second.WorkflowService().DescribeNamespace(context.Background(), &workflowservice.DescribeNamespaceRequest{Namespace: testNamespace})
	require.NoError(t, err)
	require.Equal(t, 24*time.Hour, described.Config.WorkflowExecutionRetentionTtl.AsDuration(), "a zero retention keeps what was set")
}

func TestTwoEnginesSideBySide(t *testing.T) {
	t.Parallel()
	one, other := dial(t, startEngine(t, Options{})), dial(t, startEngine(t, Options{}))
	run := startGreeting(t, one, "Pending")
	_, err := other.DescribeWorkflowExecution(context.Background(), run.GetID(), "")
	require.Error(t, err, "the other engine has data of its own")
}

func TestServesTheWebUI(t *testing.T) {
	t.Parallel()
	e := startEngine(t, Options{UI: true, Version: "1.2.3"})
	require.Contains(t, get(t, e.UIAddress()+"/"), "<html")

	var listed struct {
		Namespaces []struct {
			NamespaceInfo struct{ Name string }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(get(t, e.UIAddress()+"/api/v1/namespaces")), &listed))
	names := []string{}
	for _, namespace := range listed.Namespaces {
		names = append(names, namespace.NamespaceInfo.Name)
	}
	require.Contains(t, names, testNamespace)
	require.Contains(t, get(t, e.UIAddress()+"/api/v1/settings"), "1.2.3")
}

// E2: a page whose name was made to lead here reads nothing, gets no cookie and sends nothing.
func TestTheWebUIAnswersForItsNamesOnly(t *testing.T) {
	t.Parallel()
	e := startEngine(t, Options{UI: true, UIHosts: []string{"desk.example"}})
	at, err := url.Parse(e.UIAddress())
	require.NoError(t, err)
	signal := "/api/v1/namespaces/" + testNamespace + "/workflows/none/signal/source-approval"
	for host, served := range map[string]bool{
		at.Host: true, "localhost:" + at.Port(): true, "desk.example": true, "desk.example:443": true,
		"evil.example": false, "evil.example:" + at.Port(): false, "127.0.0.1.evil.example": false, "localhost.evil.example": false, "0.0.0.0:" + at.Port(): false,
	} {
		for _, path := range []string{"/", "/healthz", "/api/v1/settings", "/api/v1/namespaces", "/render?content=x", "/_app/version.json"} {
			status, cookies := ask(t, http.MethodGet, e.UIAddress()+path, host)
			require.Equal(t, map[bool]int{true: http.StatusOK, false: http.StatusMisdirectedRequest}[served], status, "%s %s", host, path)
			require.Equal(t, served, cookies > 0, "%s %s", host, path)
		}
		status, _ := ask(t, http.MethodPost, e.UIAddress()+signal, host)
		require.Equal(t, map[bool]int{true: http.StatusBadRequest, false: http.StatusMisdirectedRequest}[served], status, "%s: a signal without its token", host)
	}
}

func ask(t *testing.T, method, url, host string) (status, cookies int) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	require.NoError(t, err)
	request.Host = host
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode, len(response.Cookies())
}

func get(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	require.Equal(t, http.StatusOK, response.StatusCode, url)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(body)
}

func TestRefusesATakenPort(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, listener.Close()) }()
	port := listener.Addr().(*net.TCPAddr).Port
	file := filepath.Join(t.TempDir(), "temporal.db")

	for name, options := range map[string]Options{
		"temporal": {TemporalPort: port},
		"ui":       {UIPort: port, UI: true},
	} {
		options.Namespace, options.File = testNamespace, file
		_, err := Start(context.Background(), options)
		var taken *PortTakenError
		require.ErrorAs(t, err, &taken)
		require.Equal(t, PortTakenError{Name: name, Port: port}, *taken)
		require.ErrorContains(t, err, "--"+name+"-port")
		require.NoFileExists(t, file, "nothing was touched")
	}
}

func TestRefusesUnusableOptions(t *testing.T) {
	t.Parallel()
	for says, options := range map[string]Options{
		"set Namespace":    {},
		"not both":         {Namespace: testNamespace, File: "x.db", PostgresURL: "postgres://u@h/d"},
		"must read":        {Namespace: testNamespace, PostgresURL: "mysql://u@h/d"},
		"cannot be made":   {Namespace: testNamespace, File: "/dev/null/temporal.db"},
		"too many of type": {Namespace: testNamespace, SearchAttributes: map[string]enumspb.IndexedValueType{"A": 5, "B": 5, "C": 5, "D": 5}},
	} {
		_, err := Start(context.Background(), options)
		require.ErrorContains(t, err, says)
	}
}

func TestSearchAttributesAreAddedToThoseThatExist(t *testing.T) {
	t.Parallel()
	aliases, err := addSearchAttributes(map[string]string{"Keyword01": "Old"}, map[string]enumspb.IndexedValueType{
		"Old": enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"New": enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"Due": enumspb.INDEXED_VALUE_TYPE_DATETIME,
	})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"Keyword01": "Old", "Keyword02": "New", "Datetime01": "Due"}, aliases)

	_, err = addSearchAttributes(aliases, map[string]enumspb.IndexedValueType{"Old": enumspb.INDEXED_VALUE_TYPE_INT})
	require.ErrorContains(t, err, "is of type Keyword and not Int")
}

func TestStopEndsTheEngineOnce(t *testing.T) {
	t.Parallel()
	e := startEngine(t, Options{UI: true})
	require.NoError(t, e.Err())
	e.Stop()
	e.Stop()
	<-e.Done()
	require.NoError(t, e.Err(), "stopping is not an error")
	_, err := net.Dial("tcp", e.Address())
	require.Error(t, err)
}

func TestAFatalServerErrorReachesTheOwner(t *testing.T) {
	t.Parallel()
	core, _ := observer.New(zapcore.ErrorLevel)
	for name, logger := range map[string]*zap.Logger{"with a logger": zap.New(core), "without": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := &Engine{done: make(chan struct{})}
			cause := errors.New("disk on fire")
			err := e.unlessDead(func() error {
				serverLogger(logger, zap.NewAtomicLevelAt(zap.WarnLevel), e.finish).Fatal("Failed to serve", tag.Error(cause))
				return nil
			})
			require.ErrorIs(t, err, cause)
			<-e.Done()
			require.ErrorContains(t, e.Err(), "Failed to serve")
		})
	}
}

func TestOnlyWarningsReachTheLog(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zapcore.DebugLevel)
	logger := serverLogger(zap.New(core), zap.NewAtomicLevelAt(zap.WarnLevel), func(error) {})
	logger.Info("chatter")
	logger.Warn("mind the gap")
	require.Equal(t, 1, logs.Len())
	require.Equal(t, "mind the gap", logs.All()[0].Message)
}
