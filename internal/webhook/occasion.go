package webhook

// Occasion is a row of the table of what partners are told over HTTP: when an event happens, and who is told.
type Occasion struct {
	Event EventName
	When  string // in the words of the documentation
	Who   string // of those that registered for it
	Rules string // that say so
}

// Occasions is the whole table, in the order in which a partner reads it. What of a transfer is told is in the table of who hears what of
// transfers, too.
func Occasions() []Occasion {
	const both = "source and target"
	return []Occasion{
		{CreateTransfer, "a transfer is asked for", both, "R-200, R-203"},
		{UpdateTransfer, "it is submitted, cancelled, declined, or expires", both, "R-202, R-461"},
		{CompleteTransfer, "everything moved", both, "R-201"},
		{FailTransfer, "something did not move (also `PartiallyComplete`)", both, "R-402"},
		{SubscriptionUpdated, "a subscription is changed through the API or by an operator, or ends as scheduled", "who bills it", "R-232"},
		{RelationshipAccepted, "a customer accepts a direct-bill partner, or an indirect provider without naming a reseller", "that partner", "R-232"},
		{IndirectAccepted, "a customer accepts an indirect reseller, and the provider with it", "reseller and provider, each of its own", "R-261, R-311"},
		{TestCreated, "a test is asked for", "who asks", "R-231"},
	}
}
