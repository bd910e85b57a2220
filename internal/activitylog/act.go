package activitylog

import "slices"

// Act is a row of the table of what stands in the log: something that changes what there is, through what it can be done, and
// what the log says of it, or why it says nothing.
type Act struct {
	What string // in words

	Routes   []string // operations of the API by which it is done
	Commands []string // of starter
	Itself   bool     // the platform does it without being asked

	Resource  ResourceType
	Operation AuditOperation
	In        string // whose logs; empty when it is in none
	Failed    bool   // it is a record of what was refused

	Unlogged string // why it is in no log; empty when it is in one
}

// Whose logs a record is in.
const (
	inBoth    = "source and target"
	inOwn     = "the partner that acts"
	inBiller  = "the partner that bills it"
	inPartner = "the partner concerned"
	inTies    = "both partners"
	inClients = "each partner of the customer"
)

// ways to administer, which are several for every record.
func administered(commands ...string) []string {
	return append(commands, "starter admin apply")
}

// Acts is the whole table, in the order of what it is about.
func Acts() []Act {
	return slices.Concat(transferActs(), partnerActs(), operatorActs(), webhookActs(), forgettingActs(), []Act{refusedAct}, silentActs())
}

func transferActs() []Act {
	const decides = "updateTransfer"
	return []Act{
		{What: "a transfer is asked for", Routes: []string{"createTransfer"}, Commands: []string{"starter create"}, Resource: TransferResource, Operation: AuditCreate, In: inBoth},
		{What: "it is approved", Routes: []string{decides}, Commands: []string{"starter submit"}, Resource: TransferResource, Operation: AuditUpdate, In: inBoth},
		{What: "it is withdrawn", Routes: []string{decides}, Commands: []string{"starter cancel"}, Resource: TransferResource, Operation: AuditUpdate, In: inBoth},
		{What: "it is declined", Routes: []string{decides}, Commands: []string{"starter decline"}, Resource: TransferResource, Operation: AuditUpdate, In: inBoth},
		{What: "it expires", Itself: true, Resource: TransferResource, Operation: AuditUpdate, In: inBoth},
		{What: "it is complete", Itself: true, Resource: TransferResource, Operation: AuditComplete, In: inBoth},
		{What: "it failed, altogether or partly", Itself: true, Resource: TransferResource, Operation: AuditFail, In: inBoth},
		{What: "line items are given up", Commands: []string{"starter give-up"}, Resource: TransferResource, Operation: AuditUpdate, In: inBoth},
		{What: "it is said, or answered late, what became of a held line item", Commands: []string{"starter resolve"}, Itself: true, Resource: TransferResource, Operation: AuditUpdate, In: inBoth},
		{What: "a line item is held that moved although it had ended otherwise", Itself: true, Resource: TransferResource, Operation: AuditUpdate, In: inBoth},
		{What: "its run is made to look again", Commands: []string{"starter resume", "starter verify --repair"}, Resource: TransferResource, Operation: AuditUpdate, In: inBoth},
		{What: "undelivered e-mails about it are sent again", Commands: []string{"starter mail resend"}, Resource: TransferResource, Operation: AuditUpdate, In: inBoth},
		{
			What: "a decision that came through Temporal is refused", Commands: []string{"starter submit", "starter cancel", "starter decline"},
			Resource: TransferResource, Operation: AuditUpdate, In: "the target for its own, else the source", Failed: true,
		},
		{
			What: "a party changes its own labels of a transfer", Routes: []string{decides},
			Unlogged: "they are notes of that party to itself; nobody else sees them, and nothing follows from them",
		},
	}
}

func partnerActs() []Act {
	return []Act{
		{What: "a subscription is changed", Routes: []string{"updateSubscription"}, Resource: SubscriptionResource, Operation: AuditUpdateSubscription, In: inBiller},
		{What: "a subscription ends as scheduled", Itself: true, Resource: SubscriptionResource, Operation: AuditUpdateSubscription, In: inBiller},
		{What: "a customer agreement is attested", Routes: []string{"attestAgreement"}, Resource: AgreementResource, Operation: AuditCreateAgreement, In: inOwn},
		{What: "a customer of a sandbox is taken on", Routes: []string{"makeSandboxRelationship"}, Resource: RelationshipResource, Operation: AuditCreateRelationship, In: inOwn},
	}
}

func operatorActs() []Act {
	world, endings := []string{"applyWorld"}, []string{"endTies"}
	return []Act{
		{What: "a partner is added or changed, its programmes included", Routes: world, Commands: administered("starter admin partner put"), Resource: PartnerResource, Operation: AuditUpdateCompany, In: inPartner},
		{What: "a partner gets another PartnerID", Routes: world, Commands: administered("starter admin partner put"), Resource: PartnerResource, Operation: AuditUpdateMPNAssociation, In: inPartner},
		{What: "a user is added", Routes: world, Commands: administered("starter admin user put"), Resource: PartnerUserResource, Operation: AuditCreatePartnerUser, In: inPartner},
		{What: "a user is changed", Routes: world, Commands: administered("starter admin user put"), Resource: PartnerUserResource, Operation: AuditUpdatePartnerUser, In: inPartner},
		{What: "a user leaves", Routes: world, Commands: administered("starter admin user remove"), Resource: PartnerUserResource, Operation: AuditRemovePartnerUser, In: inPartner},
		{What: "a customer is changed", Routes: world, Commands: administered("starter admin customer put"), Resource: CustomerResource, Operation: AuditUpdateCustomer, In: inClients},
		{What: "a customer is added", Routes: world, Commands: administered("starter admin customer put"), Unlogged: "nobody has to do with it yet; its first relationship is logged"},
		{What: "a relationship begins", Routes: world, Commands: administered("starter admin relationship put"), Resource: RelationshipResource, Operation: AuditAddCustomer, In: inPartner},
		{What: "a relationship is changed", Routes: world, Commands: administered("starter admin relationship put"), Resource: RelationshipResource, Operation: AuditUpdateCustomer, In: inPartner},
		{What: "a relationship ends", Routes: endings, Commands: []string{"starter admin relationship end"}, Resource: RelationshipResource, Operation: AuditRemoveCustomer, In: inPartner},
		{What: "a customer agreement is recorded", Routes: world, Commands: administered("starter admin agreement put"), Resource: AgreementResource, Operation: AuditCreateAgreement, In: inPartner},
		{What: "a partnership begins", Routes: world, Commands: administered("starter admin partnership put"), Resource: PartnershipResource, Operation: AuditCreatePartnerRelation, In: inTies},
		{What: "a partnership ends", Routes: endings, Commands: []string{"starter admin partnership end"}, Resource: PartnershipResource, Operation: AuditRemovePartnerRelation, In: inTies},
		{What: "a subscription is added or changed by an operator", Routes: world, Commands: administered("starter admin subscription put"), Resource: SubscriptionResource, Operation: AuditUpdateSubscription, In: inBiller},
	}
}

func webhookActs() []Act {
	return []Act{
		{What: "a webhook is registered", Routes: []string{"createWebhook"}, Commands: []string{"starter webhook register"}, Resource: WebhookResource, Operation: AuditCreateWebhook, In: inOwn},
		{What: "it is changed, or switched on again", Routes: []string{"replaceWebhook"}, Commands: []string{"starter webhook register"}, Resource: WebhookResource, Operation: AuditUpdateWebhook, In: inOwn},
		{What: "it is ended", Routes: []string{"deleteWebhook"}, Commands: []string{"starter webhook unregister"}, Resource: WebhookResource, Operation: AuditRemoveWebhook, In: inOwn},
		{What: "it is switched off, and why", Itself: true, Resource: WebhookResource, Operation: AuditSwitchOffWebhook, In: inPartner},
		{
			What: "events are sent again", Routes: []string{"redeliverWebhook", "redeliverDeadWebhooks"}, Commands: []string{"starter webhook redeliver"},
			Resource: WebhookResource, Operation: AuditRedeliverWebhook, In: inOwn,
		},
		{
			What: "a test event is sent", Routes: []string{"testWebhook"}, Commands: []string{"starter webhook test"},
			Unlogged: "nothing is changed but what is told, and the log of deliveries says that",
		},
	}
}

// forgettingActs are what stays of what is forgotten: that it was, never what.
func forgettingActs() []Act {
	forget := []string{"starter forget"}
	return []Act{
		{What: "what is personal of a transfer is forgotten", Commands: forget, Resource: TransferResource, Operation: AuditUpdate, In: inBoth},
		{What: "contacts of a customer agreement are forgotten", Commands: forget, Resource: AgreementResource, Operation: AuditUpdateCustomer, In: inPartner},
		{What: "a user who left is forgotten", Commands: forget, Resource: PartnerUserResource, Operation: AuditUpdatePartnerUser, In: inPartner},
		{What: "contacts of an application to a programme are forgotten", Commands: forget, Resource: PartnerResource, Operation: AuditUpdateCompany, In: inPartner},
		{
			What: "kept answers, excerpts of what endpoints answered and mail about webhooks are forgotten", Commands: forget,
			Unlogged: "answers and excerpts are gone by themselves within 30 days; whom the platform mailed stands in no log",
		},
	}
}

// refusedAct is of the resource and the operation of what was tried.
var refusedAct = Act{What: "a change that a partner asked for over the API is refused", In: inOwn, Failed: true}

func silentActs() []Act {
	return []Act{
		{
			What: "a move: the new subscription, the order, the billing lines", Itself: true,
			Unlogged: "the record of the transfer's end tells it; each billing line is a record itself, as little to be changed as the log",
		},
		{What: "the world that an empty ledger begins with", Commands: []string{"starter seed"}, Unlogged: "nobody was there yet whom it could concern"},
		{What: "the schema is changed, rights are granted", Commands: []string{"starter migrate"}, Unlogged: "nothing that a partner has is changed; the schema's own table of versions says when"},
		{
			What: "runs of other kinds than transfers' are made to look again", Commands: []string{"starter verify --repair"},
			Unlogged: "a look decides nothing; what follows from it is logged",
		},
		{What: "a mail server says that an e-mail was not delivered after all", Commands: []string{"starter mail bounced"}, Unlogged: "operators see the e-mail as undelivered, as if it had been refused at once"},
		{
			What: "what was sent, waits or is kept: e-mail, deliveries, runs told, outages, kept answers, reminders", Itself: true,
			Unlogged: "how the platform works, not what it did; each has a table that operators read",
		},
	}
}

// TriedBy is what the log calls an attempt at the operation of the API that was refused, and whether it takes one. Of an operation that
// does many things it is the first of them.
func TriedBy(route string) (ResourceType, AuditOperation, bool) {
	for _, act := range Acts() {
		if act.Operation != "" && !act.Failed && slices.Contains(act.Routes, route) {
			return act.Resource, act.Operation, true
		}
	}
	return "", "", false
}
