package kernel

import (
	"net/mail"
	"strings"

	"golang.org/x/net/idna"
)

// longestLocal is what may stand before the @, in octets (RFC 5321).
const longestLocal = 64

// domainNames writes the names of domains as mail and DNS take them.
var domainNames = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.VerifyDNSLength(true))

// Mailable is the address in the form in which every mail server takes it: one plain address whose domain is written in ASCII
// (RFC 5891). Refusal: InvalidInput, which names the field, for an address that cannot be mailed everywhere: with a display
// name, quotes or an IP address, with more than ASCII before the @, or longer than RFC 5321 allows.
func Mailable(field, address string) (string, error) {
	no := func(why string) (string, error) {
		return "", Refuse(InvalidInput, "%s must be one plain e-mail address such as it@contoso.example%s.", field, why)
	}
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address {
		return no("")
	}
	at := strings.LastIndexByte(address, '@')
	local, domain := address[:at], address[at+1:]
	switch {
	case strings.ContainsFunc(local, func(r rune) bool { return r > '~' }):
		return no("; before the @ not every mail server takes more than ASCII")
	case strings.ContainsAny(address, `"[]`):
		return no("; quotes and IP addresses are not taken")
	case len(local) > longestLocal:
		return no("; before the @ it may have 64 characters")
	}
	ascii, err := domainNames.ToASCII(domain)
	if err != nil {
		return no("; what follows the @ is not the name of a domain")
	}
	if last := ascii[strings.LastIndexByte(ascii, '.')+1:]; strings.Trim(last, "0123456789") == "" {
		return no("; quotes and IP addresses are not taken")
	}
	if len(local)+1+len(ascii) > LongestEmail {
		return no("; written in ASCII it may have 254 characters")
	}
	return local + "@" + ascii, nil
}

// AddressIn tells whether the address is one of the domain or of a domain within it. Neither is in a form that matters here: an
// internationalised name is the same in both.
func AddressIn(address, domain string) bool {
	mailable, err := Mailable("", address)
	if err != nil || domain == "" {
		return false
	}
	name, err := domainNames.ToASCII(domain)
	of := mailable[strings.LastIndexByte(mailable, '@')+1:]
	return err == nil && (of == name || strings.HasSuffix(of, "."+name))
}

// SameAddress tells whether mail for both addresses ends up at the same place, as far as their texts tell: the domain's spelling
// does not matter, nor does case.
func SameAddress(a, b string) bool {
	first, err := Mailable("", a)
	if err != nil {
		return a == b
	}
	second, err := Mailable("", b)
	return err == nil && strings.EqualFold(first, second)
}
