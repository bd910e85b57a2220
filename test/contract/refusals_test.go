package contract

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// asking is a create, and what it is answered with. The sample world says which of its records is for which rule.
type asking struct {
	name                     string
	customer, source, target string
	user                     string // of the target; its first agent when empty
	change                   object // to the body
	status                   int    // 201 when empty
	code, cause              string
}

func (a asking) by() client {
	c := agent(a.target)
	if a.user != "" {
		c.user = a.user
	}
	return c
}

func (a asking) body() object {
	return with(with(request(), object{"sourcePartnerTenantId": partnerID(a.source)}), a.change)
}

// create is the create of the demonstration with something changed.
func create(name string, change object, status int, code, cause string) asking {
	return asking{name: name, customer: "01", source: "01", target: "02", change: change, status: status, code: code, cause: cause}
}

// between is a create between other parties.
func between(name, customer, source, target string, change object, status int, code, cause string) asking {
	return asking{name, customer, source, target, "", change, status, code, cause}
}

var azure = object{"targetProductTypes": []string{"AzureSubscription"}}

// refusedCreates is one create for each reason to refuse one (section 4.6).
func refusedCreates() []asking {
	const bad, forbidden, missing = http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound
	stranger := create("R-54 not an agent of the target", nil, forbidden, "900150", "NotAdminAgent")
	stranger.user = source.user
	return []asking{
		stranger,
		between("R-41 reseller as source", "01", "09", "02", nil, forbidden, "900137", "PartnerNotEnabled"),
		between("R-41 reseller as target", "01", "01", "09", nil, forbidden, "900137", "PartnerNotEnabled"),
		between("R-42 source is target", "01", "02", "02", nil, bad, "900148", "SourceIsTarget"),
		create("R-43 another target", object{"targetPartnerTenantId": partnerID("03")}, bad, "800002", "InvalidInput"),
		between("R-44 unknown source", "01", "99", "02", nil, missing, "60003", "PartnerUnknown"),
		between("R-44 unknown customer", "99", "01", "02", nil, missing, "60003", "CustomerUnknown"),
		between("R-45 source in another market", "01", "12", "02", nil, forbidden, "900138", "MarketMismatch"),
		between("R-45 customer in another market", "09", "12", "02", nil, forbidden, "900138", "MarketMismatch"),
		between("R-46 restricted target", "01", "01", "04", nil, forbidden, "900149", "ProgramNotActive"),
		between("R-46 inactive target", "01", "01", "08", nil, forbidden, "900149", "ProgramNotActive"),
		between("R-50 no relationship", "02", "03", "02", nil, forbidden, "20002", "RelationshipMissing"),
		between("R-51 R-56 attested with another partner", "07", "03", "02", nil, forbidden, "13605", "CustomerAgreementMissing"),
		between("R-52 target without partner agreement", "08", "01", "05", nil, forbidden, "900124", "PartnerAgreementMissing"),
		create("R-53 no source", object{"sourcePartnerTenantId": nil}, bad, "900136", "SourcePartnerMissing"),
		create("R-53 blank source", object{"sourcePartnerTenantId": " "}, bad, "900136", "SourcePartnerMissing"),
		create("R-105 source is no GUID", object{"sourcePartnerTenantId": "northwind"}, bad, "800002", "InvalidInput"),
		between("R-55 no Azure plan", "03", "01", "03", azure, bad, "900133", "AzurePlanMissing"),
		between("R-55 suspended Azure plan", "06", "04", "02", azure, bad, "900132", "AzurePlanInactive"),
		between("R-55 legacy Azure at the target", "05", "03", "02", azure, bad, "900131", "LegacyAzureAtTarget"),
		between("R-57 reseller for direct-bill", "01", "01", "03", object{"partnerOnRecord": "4000009"}, bad, "3000", "PartnerOnRecordNotAllowed"),
		create("R-58 unknown reseller", object{"partnerOnRecord": "4999999"}, missing, "800015", "PartnerOnRecordUnknown"),
		create("R-58 provider as reseller", object{"partnerOnRecord": "4000005"}, bad, "800016", "PartnerOnRecordNotReseller"),
		create("R-58 inactive reseller", object{"partnerOnRecord": "4000011"}, bad, "900154", "PartnerOnRecordInactive"),
		create("R-58 reseller without partner agreement", object{"partnerOnRecord": "4000010"}, forbidden, "900123", "PartnerOnRecordWithoutMPA"),
		create("R-60 unknown type", object{"targetProductTypes": []string{"Licences"}}, bad, "900126", "UnknownEnumValue"),
		create("R-60 OQ-5 SaaS", object{"targetProductTypes": []string{"SaaS"}}, bad, "900126", "UnknownEnumValue"),
		create("R-81 ignoring eligibility", object{"ignoreEligibilityCheck": true}, forbidden, "900150", "OperatorOnly"),
		create("R-120 another transfer type", object{"transferType": 4}, bad, "900126", "UnknownEnumValue"),
		create("R-120 no number", object{"transferType": "NewCommerce"}, bad, "900126", "UnknownEnumValue"),
		create("R-120 zero", object{"transferType": 0}, bad, "900126", "UnknownEnumValue"),
		create("R-122 no name of the source", object{"sourcePartnerName": nil}, bad, "800002", "InvalidInput"),
		create("R-140 no transfer type", object{"transferType": nil}, bad, "800002", "InvalidInput"),
		create("R-140 no e-mail", object{"customerEmailId": nil}, bad, "800002", "InvalidInput"),
		create("OQ-21 empty e-mail", object{"customerEmailId": ""}, bad, "800002", "InvalidInput"),
		create("OQ-21 two e-mails", object{"customerEmailId": "a@b.example, c@d.example"}, bad, "800002", "InvalidInput"),
		create("R-160 legacy transfer", object{"transferType": nil, "lineItems": []object{{"subscriptionId": fresh()}}}, forbidden, "900137", "LegacyNotOffered"),
		create("two resellers", object{"partnerOnRecord": "4000009", "participants": []object{{"Key": "TransactionReseller", "Value": "4000010"}}},
			bad, "800002", "InvalidInput"),
	}
}

// acceptedCreates are creates on the right side of the same rules.
func acceptedCreates() []asking {
	return []asking{
		create("R-40 direct-bill to provider", nil, 0, "", ""),
		between("R-40 direct-bill to direct-bill", "02", "03", "01", azure, 0, "", ""),
		between("R-40 provider to provider", "08", "05", "02", nil, 0, "", ""),
		between("R-40 provider to direct-bill", "08", "05", "01", nil, 0, "", ""),
		between("R-45 one region, two currencies", "04", "06", "07", azure, 0, "", ""),
		between("R-401 restricted source", "06", "04", "02", nil, 0, "", ""),
		between("R-401 inactive source", "01", "08", "02", nil, 0, "", ""),
		between("R-410 source that becomes a reseller, and is credited", "10", "13", "02", object{"partnerOnRecord": "4000013"}, 0, "", ""),
		between("R-56 direct agreement carries over", "08", "01", "02", nil, 0, "", ""),
		create("R-57 credits a reseller", object{"partnerOnRecord": "4000009"}, 0, "", ""),
		create("R-60 every type", object{"targetProductTypes": []string{"OnlineServicesNCE", "AzureSubscription", "AzureReservation", "AzureSavingsPlan"}}, 0, "", ""),
		create("R-60 null is every type", object{"targetProductTypes": []string(nil)}, 0, "", ""),
		create("R-105 upper case", object{"sourcePartnerTenantId": "AAAAAAAA-0000-4000-8000-000000000001"}, 0, "", ""),
		between("R-44 OQ-23 a source that holds nothing", "01", "03", "02", nil, 0, "", ""),
	}
}

// Every reason to refuse a create has its status, its code and a name of its own (R-41..R-60, R-81, R-106, R-120..R-160).
func TestRefusedCreates(t *testing.T) {
	t.Parallel()
	for _, c := range refusedCreates() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := refused(t, c.by().post(t, transfers(customerID(c.customer)), c.body()), c.status, c.code)
			assert.Equal(t, c.cause, e["errorName"])
			assert.LessOrEqual(t, len(field[string](t, e, "description")), 1024)
		})
	}
}

// What is allowed is created.
func TestAcceptedCreates(t *testing.T) {
	t.Parallel()
	for _, c := range acceptedCreates() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			made := as[object](t, c.by().post(t, transfers(customerID(c.customer)), c.body()), http.StatusCreated)
			require.Equal(t, "Pending", made["status"])
			require.Equal(t, partnerID(c.source), made["sourcePartnerTenantId"])
		})
	}
}

// A refused create leaves nothing behind, and the same customer's next one is accepted.
func TestARefusedCreateLeavesNothing(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	refused(t, target.post(t, transfers(customer), with(request(), object{"partnerOnRecord": "4999999"})), http.StatusNotFound, "800015")
	require.Empty(t, as[[]object](t, target.get(t, transfers(customer)), http.StatusOK))
	require.Empty(t, as[[]object](t, source.get(t, transfers(customer)), http.StatusOK))
	created(t, customer)
}
