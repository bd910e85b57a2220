package programme

import (
	"slices"
	"strings"
)

// Region is the area a partner of that market may sell in: the EU and EFTA countries and the United Kingdom are
// one, every other market is its own.
func Region(market string) string {
	m := strings.ToUpper(market)
	if slices.Contains(europe, m) {
		return "EU/EFTA"
	}
	return m
}

var europe = strings.Fields("AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK")
