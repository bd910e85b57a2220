package kernel

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// mostExact is the largest number up to which a JSON number, a double to most clients, is exact.
const mostExact = 1 << 53

// ParseWhole reads a whole number the way JSON writes numbers: 3, 3.0 and 30e-1 are the same one. Error: for any other text.
func ParseWhole(text string) (int, error) {
	if n, err := strconv.Atoi(text); err == nil {
		return n, nil
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || strings.ContainsAny(text, "xX_") || n != math.Trunc(n) || math.Abs(n) > mostExact {
		return 0, fmt.Errorf("%q is not a whole number", Clip(text))
	}
	return int(n), nil
}
