package kernel

import (
	"crypto/sha256"
	"encoding/hex"
)

// FingerprintOf tells two requests apart that carry the same id: the SHA-256, in hexadecimal, of what a request says,
// field by field with a NUL between two. It takes bytes and not values, so that no rename and no new field of a type of ours
// can change the fingerprint of a request that was sent before.
//
// Fingerprints are kept for as long as answers are. Each door says which fields it takes, in which order, in one place with a
// golden test; that must stay as it is. Temporal's door and the operators' keep the first 32 digits.
func FingerprintOf(fields ...[]byte) string {
	sum := sha256.New()
	for i, field := range fields {
		if i > 0 {
			sum.Write([]byte{0})
		}
		sum.Write(field)
	}
	return hex.EncodeToString(sum.Sum(nil))
}
