// Package webhook is what partners are told over HTTP: who wants to hear what, where that may be sent, what is said and how it is
// signed, and when what was not heard is said again. It decides; store/ keeps, courier/ sends, mail/ tells
// owners, http/ answers about it.
//
//	event.go         what happened, by the names that clients know
//	occasion.go      when it happens, and who is told
//	registration.go  one partner's wish to be told, and its secrets; secret.go one of them
//	networks.go      which addresses are never called, ports.go which ports; address.go which URLs may be registered
//	body.go          what is said, in either format
//	signature.go     how it is signed; certificate.go the keys behind the signature of R-222
//	delivery.go      an event on its way
//	schedule.go      when it is said again, and what an answer means for event and endpoint
//	causes.go, fields.go  refusals, and bounds of what clients send
package webhook
