package courier

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// what a name stands for never depends on the domains of the machine that looks it up.
func TestNamesAreLookedUpAsTheyAre(t *testing.T) {
	t.Parallel()
	for address, looked := range map[string]string{
		"hooks.example:443": "hooks.example.:443", "kubernetes.default.svc:443": "kubernetes.default.svc.:443", "intranet:80": "intranet.:80",
		"hooks.example.:443": "hooks.example.:443", "localhost:80": "localhost:80", "8.8.8.8:443": "8.8.8.8:443", "[2606:4700::1]:443": "[2606:4700::1]:443",
		"[fe80::1%eth0]:443": "[fe80::1%eth0]:443",
	} {
		assert.Equal(t, looked, absolute(address))
	}
}
