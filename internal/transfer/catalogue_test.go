package transfer_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/commerce"
	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/subscription"
	"handover/internal/transfer"
	"handover/internal/webhook"
)

// The catalogue of refusals: the published codes of section 4.6, and messages fit for the person who reads them.

// published is section 4.6 of the domain reference, and section 8 for what surrounds a transfer: every code and the HTTP
// statuses it comes with.
var published = map[string]int{
	"900150": 403, "20002": 403, "13605": 403, "900124": 403, "900123": 403, "900137": 403, "900138": 403, "900149": 403,
	"900100": 404, "20003": 404, "60003": 404, "800015": 404,
	"900101": 409, "900104": 409,
	"900102": 400, "800078": 400, "800002": 400, "3000": 400, "900126": 400, "900127": 400, "800016": 400, "900154": 400, "900131": 400,
	"900132": 400, "900133": 400, "900134": 400, "900136": 400, "900146": 400, "900148": 400, "900400": 400,
	"900103": 500, "429": 429,
	"2055": 400, "2001": 400, "2002": 400, "2071": 400, "2072": 404, "800042": 400, "800081": 400, "800093": 400, "800098": 400,
	"900117": 400, "900213": 400, "600061": 400, "1000": 404, "20000": 404,
}

// promised are the codes that the rules name for a cause.
var promised = map[kernel.Cause]string{
	transfer.SourceIsTarget: "900148", programme.PartnerUnknown: "60003", programme.MarketMismatch: "900138", programme.ProgramNotActive: "900149",
	programme.RelationshipMissing: "20002", programme.AgreementMissing: "13605", programme.MPAMissing: "900124", transfer.SourceMissing: "900136",
	kernel.NotAdminAgent: "900150", transfer.AzurePlanMissing: "900133", transfer.AzurePlanInactive: "900132",
	transfer.AzurePlanUnpurchasable: "900134", transfer.LegacyAzureAtTarget: "900131", transfer.NotForDirectBill: "3000",
	transfer.ResellerNotPartner: "800016", transfer.ResellerUnknown: "800015", transfer.NotAReseller: "800016", transfer.ResellerInactive: "900154", transfer.ResellerMPAMissing: "900123",
	kernel.UnknownEnum: "900126", transfer.OutsideTargetTypes: "900400", transfer.ThirdPartyProduct: "900146",
	subscription.Unknown: "20003", transfer.NotOwnedBySource: "800078", subscription.InOtherTransfer: "900101",
	transfer.NoLineItems: "800002", transfer.DuplicateLineItem: "800002", kernel.OperatorOnly: "900150", transfer.NotFound: "900100",
	transfer.AlreadyInProgress: "900101", transfer.AlreadyFinal: "900102", kernel.BeingProcessed: "900104", transfer.StillSyncing: "900103",
	kernel.InvalidInput: "800002", kernel.RequestIDReused: "800002", programme.PartnerNotEnabled: "900137", transfer.RequestExpired: "900102",
	kernel.StaleETag: "2055", subscription.NotForSalesAgents: "900150", subscription.NotActivated: "800081", subscription.CancellationClosed: "900117",
	subscription.CancellationHoursOver: "900213",
	subscription.QuantitySuspended:     "2001", subscription.QuantityOutOfRange: "2002", subscription.RenewalNotPossible: "800093",
	subscription.RecordNotAllowed: "800098", subscription.RecordUnknown: "2072", subscription.RecordNotReseller: "2071",
	subscription.StatusNotPossible: "800042", subscription.Ended: "800042", programme.AlreadyAttested: "600061", programme.InUse: "800042", subscription.MovesByTransfer: "800078",
	commerce.OrderUnknown: "20000", commerce.InvoiceUnknown: "1000",
	programme.WrongEnvironment: "900127",
	webhook.AlreadyRegistered:  "900101", webhook.TestsTooOften: "429",
}

func TestEveryCauseHasAPublishedCode(t *testing.T) {
	for _, cause := range kernel.Causes() {
		r := kernel.Refuse(cause, "No.")
		require.Contains(t, published, r.Code, cause)
		assert.Equal(t, published[r.Code], r.HTTPStatus(), cause)
	}
	for cause, code := range promised {
		assert.Equal(t, code, kernel.Refuse(cause, "No.").Code, cause)
	}
}

func TestEveryDeclaredCauseIsInTheCatalogue(t *testing.T) {
	var declared []kernel.Cause
	inspect(t, func(n ast.Node) {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return
		}
		if nameOf(spec.Type) == "Cause" {
			declared = append(declared, kernel.Cause(literal(t, spec.Values[0])))
		}
	})
	assert.ElementsMatch(t, declared, kernel.Causes())
}

// A refusal is read by a person: whole sentences, of which only the two that the wire prescribes are spelled otherwise.
func TestEveryMessageIsASentence(t *testing.T) {
	asOnTheWire := []string{"Subscription: %s is in state: %s", "subscription is already part of another transfer request id : %s"}
	sentence := regexp.MustCompile(`^("?[A-Z%]|[a-z]+[A-Z]|actor\.|requestId).*[^ .]\.$`)
	found := 0
	inspect(t, func(n ast.Node) {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) < 2 {
			return
		}
		if nameOf(call.Fun) != "Refuse" {
			return
		}
		found++
		message := literal(t, call.Args[1])
		for _, wire := range asOnTheWire {
			if message == wire {
				return
			}
		}
		assert.Regexp(t, sentence, message)
		assert.NotRegexp(t, `  |\n|!|(?i)\b(invalid|error|please)\b`, message)
	})
	assert.Greater(t, found, 60, "the refusals of the contexts")
}

// nameOf is the name of something of this or another package; empty for any other expression.
func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// contexts are the folders of the rules, from here.
var contexts = []string{"../kernel", "../administration", "../programme", "../subscription", "../activitylog", "../commerce", "../webhook", "."}

// inspect visits the source of the rules, tests left out.
func inspect(t *testing.T, visit func(ast.Node)) {
	t.Helper()
	var files []string
	for _, folder := range contexts {
		found, err := filepath.Glob(filepath.Join(folder, "*.go"))
		require.NoError(t, err)
		require.NotEmpty(t, found)
		files = append(files, found...)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool { visit(n); return true })
	}
}

func literal(t *testing.T, e ast.Expr) string {
	t.Helper()
	lit, ok := e.(*ast.BasicLit)
	require.True(t, ok, "%T is no literal", e)
	text, err := strconv.Unquote(lit.Value)
	require.NoError(t, err)
	return text
}

func TestARefusalIsItsCauseAndNoOther(t *testing.T) {
	err := fmt.Errorf("while submitting: %w", kernel.Refuse(transfer.NotActive, "Subscription %s is gone.", "x").About("x", "y"))
	assert.ErrorIs(t, err, transfer.NotActive)
	for _, other := range kernel.Causes() {
		assert.Equal(t, other == transfer.NotActive, errors.Is(err, other), other)
	}
	assert.NotErrorIs(t, err, fs.ErrNotExist)
	var r *kernel.Refusal
	require.ErrorAs(t, err, &r)
	assert.Equal(t, "Subscription x is gone. (800078)", r.Error())
	assert.Equal(t, []string{"x", "y"}, r.Data)
	assert.EqualError(t, transfer.NotActive, "SubscriptionNotActive")
}

func TestARefusalSurvivesJSON(t *testing.T) {
	sent := kernel.Refuse(subscription.InOtherTransfer, "It moves elsewhere.").About(transferID)
	text, err := json.Marshal(sent)
	require.NoError(t, err)
	var got *kernel.Refusal
	require.NoError(t, json.Unmarshal(text, &got))
	assert.Equal(t, sent, got)
	assert.ErrorIs(t, got, subscription.InOtherTransfer)
	assert.Equal(t, 409, got.HTTPStatus())
}
