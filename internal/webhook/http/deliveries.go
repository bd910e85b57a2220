package webhookhttp

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"handover/internal/command"
	"handover/internal/httpapi"
	"handover/internal/kernel"
	programmehttp "handover/internal/programme/http"
	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
)

// Delivery is an event that the caller was told of, or is to be.
type Delivery struct {
	ID          string             `json:"id" doc:"The event's id: webhook-id of every attempt, and that of its audit record (R-211)."`
	EventName   webhook.EventName  `json:"eventName" doc:"What happened."`
	CustomerID  string             `json:"customerId,omitempty" doc:"The customer it concerns; absent for a test."`
	ResourceID  string             `json:"resourceId" doc:"What it is about."`
	EventDate   time.Time          `json:"eventDate" doc:"When it happened."`
	Status      webhook.Status     `json:"status" enum:"waiting,delivered,dead" doc:"dead: not sent any more, unless you ask for it."`
	Attempts    int                `json:"attempts" doc:"How often it was sent."`
	NextAttempt *time.Time         `json:"nextAttempt,omitempty" doc:"When it is sent again; absent once it is not."`
	Ended       *time.Time         `json:"ended,omitempty" doc:"When it was delivered or given up."`
	LastStatus  int                `json:"lastStatus,omitempty" doc:"HTTP status of the latest answer; absent when there was none."`
	LastFault   string             `json:"lastFault,omitempty" doc:"Why there was none."`
	Attributes  httpapi.Attributes `json:"attributes"`
}

// DeliveryAttempts is a delivery with its attempts.
type DeliveryAttempts struct {
	Delivery
	Results []DeliveryAttempt `json:"results" doc:"The attempts, the latest first; at most a hundred."`
}

// DeliveryAttempt is one attempt.
type DeliveryAttempt struct {
	Number   int       `json:"number" doc:"From 1."`
	At       time.Time `json:"at" doc:"When it was made."`
	Status   int       `json:"status,omitempty" doc:"HTTP status of the answer; absent when there was none."`
	Fault    string    `json:"fault,omitempty" doc:"Why there was none."`
	Millis   int64     `json:"milliseconds" doc:"How long the endpoint took."`
	Response string    `json:"response,omitempty" doc:"The beginning of the answer, in one line."`
}

// Deliveries is one page of the log.
type Deliveries struct {
	TotalCount        int                `json:"totalCount" doc:"How many the search finds in all."`
	Items             []Delivery         `json:"items" doc:"The newest first."`
	ContinuationToken string             `json:"continuationToken,omitempty" doc:"For ?seek= of the next request; absent on the last page."`
	Links             httpapi.PageLinks  `json:"links"`
	Attributes        httpapi.Attributes `json:"attributes"`
}

// Redelivered tells how many events are sent again.
type Redelivered struct {
	Count   int  `json:"count" doc:"How many dead letters are sent again."`
	Skipped int  `json:"skipped" doc:"How many of that time are not, because the registration does not have their event (any more)."`
	More    bool `json:"more" doc:"Whether there may be more: ask again."`
}

func (s *Service) registerDeliveries(a *httpapi.API) {
	const path = "/webhooks/v1/deliveries"
	httpapi.Register(a, httpapi.Route{
		ID: "listWebhookDeliveries", Method: http.MethodGet, Path: path, Tag: tag, Extension: true, Summary: "What became of your events",
		Description: "Kept for 30 days, the newest first.", Roles: callers, Right: programmehttp.Commerce(), Causes: []kernel.Cause{kernel.InvalidInput, kernel.UnknownEnum},
	}, s.listDeliveries)
	httpapi.Register(a, httpapi.Route{
		ID: "getWebhookDelivery", Method: http.MethodGet, Path: path + "/{deliveryId}", Tag: tag, Extension: true, Summary: "One event with every attempt", Roles: callers, Right: programmehttp.Commerce(),
		Causes: []kernel.Cause{webhook.DeliveryUnknown},
	}, s.getDelivery)
	httpapi.RegisterWrite[deliveryPath, struct{ Body Delivery }](a, httpapi.Route{
		ID: "redeliverWebhook", Method: http.MethodPost, Path: path + "/{deliveryId}/redeliver", Tag: tag, Extension: true, Summary: "Send an event again",
		Description: "With ten attempts more, under the same id.", Roles: callers, Right: programmehttp.Commerce(),
		Causes: []kernel.Cause{webhook.NotRegistered, webhook.NothingToSend, webhook.DeliveryUnknown},
	}, s.redeliver)
	httpapi.RegisterWrite[redeliverDead, struct{ Body Redelivered }](a, httpapi.Route{
		ID: "redeliverDeadWebhooks", Method: http.MethodPost, Path: path + "/redeliver", Tag: tag, Extension: true, Summary: "Send dead letters of a time again",
		Description: "The oldest first, at most a thousand at once.", Roles: callers, Right: programmehttp.Commerce(),
		Causes: []kernel.Cause{webhook.NotRegistered, webhook.NothingToSend, kernel.InvalidInput},
	}, s.redeliverDead)
}

type searchDeliveries struct {
	httpapi.Paging
	Status     string `query:"status" doc:"Only these: waiting, delivered or dead."`
	Event      string `query:"event" doc:"Only this event."`
	ResourceID string `query:"resourceId" doc:"Only what is about this."`
	From       string `query:"from" doc:"Only what happened at or after this time." example:"2026-11-01T00:00:00Z"`
	Until      string `query:"until" doc:"Only what happened before this time."`
}

// usualPage is how many deliveries a page has, unless the caller says.
const usualPage = 100

func (in *searchDeliveries) search(partner string) (webhookstore.Search, error) {
	q := webhookstore.Search{PartnerTenantID: partner, ResourceID: in.ResourceID}
	var err error
	if q.Limit, err = httpapi.PageSize(in.Size, usualPage); err != nil {
		return q, err
	}
	var known bool
	if q.Status, known = kernel.Named(webhook.Status(in.Status), webhook.Waiting, webhook.Delivered, webhook.Dead, ""); !known {
		return q, kernel.Refuse(kernel.UnknownEnum, "Deliveries have the status waiting, delivered or dead.")
	}
	if in.Event != "" {
		events, err := webhook.ReadEvents([]string{in.Event})
		if err != nil {
			return q, err
		}
		q.Event = events[0]
	}
	if q.From, q.Until, err = period(in.From, in.Until); err != nil {
		return q, err
	}
	after, err := in.After()
	if err != nil || after == "" {
		return q, err
	}
	at, id, err := httpapi.ReadCursor(after)
	q.After = &webhookstore.Cursor{At: at, ID: id}
	return q, err
}

// period reads the times that something is asked for between, each of which may be left out. Refusals: those of httpapi.QueryTime; InvalidInput for an end
// before the beginning.
func period(from, until string) (begin, end time.Time, err error) {
	if begin, err = httpapi.QueryTime("from", from); err != nil {
		return begin, end, err
	}
	if end, err = httpapi.QueryTime("until", until); err != nil {
		return begin, end, err
	}
	if !end.IsZero() && end.Before(begin) {
		err = kernel.Refuse(kernel.InvalidInput, "The time until must not be before from.")
	}
	return begin, end, err
}

func (s *Service) listDeliveries(ctx context.Context, in *searchDeliveries) (*struct{ Body Deliveries }, error) {
	q, err := in.search(partnerOf(ctx))
	if err != nil {
		return nil, err
	}
	found, err := s.records.WebhookDeliveries(ctx, q)
	if err != nil {
		return nil, err
	}
	page := Deliveries{TotalCount: found.Total, Items: make([]Delivery, len(found.Items)), Attributes: httpapi.Collection}
	for i, d := range found.Items {
		page.Items[i] = delivery(d)
	}
	kept := url.Values{}
	for name, value := range map[string]string{"status": in.Status, "event": in.Event, "resourceId": in.ResourceID, "from": in.From, "until": in.Until} {
		if value != "" {
			kept.Set(name, value)
		}
	}
	const path = "/webhooks/v1/deliveries"
	page.Links.Self = httpapi.LinkTo(path, kept)
	if found.More {
		last := found.Items[len(found.Items)-1]
		page.ContinuationToken = httpapi.WriteCursor(last.At, last.ID)
	}
	page.Links.Next = in.Next(path, page.ContinuationToken, kept)
	return &struct{ Body Deliveries }{page}, nil
}

type deliveryPath struct {
	DeliveryID string `path:"deliveryId" doc:"Id of the event."`
}

func (s *Service) getDelivery(ctx context.Context, in *deliveryPath) (*struct{ Body DeliveryAttempts }, error) {
	d, attempts, err := s.records.WebhookDelivery(ctx, partnerOf(ctx), in.DeliveryID)
	told := DeliveryAttempts{Delivery: delivery(d), Results: make([]DeliveryAttempt, len(attempts))}
	for i, a := range attempts {
		told.Results[i] = DeliveryAttempt{Number: a.N, At: a.At, Status: a.Status, Fault: a.Fault, Millis: a.Took.Milliseconds(), Response: a.Excerpt}
	}
	return &struct{ Body DeliveryAttempts }{told}, err
}

func (s *Service) redeliver(ctx context.Context, in *deliveryPath) (command.Answer, error) {
	answer := httpapi.AnswerTo(ctx, func(d webhook.Delivery) (command.Answer, error) { return httpapi.JSON(http.StatusOK, delivery(d)) })
	return answer.Of(s.records.RedeliverWebhook(ctx, answer.Terms, partnerOf(ctx), in.DeliveryID))
}

type redeliverDead struct {
	From  string `query:"from" doc:"Those that happened at or after this time." example:"2026-11-01T00:00:00Z"`
	Until string `query:"until" doc:"Those that happened before this time; now when left out."`
}

func (s *Service) redeliverDead(ctx context.Context, in *redeliverDead) (command.Answer, error) {
	answer := httpapi.AnswerTo(ctx, func(done webhookstore.Redelivered) (command.Answer, error) {
		return httpapi.JSON(http.StatusOK, Redelivered{Count: done.Count, Skipped: done.Skipped, More: done.More()})
	})
	from, until, err := period(in.From, in.Until)
	if err != nil {
		return command.Answer{}, err
	}
	return answer.Of(s.records.RedeliverDeadWebhooks(ctx, answer.Terms, partnerOf(ctx), from, until))
}

func delivery(d webhook.Delivery) Delivery {
	told := Delivery{
		ID: d.ID, EventName: d.Name, CustomerID: d.CustomerTenantID, ResourceID: d.ResourceID, EventDate: d.At, Status: d.Status, Attempts: d.Attempts,
		Ended: httpapi.Given(d.EndedAt), LastStatus: d.LastStatus, LastFault: d.LastFault, Attributes: httpapi.Attributes{ObjectType: "WebhookDelivery"},
	}
	if d.Status == webhook.Waiting {
		told.NextAttempt = httpapi.Given(d.NextAt)
	}
	return told
}
