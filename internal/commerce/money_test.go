package commerce

import (
	"encoding/json"
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMoneyNeverWraps(t *testing.T) {
	t.Parallel()
	dice := seed(t)
	most := big.NewInt(math.MaxInt64)
	for range 5000 {
		a, n := dice.Int64()>>dice.IntN(63), int(dice.Int64()>>dice.IntN(63))
		product := new(big.Int).Mul(big.NewInt(a), big.NewInt(int64(n)))
		got, err := Minor(a).Times(n)
		if product.Cmp(most) > 0 {
			require.ErrorIs(t, err, ErrTooMuch, "%d times %d", a, n)
		} else {
			require.NoError(t, err)
			require.Equal(t, product.Int64(), int64(got))
		}
		sum := new(big.Int).Add(big.NewInt(a), big.NewInt(int64(n)))
		got, err = Minor(a).Plus(Minor(n))
		if sum.Cmp(most) > 0 {
			require.ErrorIs(t, err, ErrTooMuch, "%d and %d", a, n)
		} else {
			require.NoError(t, err)
			require.Equal(t, sum.Int64(), int64(got))
		}
	}
}

// The share is the exact one, half up, for amounts of any size.
func TestShareIsHalfUp(t *testing.T) {
	t.Parallel()
	dice := seed(t)
	for range 5000 {
		amount, of := dice.Int64()>>dice.IntN(63), 1+dice.IntN(4000)
		days := dice.IntN(of + 1)
		exact := new(big.Int).Mul(big.NewInt(2*int64(days)), big.NewInt(amount))
		exact.Add(exact, big.NewInt(int64(of))).Div(exact, big.NewInt(2*int64(of)))
		require.Equal(t, exact.Int64(), int64(Minor(amount).Share(days, of)), "%d for %d of %d days", amount, days, of)
	}
	for _, c := range []struct{ amount, days, of, share int }{{1, 1, 2, 1}, {3, 1, 2, 2}, {1, 1, 3, 0}, {2, 1, 3, 1}, {5, 0, 7, 0}, {5, 7, 7, 5}} {
		assert.Equal(t, Minor(c.share), Minor(c.amount).Share(c.days, c.of), c)
	}
}

func TestAmountsAreWrittenWithTwoDecimals(t *testing.T) {
	t.Parallel()
	for amount, text := range map[Minor]string{
		0: "0.00", 5: "0.05", -5: "-0.05", 87123: "871.23", -120000: "-1200.00", math.MaxInt64: "92233720368547758.07", math.MinInt64: "-92233720368547758.08",
	} {
		written, err := json.Marshal(amount)
		require.NoError(t, err)
		assert.Equal(t, text, string(written))
	}
}
