package programme

import "strings"

// Customer is the tenant that uses the services. It takes no decision about a transfer.
type Customer struct {
	TenantID string
	Name     string
	Domain   string
	Email    string
	Market   string
	Locale   string

	Environment Environment
}

// NameKey is what a customer's name is found by. It is made here and not by the databases, which disagree about letters
// beyond ASCII.
func NameKey(name string) string { return strings.ToLower(name) }
