package commerce

import (
	"errors"
	"fmt"
	"math/bits"
)

// Minor is an amount in hundredths of a currency's unit, whatever the currency: that is how the ledger keeps prices.
type Minor int64

// ErrTooMuch says that an amount is beyond what can be kept, 92 quadrillion units.
var ErrTooMuch = errors.New("the amount is too large to be kept")

// Times is so many of it. Neither may be negative. Error: ErrTooMuch.
func (m Minor) Times(n int) (Minor, error) {
	over, product := bits.Mul64(uint64(m), uint64(n))
	if over != 0 || product > 1<<63-1 {
		return 0, ErrTooMuch
	}
	return Minor(product), nil
}

// Plus is the sum of two amounts that are not negative. Error: ErrTooMuch.
func (m Minor) Plus(n Minor) (Minor, error) {
	if sum := m + n; sum >= 0 {
		return sum, nil
	}
	return 0, ErrTooMuch
}

// Share is the part of it for so many days of so many, half up. It must not be negative, and the days at most all of them.
func (m Minor) Share(days, of int) Minor {
	if days == 0 {
		return 0
	}
	high, low := bits.Mul64(uint64(m), 2*uint64(days))
	low, carry := bits.Add64(low, uint64(of), 0)
	share, _ := bits.Div64(high+carry, low, 2*uint64(of))
	return Minor(share)
}

// String writes the amount in units with two decimals: "1234.50".
func (m Minor) String() string {
	sign, size := "", uint64(m)
	if m < 0 {
		sign, size = "-", -size
	}
	return fmt.Sprintf("%s%d.%02d", sign, size/100, size%100)
}

// MarshalJSON writes it as a number of units, as the wire contract has amounts. No float is made on the way.
func (m Minor) MarshalJSON() ([]byte, error) { return []byte(m.String()), nil }
