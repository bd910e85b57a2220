// Package httpapi is the kernel of the HTTP API: what every operation has in common. It knows no context. A context declares
// its operations in its own room, each by a Route and a handler, and everything about access, bounds, repetition and the
// description follows from that:
//
//	httpapi.Register(a, httpapi.Route{
//		ID: "getThing", Method: http.MethodGet, Path: "/v1/things/{thingId}", Tag: "Things", Summary: "Read a thing",
//		Roles: readers, Right: httpapi.Everybody(), Causes: []kernel.Cause{thing.Unknown},
//	}, s.getThing)
//
//	func (s *Service) getThing(ctx context.Context, in *ThingPath) (*struct{ Body Thing }, error) {
//		found, err := s.records.Thing(ctx, httpapi.RequestOf(ctx).Caller.TenantID, in.ThingID)
//		return &struct{ Body Thing }{thing(found)}, err
//	}
//
// What changes something goes by RegisterWrite. Its handler gives the command the terms of AnswerTo, so that its effect and
// its answer are one transaction, and repeated requests get that answer.
//
// Where to look:
//
//	api.go          what an API is made of, and the order in which a request passes through it
//	request.go      every request: its ids, its deadline, its log line, its metrics, the headers of its answer
//	route.go        how an operation is declared; access.go who may call it, and right.go what else is asked of them
//	idempotency.go  why the same request gets the same answer; answers.go what that answer is; attempts.go what the
//	                partner's log has of those that were refused
//	limits.go       how much one partner may ask for; turns.go how decisions about one thing take turns
//	decoding.go     how a body is read, within the bounds of its fields: bounds.go, scanner.go, json.go;
//	                parameters.go the bounds of everything else
//	query.go        names and repetitions in a query, none of them ignored; paths.go paths in any case; accept.go what a client takes
//	errors.go       what a refusal looks like; causes.go those that are about HTTP
//	collections.go  pages, filters and links; etags.go entity tags; events.go streams of events; downloads.go
//	                answers that never stand in memory
//	openapi.go      the description of all this; documents.go the pages that show it; health.go the probes
package httpapi
