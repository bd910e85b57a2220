package httpapi_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/httpapi"
	programmehttp "handover/internal/programme/http"
	subscriptionhttp "handover/internal/subscription/http"
	transferhttp "handover/internal/transfer/http"
	"handover/internal/world"
)

func routeNamed(t testing.TB, a *httpapi.API, id string) httpapi.Route {
	t.Helper()
	for _, r := range a.Routes() {
		if r.ID == id {
			return r
		}
	}
	require.Fail(t, "no such route", id)
	return httpapi.Route{}
}

// endless repeats a text after its beginning.
func endless(beginning, repeated string, size int64) io.Reader {
	return io.LimitReader(io.MultiReader(strings.NewReader(beginning), &repeating{text: repeated}), size)
}

type repeating struct {
	text string
	at   int
}

func (r *repeating) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = r.text[r.at]
		r.at = (r.at + 1) % len(r.text)
	}
	return len(p), nil
}

// E3: bodies of 4 MB that are refused at their first wrong byte cost next to nothing, however they nest or go on.
func TestHostileBodiesCostLittle(t *testing.T) {
	a := sampleAPI(t)
	for name, c := range map[string]struct {
		beginning, repeated string
		says                string
	}{
		"nothing but a nested list": {"", "[", "it must be a JSON object"},
		"a nested list inside":      {`{"links":`, "[", "nested deeper than 32 levels"},
		"nested objects":            {`{"links":`, `{"a":`, "nested deeper than 32 levels"},
		"a nested id":               {`{"lineItems":[{"id":`, "[", "lineItems.id cannot be a JSON array"},
		"line items without end":    {`{"lineItems":[`, "{},", "10001 line items are more than the 10000"},
		"line items of nothing":     {`{"lineItems":[`, "null,", "10001 line items are more than the 10000"},
		"a reason without end":      {`{"reason":"`, "no", "reason must be at most 1000"},
		"an escaped reason":         {`{"reason":"`, `\u006e`, "reason must be at most 1000"},
		"a number without end":      {`{"lineItems":[{"productType":`, "5", "lineItems.productType must be at most 64"},
		"tags without end":          {`{"tags":[`, `"a",`, "tags must be at most 20"},
		"no JSON":                   {`{"tags"`, "x", "not valid JSON at byte 8"},
	} {
		t.Run(name, func(t *testing.T) {
			const bodies = 10
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range bodies {
				req := httptest.NewRequest(http.MethodPatch, "/v1/customers/x/transfers/y", endless(c.beginning, c.repeated, largeBody))
				req.ContentLength = largeBody
				req.Header.Set("Authorization", "Bearer x")
				w := httptest.NewRecorder()
				a.ServeHTTP(w, req)
				require.Equal(t, http.StatusBadRequest, w.Code, w.Body)
				require.Contains(t, w.Body.String(), c.says)
			}
			runtime.ReadMemStats(&after)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(bodies*largeBody/8))
			require.Zero(t, a.InFlight())
		})
	}
}

// Whatever a client sends back of what it read is taken, and so is what says nothing.
func TestScanTakes(t *testing.T) {
	update := routeNamed(t, sampleAPI(t), "updateTransfer")
	for _, body := range []string{
		``, `null`, `{}`, " {\r\n\t} ", `{"status":"Cancel","lineItems":null,"tags":[]}`, `{"STATUS":"\u0043ancel"}`,
		`{"lineItems":[{"id":0,"subscriptionId":"x","productType":5,"links":{"self":{"headers":[]}}},{"id":"a"},{"id":null}]}`,
		`{"attributes":{"a":[1,-2.5e3,true,false,null,"\"\\\u202e",{}]},"` + strings.Repeat("x", 2000) + `":null}`,
		`{"attributes":"` + strings.Repeat("x", 10_000) + `","reason":"` + strings.Repeat(`\ud83d\ude00`, 1000) + `"}`,
		`{"` + strings.Repeat(`\u0072`, 1) + `eason":"no"}`,
	} {
		assert.NoError(t, update.Scan(body), body)
	}
}

// What is no JSON is refused at the byte at which the decoder would refuse it, and what has the wrong type by its name.
func TestScanRefuses(t *testing.T) {
	update := routeNamed(t, sampleAPI(t), "updateTransfer")
	for body, says := range map[string]string{
		` `: "at byte 1", `{`: "at byte 1", `{"a"`: "at byte 4", `{"a":`: "at byte 5", `{"links":1`: "at byte 10", `{"links":1,}`: "at byte 12",
		`{"links":[1,]}`: "at byte 13", `{"links":[}`: "at byte 11", `{,}`: "at byte 2", `{} {}`: "at byte 4", `{"links":"`: "at byte 10", `}`: "at byte 1",
		`[]`: "body: it must be a JSON object", `"x"`: "body: it must be a JSON object", `{"reason":5}`: "reason cannot be a JSON number",
		`{"allEligible":"yes"}`: "allEligible cannot be a JSON string", `{"lineItems":{}}`: "lineItems cannot be a JSON object",
		`{"lineItems":[5]}`: "lineItems cannot be a JSON number", `{"tags":[{}]}`: "tags cannot be a JSON object",
		`{"lineItems":[{"subscriptionId":true}]}`:             "lineItems.subscriptionId cannot be a JSON bool",
		`{"\u0072EASON":"` + strings.Repeat("x", 1001) + `"}`: "reason must be at most 1000",
	} {
		err := update.Scan(body)
		if assert.Error(t, err, body) {
			assert.Contains(t, err.Error(), says, body)
		}
	}
}

// fuzzed are the bodies that clients send.
var fuzzed = []reflect.Type{reflect.TypeFor[transferhttp.CreateTransfer](), reflect.TypeFor[transferhttp.UpdateTransfer](), reflect.TypeFor[subscriptionhttp.UpdateSubscription](), reflect.TypeFor[programmehttp.AttestAgreement]()}

// Whatever bytes come: what the scan lets through and the decoder takes is within its bounds, and what the scan calls no
// JSON is none.
func FuzzScan(f *testing.F) {
	for _, seed := range []string{
		``, `{"reason":"no","reason":"\u202e"}`, `{"lineItems":[{"id":1.0,"subscriptionId":"x","productType":5}]}`, `{"TAGS":["a"],"ta\u0067s":null}`,
		`{"quantity":3.0,"status":"active"}`, `{"primaryContact":{"firstName":"A"},"dateAgreed":"2026-11-01"}`, `{"participants":[{"KEY":"a","value":"b"}]}`,
		`{"\u212Aey":1}`, `{"a":tru}`, "{\"reason\":\"\xff\"}", `[[[[`, `{"tags":["` + strings.Repeat(`\u0061`, 64) + `"]}`, `{"lineItem\u017f":[1]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, kind := range fuzzed {
			err := httpapi.ScanAs(kind, string(body))
			require.True(t, known(err), "%v", err)
			if err != nil {
				require.False(t, strings.Contains(err.Error(), "not valid JSON") && json.Valid(body), "%v: %q", err, body)
				continue
			}
			in := reflect.New(kind)
			if json.Unmarshal(body, in.Interface()) == nil {
				httpapi.RequireBounded(t, kind, in.Elem())
			}
		}
	})
}

// Ten submits of 4 MB of one partner that arrive at once: as many as may be in memory are read, the others are asked to
// come back, and afterwards nothing counts as in flight.
func TestBodiesInFlight(t *testing.T) {
	a := sampleAPI(t)
	const submits = 10
	answers := make(chan *httptest.ResponseRecorder, submits)
	arriving, sending := io.Pipe()
	for range submits {
		go func() {
			req := httptest.NewRequest(http.MethodPatch, "/v1/customers/x/transfers/y", io.MultiReader(strings.NewReader(`{"links":`), arriving))
			req.ContentLength = largeBody
			req.Header.Set("Authorization", "Bearer x")
			w := httptest.NewRecorder()
			a.ServeHTTP(w, req)
			answers <- w
		}()
	}
	const fit = httpapi.MostBytesOfOne / largeBody
	for range submits - fit {
		w := <-answers
		assert.Equal(t, http.StatusTooManyRequests, w.Code, w.Body)
		assert.NotEmpty(t, w.Header().Get("Retry-After"))
	}
	assert.EqualValues(t, httpapi.MostBytesOfOne, a.InFlight())
	require.NoError(t, sending.Close())
	for range fit {
		w := <-answers
		assert.Equal(t, http.StatusBadRequest, w.Code, w.Body)
	}
	assert.Zero(t, a.InFlight())
}

// B6, B9: a byte order mark and a whole number written with a fraction are read like what they mean; a dry run says so.
func TestOtherSpellings(t *testing.T) {
	a, demo := sampleAPI(t), world.Demo()
	body := func(number string) string {
		return `{"sourcePartnerTenantId":"` + demo.SourceTenantID + `","sourcePartnerName":"x","customerEmailId":"x@contoso-bakery.example","transferType":` + number + `}`
	}
	create := routeNamed(t, a, "createTransfer")
	create.Path += "?dryRun=true"
	want := send(a, create, body("3"))
	require.Equal(t, http.StatusOK, want.Code, want.Body)
	for _, same := range []string{"\ufeff" + body("3"), body("3.0"), body("30e-1"), body(`"3"`)} {
		got := send(a, create, same)
		assert.Equal(t, http.StatusOK, got.Code, got.Body)
		assert.Equal(t, want.Body.String(), got.Body.String())
	}
	for _, other := range []string{body("3.5"), body("1e400"), "\ufeff\ufeff" + body("3"), "\ufeff"} {
		assert.Equal(t, http.StatusBadRequest, send(a, create, other).Code, other)
	}
	var change subscriptionhttp.UpdateSubscription
	require.NoError(t, httpapi.ReadJSON([]byte(`{"quantity":3.0}`), &change))
	assert.EqualValues(t, 3, *change.Quantity)
	require.EqualError(t, httpapi.ReadJSON([]byte(`{"quantity":3.5}`), &change), "quantity cannot be a JSON number")
	require.EqualError(t, httpapi.ReadJSON([]byte(`{"quantity":"3"}`), &change), "quantity cannot be a JSON string")
	require.NoError(t, httpapi.ReadJSON([]byte(`{"quantity":null}`), &change))
}

// A body that is larger than its operation takes is refused by its length, or by its bytes when it gave none.
func TestTooLarge(t *testing.T) {
	a := sampleAPI(t)
	create := routeNamed(t, a, "createTransfer")
	large := `{"links":"` + strings.Repeat("x", httpapi.UsualBody) + `"}`
	assert.Equal(t, http.StatusRequestEntityTooLarge, send(a, create, large).Code)
	req := httptest.NewRequest(http.MethodPost, "/v1/customers/x/transfers", io.MultiReader(strings.NewReader(large)))
	req.Header.Set("Authorization", "Bearer x")
	req.ContentLength = -1
	w := httptest.NewRecorder()
	a.ServeHTTP(w, req)
	assert.Equal(t, http.StatusRequestEntityTooLarge, w.Code, w.Body)
	assert.Contains(t, w.Body.String(), `"The body is larger than this operation takes. Ask for everything eligible instead of listing it."`)
}

// A body that cannot be read is complained of in the words of the contract: the decoder's are nobody's business.
func TestReadJSON(t *testing.T) {
	for body, said := range map[string]string{
		`{"customerEmailId": 5}`:              "customerEmailId cannot be a JSON number",
		`{"participants": [{"Key": {}}]}`:     "participants.key cannot be a JSON object",
		`[]`:                                  "it must be a JSON object",
		`{"customerEmailId": `:                "it is not valid JSON at byte 20",
		`{"customerEmailId": "a"} {"more":1}`: "it is not valid JSON at byte 26",
		`{"CUSTOMEREMAILID": "a"}`:            "",
	} {
		err := httpapi.ReadJSON([]byte(body), &transferhttp.CreateTransfer{})
		if said == "" {
			require.NoError(t, err, body)
			continue
		}
		require.EqualError(t, err, said, body)
	}
}
