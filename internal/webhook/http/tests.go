package webhookhttp

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"handover/internal/command"
	"handover/internal/httpapi"
	"handover/internal/kernel"
	programmehttp "handover/internal/programme/http"
	"handover/internal/webhook"
)

// TestSent names a test.
type TestSent struct {
	CorrelationID string `json:"correlationId" format:"uuid" doc:"The test's id, for its result."`
}

// TestResult is what came of a test.
type TestResult struct {
	CorrelationID string        `json:"correlationId" format:"uuid" doc:"The test's id."`
	PartnerID     string        `json:"partnerId" format:"uuid" doc:"Who asked for it."`
	Status        string        `json:"status" enum:"pending,completed" doc:"Whether more attempts follow."`
	CallbackURL   string        `json:"callbackUrl" doc:"Where it went, or is to go; empty when it was not sent and there is no registration."`
	Results       []TestAttempt `json:"results" doc:"One for each attempt, the first one first."`
}

// TestAttempt is one attempt to send a test.
type TestAttempt struct {
	ResponseCode    string    `json:"responseCode" doc:"HTTP status of the answer; empty when there was none."`
	ResponseMessage string    `json:"responseMessage" doc:"The beginning of the answer."`
	SystemError     bool      `json:"systemError" doc:"Whether there was no answer; then responseMessage says why."`
	DateTimeUTC     time.Time `json:"dateTimeUtc" doc:"When it was made."`
}

func (s *Service) registerTests(a *httpapi.API) {
	const path = "/webhooks/v1/registration/validationEvents"
	httpapi.RegisterWrite[struct{}, struct{ Body TestSent }](a, httpapi.Route{
		ID: "testWebhook", Method: http.MethodPost, Path: path, Tag: tag, Summary: "Send a test event", Roles: callers, Right: programmehttp.Commerce(),
		Description: "The registration must have test-created; two a minute are sent (R-231).",
		Causes:      []kernel.Cause{webhook.NotRegistered, webhook.TestsNotWanted, webhook.TestsTooOften, webhook.NothingToSend},
	}, s.testWebhook)
	httpapi.Register(a, httpapi.Route{
		ID: "getWebhookTest", Method: http.MethodGet, Path: path + "/{correlationId}", Tag: tag, Summary: "What came of a test event", Roles: callers, Right: programmehttp.Commerce(),
		Description: "Kept for seven days (R-231).", Causes: []kernel.Cause{webhook.DeliveryUnknown},
	}, s.getTest)
}

func (s *Service) testWebhook(ctx context.Context, _ *struct{}) (command.Answer, error) {
	answer := httpapi.AnswerTo(ctx, func(e webhook.Event) (command.Answer, error) {
		return httpapi.JSON(http.StatusOK, TestSent{CorrelationID: e.ID})
	})
	id := kernel.DeriveID("webhook test", partnerOf(ctx), httpapi.RequestOf(ctx).ID())
	return answer.Of(s.records.TestWebhook(ctx, answer.Terms, partnerOf(ctx), id))
}

func (s *Service) getTest(ctx context.Context, in *struct {
	CorrelationID string `path:"correlationId" doc:"The test's id."`
}) (*struct{ Body TestResult }, error) {
	d, attempts, err := s.records.WebhookDelivery(ctx, partnerOf(ctx), in.CorrelationID)
	if err == nil && d.Name != webhook.TestCreated {
		err = kernel.Refuse(webhook.DeliveryUnknown, "There is no such test. Take the correlationId that sending it answered.")
	}
	if err != nil {
		return nil, err
	}
	result := TestResult{CorrelationID: d.ID, PartnerID: d.PartnerTenantID, Status: "completed", Results: make([]TestAttempt, len(attempts))}
	if d.Status == webhook.Waiting {
		result.Status = "pending"
	}
	for i, a := range attempts {
		result.Results[len(attempts)-1-i] = testAttempt(a)
	}
	result.CallbackURL, err = s.wentTo(ctx, d)
	return &struct{ Body TestResult }{result}, err
}

// wentTo is where a test went, or is to go.
func (s *Service) wentTo(ctx context.Context, test webhook.Delivery) (string, error) {
	if test.SentTo != "" {
		return test.SentTo, nil
	}
	r, err := s.records.Webhook(ctx, test.PartnerTenantID)
	if errors.Is(err, webhook.NotRegistered) {
		return "", nil
	}
	return r.URL, err
}

func testAttempt(a webhook.Attempt) TestAttempt {
	t := TestAttempt{ResponseMessage: a.Excerpt, DateTimeUTC: a.At}
	if t.SystemError = a.Status == 0; t.SystemError {
		t.ResponseMessage = a.Fault
		return t
	}
	t.ResponseCode = strconv.Itoa(a.Status)
	return t
}
