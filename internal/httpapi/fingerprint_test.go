package httpapi

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

// the fingerprints of requests are kept with their answers for 30 days. Another list of fields, or another order,
// would refuse every repetition of a request that an older gateway answered.
func TestFingerprintsStay(t *testing.T) {
	var fields []string
	for _, field := range reflect.VisibleFields(reflect.TypeFor[said]()) {
		fields = append(fields, field.Name)
	}
	require.Equal(t, []string{"user", "query", "body"}, fields)
	for want, s := range map[string]said{
		"709e80c88487a2411e1ee4dfb9f22a861492d20c4765150c0c794abd70f8147c": {},
		"fadf9e34f83546a48933d8f130caf97c4342e0ad861f2a48b3e60817cf8c0df9": {body: []byte(`{}`)},
		"602364b4627a647e5b805f3c14ffdfcb72261fe6c49a9ac05a79e9c41ce9a850": {
			user: "eeeeeeee-0000-4000-8000-000000000101", query: "dryRun=false&x=1", body: []byte(`{"status":"Cancel"}`),
		},
	} {
		require.Equal(t, want, fingerprint(s))
	}
}
