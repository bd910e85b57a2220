package programme

import "handover/internal/kernel"

// The forms of what is said about partners and customers, in world files and elsewhere.
var (
	MPNIDForm    = kernel.NewForm(`^[0-9]{1,10}$`, "a number of at most ten digits")
	MarketForm   = kernel.NewForm(`^[A-Z]{2}$`, "a country of two capital letters (ISO 3166) such as US")
	CurrencyForm = kernel.NewForm(`^[A-Z]{3}$`, "a currency of three capital letters (ISO 4217) such as USD")
	LocaleForm   = kernel.NewForm(`^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$`, "a language (BCP 47) such as en-US")
	DomainForm   = kernel.NewForm(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$`, "a domain name in lower case such as contoso.example")
)

// said is what is said in one field, and the form it must have.
type said struct {
	field, text string
	form        kernel.Form
}

func checkForms(all ...said) error {
	for _, one := range all {
		if err := one.form.Check(one.field, one.text); err != nil {
			return err
		}
	}
	return nil
}

func checkID(field, id string) error {
	_, err := kernel.ParseID(field, id)
	return err
}

func checkAddress(field, address string) error {
	if kernel.IsAddress(address) {
		return nil
	}
	return kernel.Refuse(kernel.InvalidInput, "%s must be %s, not %q.", field, kernel.AddressExample, kernel.Clip(address))
}
