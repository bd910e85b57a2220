package kernel

import (
	"strings"

	"github.com/google/uuid"
)

// namespace makes our derived ids differ from anybody else's.
var namespace = uuid.MustParse("6f1d3c3e-6d0a-5b53-9f0e-2f6c7d3c9a10")

// DeriveID makes an id of what it is about: the same parts have the same id, whoever asks and whenever.
func DeriveID(parts ...string) string {
	return uuid.NewSHA1(namespace, []byte(strings.Join(parts, "\x00"))).String()
}

// ParseID checks that the text is a GUID and returns it in lower case, the form everything is stored in.
// The error is an InvalidInput refusal that names the field.
func ParseID(field, text string) (string, error) {
	id, err := uuid.Parse(text)
	if err != nil || len(text) != 36 {
		return "", Refuse(InvalidInput, "%s must be a GUID like 8c2e4d10-77aa-4f52-b0de-0d3f7b9c0001, not %q.", field, Clip(text))
	}
	return id.String(), nil
}

// Clip makes a caller's text fit to be repeated in a message: short, and one Line.
func Clip(text string) string {
	const most = 80
	if len(text) <= most {
		return Line(text)
	}
	return Line(strings.ToValidUTF8(text[:most], "")) + "…"
}

// SameID compares two GUIDs as R-105 wants it: case does not matter.
func SameID(a, b string) bool { return strings.EqualFold(a, b) }
