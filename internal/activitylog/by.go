package activitylog

// By is who makes a change that is not a transfer's, for the log.
type By struct {
	PartnerTenantID string
	UserID          string // empty when an application acts by itself
	ApplicationID   string
	CorrelationID   string // MS-CorrelationId of the request
	SalesAgentOnly  bool   // a sales agent who is not an admin agent too
}
