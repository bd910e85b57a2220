package webhookhttp

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"handover/internal/command"
	"handover/internal/httpapi"
	"handover/internal/kernel"
	programmehttp "handover/internal/programme/http"
	"handover/internal/webhook"
)

// Registration is the caller's registration.
type Registration struct {
	SubscriberID          string              `json:"SubscriberId" format:"uuid" doc:"The caller's own name as a subscriber."`
	WebhookURL            string              `json:"WebhookUrl" doc:"Where events are sent."`
	WebhookEvents         []webhook.EventName `json:"WebhookEvents" doc:"The events that are sent."`
	InMSHeader            bool                `json:"SignatureTokenToMsSignatureHeader" doc:"Whether the signature stands in x-ms-signature instead of Authorization (R-221)."`
	Format                webhook.Format      `json:"Format" enum:"partner-center,standard" doc:"Extension: how events are told."`
	LastModifiedTimestamp time.Time           `json:"LastModifiedTimestamp" doc:"When it was last replaced."`
	FailingSince          *time.Time          `json:"FailingSince,omitempty" doc:"Extension: since when the endpoint has only failed, without two days between in which nothing was tried; absent while it takes what it is sent."`
	RestsUntil            *time.Time          `json:"RestsUntil,omitempty" doc:"Extension: until when the endpoint is left alone after failures, or because it asks for that; absent while it is called. PUT, a test and a redelivery end it."`
	SwitchedOff           string              `json:"SwitchedOff,omitempty" enum:"gone,failing" doc:"Extension: why the endpoint is not called any more; absent while it is. PUT switches it on."`
}

// Wish is what a caller wants to be told, and where.
type Wish struct {
	WebhookURL    string   `json:"WebhookUrl" doc:"An https address of the public internet." example:"https://hooks.example/handover"`
	WebhookEvents []string `json:"WebhookEvents" doc:"Names of events, as GET /webhooks/v1/registration/events lists them."`
	InMSHeader    *bool    `json:"SignatureTokenToMsSignatureHeader,omitempty" doc:"Whether the signature stands in x-ms-signature instead of Authorization (R-221); stays as it is when left out."`
	Format        string   `json:"Format,omitempty" doc:"Extension: partner-center, or standard for Standard Webhooks 1.0; stays as it is when left out, at first partner-center."`
	Secret        string   `json:"Secret,omitempty" doc:"Extension: whsec_ and 24 to 64 random bytes in base64. Written and never shown; stays as it is when left out. What is sent carries webhook-signature once there is one; those before sign for a day more."`
	Revoke        bool     `json:"RevokePreviousSecrets,omitempty" doc:"Extension: the secrets before sign no more, at once; for one that leaked."`
}

func (w Wish) wish() webhook.Wish {
	return webhook.Wish{URL: w.WebhookURL, Events: w.WebhookEvents, Format: w.Format, InMSHeader: w.InMSHeader, Secret: w.Secret, Revoke: w.Revoke}
}

var (
	wishCauses = []kernel.Cause{kernel.InvalidInput, kernel.UnknownEnum, webhook.AddressRefused}
	// wishEchoes are what the models of SDKs have besides.
	wishEchoes = []string{"properties"}
)

func (s *Service) registerRegistration(a *httpapi.API) {
	const path = "/webhooks/v1/registration"
	httpapi.Register(a, httpapi.Route{
		ID: "listWebhookEvents", Method: http.MethodGet, Path: path + "/events", Tag: tag, Summary: "List the events that can be sent", Roles: callers, Right: programmehttp.Commerce(),
	}, func(context.Context, *struct{}) (*struct{ Body []webhook.EventName }, error) {
		return &struct{ Body []webhook.EventName }{webhook.EventNames()}, nil
	})
	httpapi.Register(a, httpapi.Route{
		ID: "getWebhook", Method: http.MethodGet, Path: path, Tag: tag, Summary: "Read your registration", Roles: callers, Right: programmehttp.Commerce(),
		Causes: []kernel.Cause{webhook.NotRegistered},
	}, func(ctx context.Context, _ *struct{}) (*registered, error) {
		r, err := s.records.Webhook(ctx, partnerOf(ctx))
		return &registered{ETag: etag(r), Body: registration(r)}, err
	})
	httpapi.RegisterWrite[wished, registered](a, httpapi.Route{
		ID: "createWebhook", Method: http.MethodPost, Path: path, Tag: tag, Summary: "Register for events",
		Description: "One registration for each partner (R-230). What is sent, and how a receiver checks it, is in docs/webhooks.md.", Roles: callers, Right: programmehttp.Commerce(),
		Resource: reflect.TypeFor[Registration](), Echoes: wishEchoes, Causes: append([]kernel.Cause{webhook.AlreadyRegistered}, wishCauses...),
	}, s.createWebhook)
	httpapi.RegisterWrite[replacing, registered](a, httpapi.Route{
		ID: "replaceWebhook", Method: http.MethodPut, Path: path, Tag: tag, Summary: "Replace your registration",
		Description: "What waits is sent to the new address. An endpoint that was switched off is called again.", Roles: callers, Right: programmehttp.Commerce(),
		Resource: reflect.TypeFor[Registration](), Echoes: wishEchoes, Causes: append([]kernel.Cause{webhook.NotRegistered, httpapi.ChangedMeanwhile}, wishCauses...),
	}, s.replaceWebhook)
	httpapi.RegisterWrite[struct{}, struct{}](a, httpapi.Route{
		ID: "deleteWebhook", Method: http.MethodDelete, Path: path, Tag: tag, Status: http.StatusNoContent, Extension: true,
		Summary: "End your registration", Description: "What waits is not sent any more. What became of events can still be read.", Roles: callers, Right: programmehttp.Commerce(),
		Causes: []kernel.Cause{webhook.NotRegistered},
	}, s.deleteWebhook)
}

type wished struct{ Body Wish }

type replacing struct {
	IfMatch string `header:"If-Match" doc:"Extension: refuses the change with 412 when the registration no longer has this entity tag."`
	Body    Wish
}

type registered struct {
	ETag string `header:"ETag" doc:"Extension: changes with each replacement; for If-Match."`
	Body Registration
}

// etag is the entity tag of what the owner wrote, and not of how the endpoint does.
func etag(r webhook.Registration) string {
	return httpapi.EntityTag(r.SubscriberID(), r.ModifiedAt.UTC())
}

// match honours If-Match, where the registration is replaced: nothing can come between.
func (in *replacing) match() func(webhook.Registration) error {
	if in.IfMatch == "" {
		return nil
	}
	return func(now webhook.Registration) error {
		if httpapi.Matches(in.IfMatch, etag(now)) {
			return nil
		}
		return kernel.Refuse(httpapi.ChangedMeanwhile, "Your registration has changed since you read it. Read it again, then replace it.")
	}
}

func answering(ctx context.Context) *httpapi.Answering[webhook.Registration] {
	return httpapi.AnswerTo(ctx, func(r webhook.Registration) (command.Answer, error) {
		answer, err := httpapi.JSON(http.StatusOK, registration(r))
		answer.Header["ETag"] = etag(r)
		return answer, err
	})
}

func (s *Service) createWebhook(ctx context.Context, in *wished) (command.Answer, error) {
	answer := answering(ctx)
	return answer.Of(s.records.RegisterWebhook(ctx, answer.Terms, partnerOf(ctx), in.Body.wish(), s.rules))
}

func (s *Service) replaceWebhook(ctx context.Context, in *replacing) (command.Answer, error) {
	answer := answering(ctx)
	answer.Terms.Match = in.match()
	return answer.Of(s.records.ReplaceWebhook(ctx, answer.Terms, partnerOf(ctx), in.Body.wish(), s.rules))
}

func (s *Service) deleteWebhook(ctx context.Context, _ *struct{}) (command.Answer, error) {
	answer := httpapi.AnswerTo(ctx, func(webhook.Registration) (command.Answer, error) {
		return command.Answer{Status: http.StatusNoContent}, nil
	})
	return answer.Of(s.records.UnregisterWebhook(ctx, answer.Terms, partnerOf(ctx)))
}

func registration(r webhook.Registration) Registration {
	return Registration{
		SubscriberID: r.SubscriberID(), WebhookURL: r.URL, WebhookEvents: r.Events, InMSHeader: r.InMSHeader, Format: r.Format,
		LastModifiedTimestamp: r.ModifiedAt, FailingSince: httpapi.Given(r.Health.FailingSince), RestsUntil: httpapi.Given(r.Health.RestsUntil), SwitchedOff: string(r.Health.Why),
	}
}
