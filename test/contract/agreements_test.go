package contract

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const template = "998b88de-aa99-4388-a42c-1b3517d49490"

// attestation is the body of an attestation that is accepted.
func attestation() object {
	return object{
		"primaryContact": object{"firstName": "Tania", "lastName": "Carr", "email": "tania@munsons-farm.example", "phoneNumber": "123456789"},
		"dateAgreed":     "2026-08-26", "templateId": template, "type": "MicrosoftCustomerAgreement",
	}
}

func agreementsOf(customer string) string { return "/v1/customers/" + customer + "/agreements" }

// R-51, section 8.1: the target attests what a create was refused for; then the create is accepted.
func TestR51_AttestThenCreate(t *testing.T) {
	t.Parallel()
	customer := copyOf(t, "07")
	body := with(request(), object{"sourcePartnerTenantId": partnerID("03")})
	refused(t, target.post(t, transfers(customer), body), http.StatusForbidden, "13605")
	made := as[object](t, target.post(t, agreementsOf(customer), attestation()), http.StatusCreated)
	want := with(attestation(), object{
		"dateAgreed": "2026-08-26T00:00:00Z", "userId": target.user, "acceptedBy": "attestation", "attributes": object{"objectType": "Agreement"},
	})
	assert.Equal(t, want, made)
	list := as[object](t, target.get(t, agreementsOf(customer)), http.StatusOK)
	assert.Equal(t, object{"totalCount": 1.0, "items": []any{made}, "attributes": object{"objectType": "Collection"}}, list)
	as[object](t, target.post(t, transfers(customer), body), http.StatusCreated)

	log := objects(t, as[object](t, target.get(t, auditOf(customer)+"&size=500"), http.StatusOK)["items"])
	assert.Equal(t, []any{"create_transfer", "create_agreement", "create_transfer"}, values(log, "operationType"))
	assert.Equal(t, []any{"succeeded", "succeeded", "failed"}, values(log, "operationStatus"), "what was refused, too")
}

// Section 8.1: the same contact again is 600061; another contact takes its place.
func TestAttestAgain(t *testing.T) {
	t.Parallel()
	customer := copyOf(t, "07")
	as[object](t, target.post(t, agreementsOf(customer), attestation()), http.StatusCreated)
	refused(t, target.post(t, agreementsOf(customer), attestation()), http.StatusBadRequest, "600061")
	other := with(attestation(), object{"primaryContact": object{"FirstName": "Jon", "LastName": "Carr", "Email": "jon@munsons-farm.example"}})
	as[object](t, target.post(t, agreementsOf(customer), other), http.StatusCreated)
	items := objects(t, as[object](t, target.get(t, agreementsOf(customer)), http.StatusOK)["items"])
	require.Len(t, items, 1)
	assert.Equal(t, "Jon", field[object](t, items[0], "primaryContact")["firstName"])
}

// Section 8.1: who may attest what. R-101: an application alone may not.
func TestRefusedAttestations(t *testing.T) {
	t.Parallel()
	customer := copyOf(t, "07")
	alone := target
	alone.user = ""
	refused(t, alone.post(t, agreementsOf(customer), attestation()), http.StatusForbidden, "900329")
	refused(t, agent("09").post(t, agreementsOf(customer), attestation()), http.StatusForbidden, "900137")
	refused(t, source.post(t, agreementsOf(customer), attestation()), http.StatusForbidden, "20002")
	refused(t, target.post(t, agreementsOf(fresh()), attestation()), http.StatusForbidden, "20002")
	tomorrow := time.Now().Add(25 * time.Hour).UTC().Format(time.RFC3339)
	for name, c := range map[string]struct {
		change object
		code   string
	}{
		"another type":        {object{"type": "MicrosoftCloudAgreement"}, "900126"},
		"no type":             {object{"type": nil}, "900126"},
		"date in the future":  {object{"dateAgreed": tomorrow}, "800002"},
		"no date":             {object{"dateAgreed": nil}, "800002"},
		"date that is none":   {object{"dateAgreed": "08/26/2026"}, "800002"},
		"template is no GUID": {object{"templateId": "latest"}, "800002"},
		"no template":         {object{"templateId": nil}, "800002"},
		"no contact":          {object{"primaryContact": nil}, "800002"},
		"no e-mail":           {object{"primaryContact": object{"firstName": "Tania", "lastName": "Carr"}}, "800002"},
		"e-mail that is none": {object{"primaryContact": object{"firstName": "Tania", "lastName": "Carr", "email": "tania"}}, "800002"},
	} {
		e := refused(t, target.post(t, agreementsOf(customer), with(attestation(), c.change)), http.StatusBadRequest, c.code)
		t.Log(name, e["description"])
	}
	assert.Empty(t, as[object](t, target.get(t, agreementsOf(customer)), http.StatusOK)["items"])
}

// Dates of an attestation, in every form that clients send.
func TestDatesOfAttestations(t *testing.T) {
	t.Parallel()
	for sent, stored := range map[string]string{
		"2026-08-26T10:11:12Z": "2026-08-26T10:11:12Z", "2026-08-26T10:11:12.5+02:00": "2026-08-26T08:11:12.5Z", "2026-08-26T10:11:12": "2026-08-26T10:11:12Z",
	} {
		made := as[object](t, target.post(t, agreementsOf(copyOf(t, "07")), with(attestation(), object{"dateAgreed": sent})), http.StatusCreated)
		assert.Equal(t, stored, made["dateAgreed"])
	}
}

// whether the customer accepted the agreement itself, with whichever partner.
func TestR56_DirectSign(t *testing.T) {
	t.Parallel()
	const path = "/directSignedMicrosoftCustomerAgreementStatus"
	trey, contoso := copyOf(t, "08"), customer(t)
	for customer, signed := range map[string]bool{trey: true, contoso: false} {
		for _, c := range []client{source, target} {
			assert.Equal(t, object{"isSigned": signed}, as[object](t, c.get(t, "/v1/customers/"+customer+path), http.StatusOK))
		}
	}
	list := objects(t, as[object](t, source.get(t, agreementsOf(trey)), http.StatusOK)["items"])
	assert.Equal(t, []any{"direct"}, values(list, "acceptedBy"))
	assert.Empty(t, as[object](t, target.get(t, agreementsOf(trey)), http.StatusOK)["items"], "with the target it accepted nothing")
}
