package webhook

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// MostBody bounds what is sent of one event, in bytes.
const MostBody = 20 << 10

// Bases are where the links in a body begin.
type Bases struct {
	Resources    string // of ResourceUri and AuditUri; some consumers drop what does not begin with Partner Center's own address
	Certificates string // where the gateway can be reached that serves the certificates
}

// notice is the body of PartnerCenter: these five fields and no others.
type notice struct {
	EventName             EventName
	ResourceUri           string //nolint:revive // as it is spelled on the wire
	ResourceName          string
	AuditUri              *string //nolint:revive // as it is spelled on the wire
	ResourceChangeUtcDate string
}

// message is the body of Standard.
type message struct {
	Type      string      `json:"type"`
	Timestamp string      `json:"timestamp"`
	Data      messageData `json:"data"`
}

type messageData struct {
	EventName   EventName `json:"eventName"`
	CustomerID  string    `json:"customerId,omitempty"`
	ResourceID  string    `json:"resourceId"`
	ResourceURI string    `json:"resourceUri"`
	AuditURI    string    `json:"auditUri,omitempty"`
}

// dotNet is how times of Partner Center are written: to 100 ns.
const dotNet = "2006-01-02T15:04:05.0000000-07:00"

// Body is what is sent of the event. Error: *UnsaidError for one that this program does not know, or whose body is too large.
func (e Event) Body(f Format, b Bases) ([]byte, error) {
	kind, known := kindOf[e.Name]
	if !known {
		return nil, &UnsaidError{Fault: FaultUnknown, Later: true, Err: fmt.Errorf("there is no event %q", e.Name)}
	}
	resource, audit := e.resourceURI(b), e.auditURI(b)
	var said any = message{
		Type: kind.kind, Timestamp: e.At.UTC().Format(time.RFC3339Nano),
		Data: messageData{EventName: e.Name, CustomerID: e.CustomerTenantID, ResourceID: e.ResourceID, ResourceURI: resource, AuditURI: audit},
	}
	if f == PartnerCenter {
		n := notice{EventName: e.Name, ResourceUri: resource, ResourceName: kind.resource, ResourceChangeUtcDate: e.At.UTC().Format(dotNet)}
		if audit != "" {
			n.AuditUri = &audit
		}
		said = n
	}
	body, err := json.Marshal(said)
	if err == nil && len(body) > MostBody {
		err = fmt.Errorf("the body of event %s has %d bytes, more than %d", e.ID, len(body), MostBody)
	}
	if err != nil {
		return nil, &UnsaidError{Fault: FaultUnsayable, Err: err}
	}
	return body, nil
}

// resourceURI is where the receiver reads what the event is about. It ends in the id of that (wire-notes 4).
func (e Event) resourceURI(b Bases) string {
	base := strings.TrimSuffix(b.Resources, "/")
	customer := base + "/v1/customers/" + e.CustomerTenantID
	switch e.Name {
	case TestCreated:
		return base + "/webhooks/v1/registration/validationEvents/" + e.ResourceID
	case SubscriptionUpdated:
		return customer + "/subscriptions/" + e.ResourceID
	case RelationshipAccepted, IndirectAccepted:
		return customer
	default:
		return customer + "/transfers/" + e.ResourceID
	}
}

// auditURI is where the partner's audit record of the event is; a test has none. Consumers split it at "_".
func (e Event) auditURI(b Bases) string {
	if e.Name == TestCreated {
		return ""
	}
	return strings.TrimSuffix(b.Resources, "/") + "/auditactivity/v1/auditrecords/" + e.ID
}
