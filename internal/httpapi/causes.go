package httpapi

import (
	"net/http"

	"handover/internal/kernel"
)

// The causes that are about HTTP and not about the domain. Each has a code of its own where the wire contract has one.
const (
	NotAPartner      kernel.Cause = "NotAPartner"      // a caller with a valid token who is not known here
	ChangedMeanwhile kernel.Cause = "ChangedMeanwhile" // the entity tag of If-Match is an old one

	tokenMissing     kernel.Cause = "TokenMissing"
	tokenInvalid     kernel.Cause = "TokenInvalid"
	userRequired     kernel.Cause = "UserRequired"
	roleMissing      kernel.Cause = "RoleMissing"
	noSuchPath       kernel.Cause = "NoSuchPath"
	methodNotAllowed kernel.Cause = "MethodNotAllowed"
	badRequest       kernel.Cause = "BadRequest"
	unknownParameter kernel.Cause = "UnknownParameter"
	unknownMember    kernel.Cause = "UnknownMember"
	givenTwice       kernel.Cause = "GivenTwice"
	emptyParameter   kernel.Cause = "EmptyParameter"
	wrongMediaType   kernel.Cause = "WrongMediaType"
	tooLarge         kernel.Cause = "RequestTooLarge"
	tooSlow          kernel.Cause = "RequestTooSlow"
	tooManyRequests  kernel.Cause = "TooManyRequests"
	unavailable      kernel.Cause = "Unavailable"
	unexpected       kernel.Cause = "Unexpected"
)

var _ = kernel.Register(map[kernel.Cause]kernel.Meaning{
	NotAPartner:      {Code: "900137", Status: http.StatusForbidden, Rule: "R-189"},
	ChangedMeanwhile: {Code: "2055", Status: http.StatusPreconditionFailed, Rule: "extension"},
	tokenMissing:     {Code: "800001", Status: http.StatusUnauthorized, Rule: "R-101"},
	tokenInvalid:     {Code: "400", Status: http.StatusUnauthorized, Rule: "R-101"},
	userRequired:     {Code: "900329", Status: http.StatusForbidden, Rule: "R-101"},
	roleMissing:      {Code: "900150", Status: http.StatusForbidden, Rule: "R-54, R-82, R-303"},
	noSuchPath:       {Code: "404", Status: http.StatusNotFound, Rule: "R-109"},
	methodNotAllowed: {Code: "405", Status: http.StatusMethodNotAllowed, Rule: "R-109"},
	badRequest:       {Code: "800002", Status: http.StatusBadRequest, Rule: "R-140"},
	unknownParameter: {Code: "800002", Status: http.StatusBadRequest, Rule: "R-140"},
	unknownMember:    {Code: "800002", Status: http.StatusBadRequest, Rule: "R-140, R-142"},
	givenTwice:       {Code: "800002", Status: http.StatusBadRequest, Rule: "R-140"},
	emptyParameter:   {Code: "800002", Status: http.StatusBadRequest, Rule: "R-140"},
	wrongMediaType:   {Code: "415", Status: http.StatusUnsupportedMediaType, Rule: "R-101"},
	tooLarge:         {Code: "413", Status: http.StatusRequestEntityTooLarge, Rule: "R-80"},
	tooSlow:          {Code: "408", Status: http.StatusRequestTimeout, Rule: "R-109"},
	tooManyRequests:  {Code: "429", Status: http.StatusTooManyRequests, Rule: "R-108"},
	unavailable:      {Code: "503", Status: http.StatusServiceUnavailable, Rule: "R-29"},
	unexpected:       {Code: "800003", Status: http.StatusInternalServerError, Rule: "R-109"},
})
