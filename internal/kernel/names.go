package kernel

import "strings"

// SameName tells whether two names of an enumeration are one: clients write them in any case, with "_" between the words or
// without it, and with blanks around them (starts_with, StartsWith).
func SameName(a, b string) bool { return strings.EqualFold(bareName(a), bareName(b)) }

func bareName(name string) string { return strings.ReplaceAll(strings.TrimSpace(name), "_", "") }

// Named is the name among those of an enumeration that the text stands for, and whether there is one; otherwise the text as
// it came, for whoever refuses it.
func Named[T ~string](text T, among ...T) (T, bool) {
	for _, name := range among {
		if SameName(string(name), string(text)) {
			return name, true
		}
	}
	return text, false
}
