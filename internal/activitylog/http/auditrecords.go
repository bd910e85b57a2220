// Package activityloghttp are the operations about a partner's own activity log.
//
//	auditrecords.go  a page of it, and one record
//	export.go        all of it, as CSV
package activityloghttp

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"reflect"
	"time"

	"handover/internal/activitylog"
	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/httpapi"
	"handover/internal/identity"
	"handover/internal/kernel"
	"handover/internal/store"
)

// AuditRecord is one entry of the caller's activity log (domain section 7).
type AuditRecord struct {
	ID                    string                     `json:"id" doc:"Id of the record (R-211)."`
	PartnerID             string                     `json:"partnerId" doc:"Whose log it is."`
	Participants          []string                   `json:"participants" doc:"The partners that have a record of the same event."`
	CustomerID            string                     `json:"customerId" doc:"The customer it concerns; zeros for none."`
	CustomerName          string                     `json:"customerName" doc:"Name of that customer; empty for none."`
	UserPrincipalName     string                     `json:"userPrincipalName,omitempty" doc:"Who acted: the user principal name where the token said it, in the log of the user's own partner; otherwise the object id. Absent for an application."`
	ApplicationID         string                     `json:"applicationId" doc:"The application that acted; empty where nobody told."`
	ResourceType          activitylog.ResourceType   `json:"resourceType" example:"transfer" doc:"What it was done to."`
	ResourceOldValue      string                     `json:"resourceOldValue,omitempty" doc:"JSON as text."`
	ResourceNewValue      string                     `json:"resourceNewValue,omitempty" doc:"JSON as text; never more than the caller may see (R-190)."`
	OperationType         activitylog.AuditOperation `json:"operationType" example:"create_transfer" doc:"What was done (R-304, R-306)."`
	OriginalCorrelationID string                     `json:"originalCorrelationId,omitempty" doc:"MS-CorrelationId of the request, where there was one."`
	OperationDate         time.Time                  `json:"operationDate" doc:"When it happened, in UTC."`
	OperationStatus       string                     `json:"operationStatus" enum:"succeeded,failed" doc:"Whether it was done or refused (R-305)."`
	CustomizedData        []KeyValue                 `json:"customizedData" doc:"ResourceId, what the record is about; UserId, the object id of a user whose principal name is known."`
	Attributes            httpapi.Attributes         `json:"attributes"`
}

// KeyValue is a pair in an audit record.
type KeyValue struct {
	Key   string `json:"key" doc:"What the value is."`
	Value string `json:"value" doc:"The value."`
}

// AuditRecords is one page of the log.
type AuditRecords struct {
	TotalCount        int                `json:"totalCount" doc:"How many records the search finds in all."`
	Items             []AuditRecord      `json:"items" doc:"The newest first."`
	ContinuationToken string             `json:"continuationToken,omitempty" doc:"For ?seek= of the next request; absent on the last page."`
	Links             httpapi.PageLinks  `json:"links"`
	Attributes        httpapi.Attributes `json:"attributes"`
}

type searchAudit struct {
	httpapi.Paging
	StartDate string `query:"startDate" also:"auditRequest.startDate" doc:"yyyy-mm-dd, at most 90 days back; 30 days back when left out (R-300)." example:"2026-11-01"`
	EndDate   string `query:"endDate" also:"auditRequest.endDate" doc:"yyyy-mm-dd, included; today when left out."`
	Format    string `query:"format" doc:"Extension: json or csv; the header Accept: text/csv does the same." example:"csv"`
	Accept    string `header:"Accept" doc:"text/csv for CSV."`
	Filter    string `query:"filter" also:"auditRequest.filter" doc:"JSON: {\"Field\": \"CompanyName\", \"Value\": \"…\", \"Operator\": \"substring\"}, or CustomerId or ResourceType with equals (R-301)."`
}

// Records is what the operations ask of the ledger.
type Records interface {
	AuditLog(ctx context.Context, q activitylogstore.AuditSearch) (store.Page[activitylogstore.AuditEntry], error)
	AuditPage(ctx context.Context, q activitylogstore.AuditSearch) ([]activitylogstore.AuditEntry, error)
	AuditEntry(ctx context.Context, partnerTenantID, id string) (activitylogstore.AuditEntry, error)
}

// Service answers requests about the log.
type Service struct {
	records Records
	now     func() time.Time
}

// New makes the service. The time says how far back the log may be read.
func New(records Records, now func() time.Time) *Service { return &Service{records, now} }

// Register declares the operations.
func (s *Service) Register(a *httpapi.API) {
	auditors := []identity.Role{identity.AdminAgent}
	httpapi.RegisterDownload(a, httpapi.Route{
		ID: "listAuditRecords", Method: http.MethodGet, Path: "/v1/auditrecords", Tag: "Audit", Summary: "Read your activity log",
		Description: "Records in which the caller is the partner or a participant (R-307), the newest first. As CSV (extension, R-303) it is all of them, " +
			"from the place of the token on if there is one; size is not for CSV.", Roles: auditors, Right: httpapi.Everybody(),
		Causes: []kernel.Cause{activitylog.LogNotKept, kernel.InvalidInput, kernel.UnknownEnum},
		Forms: []httpapi.Form{
			{Status: http.StatusOK, Kind: "application/json", Body: reflect.TypeFor[AuditRecords](), Description: "One page."},
			{Status: http.StatusOK, Kind: "text/csv", Body: reflect.TypeFor[string]()},
		},
	}, s.listAudit)
	for id, path := range map[string]string{"getAuditRecord": "/v1/auditrecords/{recordId}", "getAuditRecordByUri": "/auditactivity/v1/auditrecords/{recordId}"} {
		httpapi.Register(a, httpapi.Route{
			ID: id, Method: http.MethodGet, Path: path, Tag: "Audit", Summary: "Read one record of your activity log", Roles: auditors, Right: httpapi.Everybody(),
			Description: "The record with the id of R-211, as the AuditUri of a webhook names it.", Causes: []kernel.Cause{activitylog.LogEntryUnknown},
		}, s.getAudit)
	}
}

func (s *Service) listAudit(ctx context.Context, in *searchAudit) (*httpapi.Download, error) {
	form, err := in.form()
	if err != nil {
		return nil, err
	}
	wanted, err := in.search(httpapi.RequestOf(ctx).Caller.TenantID, s.now())
	if err != nil {
		return nil, err
	}
	if form == asCSV {
		return s.export(ctx, wanted)
	}
	found, err := s.records.AuditLog(ctx, wanted)
	if err != nil {
		return nil, err
	}
	return httpapi.JSONDownload(in.page(found)), nil
}

// page is the answer, with what it was asked by in its links.
func (in *searchAudit) page(found store.Page[activitylogstore.AuditEntry]) AuditRecords {
	page := AuditRecords{TotalCount: found.Total, Items: make([]AuditRecord, len(found.Items)), Attributes: httpapi.Collection}
	for i, e := range found.Items {
		page.Items[i] = auditRecord(e)
	}
	kept := url.Values{}
	for name, value := range map[string]string{"startDate": in.StartDate, "endDate": in.EndDate, "filter": in.Filter} {
		if value != "" {
			kept.Set(name, value)
		}
	}
	page.Links.Self = in.Self("/auditrecords", kept)
	if found.More {
		last := found.Items[len(found.Items)-1].Cursor()
		page.ContinuationToken = httpapi.WriteCursor(last.At, last.ID)
	}
	page.Links.Next = in.Next("/auditrecords", page.ContinuationToken, kept)
	return page
}

func (s *Service) getAudit(ctx context.Context, in *struct {
	RecordID string `path:"recordId" doc:"Id of the record."`
}) (*struct{ Body AuditRecord }, error) {
	found, err := s.records.AuditEntry(ctx, httpapi.RequestOf(ctx).Caller.TenantID, in.RecordID)
	return &struct{ Body AuditRecord }{auditRecord(found)}, err
}

// search is what the ledger is asked.
func (in *searchAudit) search(partner string, now time.Time) (activitylogstore.AuditSearch, error) {
	q := activitylogstore.AuditSearch{PartnerTenantID: partner}
	var err error
	if q.Limit, err = httpapi.PageSize(in.Size, httpapi.MostPage); err != nil {
		return q, err
	}
	from, _, err := logDate("startDate", in.StartDate)
	if err != nil {
		return q, err
	}
	until, wholeDay, err := logDate("endDate", in.EndDate)
	if err != nil {
		return q, err
	}
	if wholeDay {
		until = kernel.NextDay(until)
	}
	if q.From, q.Until, err = activitylog.LogWindow(from, until, now); err != nil {
		return q, err
	}
	if err := auditFilter(in.Filter, &q); err != nil {
		return q, err
	}
	after, err := in.After()
	if err != nil || after == "" {
		return q, err
	}
	at, id, err := httpapi.ReadCursor(after)
	q.After = &activitylogstore.AuditCursor{At: at, ID: id}
	return q, err
}

// logDate reads a date of the log's search, in the forms that clients send it (wire-notes 5); wholeDay tells that it came
// without a time. With a time, a slashed date is the month first, as Microsoft's SDK writes it; without one it could mean
// two days and is refused. Refusals: those of kernel.ReadTime.
func logDate(name, text string) (at time.Time, wholeDay bool, err error) {
	if text == "" {
		return time.Time{}, false, nil
	}
	_, notADay := time.Parse(time.DateOnly, text)
	at, err = kernel.ReadTime(name, text, "a date such as 2026-11-21", time.DateOnly, "1/2/2006 15:04:05", "1/2/2006 3:04:05 PM", time.RFC3339, "2006-01-02T15:04:05")
	return at, notADay == nil, err
}

func auditFilter(text string, q *activitylogstore.AuditSearch) error {
	f, err := httpapi.ReadFilter(text)
	if err != nil || f.Field == "" {
		return err
	}
	switch {
	case f.By("CompanyName", "substring"):
		q.CompanyName = f.Value
	case f.By("CustomerId", "equals"):
		q.CustomerID = f.Value
	case f.By("ResourceType", "equals"):
		q.Resource = activitylog.ResourceNamed(f.Value)
	default:
		return kernel.Refuse(kernel.UnknownEnum, "filter allows CompanyName with substring, CustomerId with equals and ResourceType with equals.")
	}
	return nil
}

func auditRecord(e activitylogstore.AuditEntry) AuditRecord {
	about := []KeyValue{}
	if id := e.About(); id != "" {
		about = append(about, KeyValue{Key: "ResourceId", Value: id})
	}
	if e.UserPrincipalName != "" {
		about = append(about, KeyValue{Key: "UserId", Value: e.UserID})
	}
	return AuditRecord{
		ID: e.ID, PartnerID: e.PartnerTenantID, Participants: e.Participants,
		CustomerID: cmp.Or(e.CustomerTenantID, activitylog.NoCustomer), CustomerName: e.CustomerName,
		UserPrincipalName: cmp.Or(e.UserPrincipalName, e.UserID), ApplicationID: e.ApplicationID, ResourceType: e.Resource,
		ResourceOldValue: e.OldValue, ResourceNewValue: e.NewValue, OperationType: e.Operation, OriginalCorrelationID: e.CorrelationID,
		OperationDate: e.At, OperationStatus: e.Status, CustomizedData: about, Attributes: httpapi.Attributes{ObjectType: "AuditRecord"},
	}
}
