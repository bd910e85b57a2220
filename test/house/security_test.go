package house

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// promise is one row of docs/security.md: tests of packages that show it.
var promise = regexp.MustCompile(`(?m)^\| [A-E]\d+ \|.*\| ([^|]+) \|$`)

// named are the tests of one package, as a row names them.
var named = regexp.MustCompile("^([a-z/]+)((?:,? `Test[A-Za-z0-9_]+`)+)$")

// A promise holds because a test shows it, so that test has to be there.
func TestEveryPromiseNamesItsTests(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(root + "/docs/security.md")
	require.NoError(t, err)
	rows := promise.FindAllStringSubmatch(string(content), -1)
	require.NotEmpty(t, rows)
	require.Len(t, rows, len(regexp.MustCompile(`(?m)^\| [A-E]\d+ `).FindAllString(string(content), -1)), "every row ends with its tests")
	for _, row := range rows {
		for _, part := range strings.Split(row[1], "; ") {
			found := named.FindStringSubmatch(part)
			if !assert.NotNil(t, found, "%q must be a package and its tests", part) {
				continue
			}
			source := testsOf(t, found[1])
			for _, name := range regexp.MustCompile(`Test\w+`).FindAllString(found[2], -1) {
				assert.Contains(t, source, "\nfunc "+name+"(t *testing.T)", "%s has no such test", found[1])
			}
		}
	}
}

// testsOf is the text of the tests of the package, which is called as in the plan of the house.
func testsOf(t *testing.T, room string) string {
	t.Helper()
	var all strings.Builder
	for _, above := range []string{"internal", ".", "test"} {
		files, err := filepath.Glob(filepath.Join(root, above, room, "*_test.go"))
		require.NoError(t, err)
		for _, file := range files {
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			all.Write(content)
		}
	}
	return all.String()
}
