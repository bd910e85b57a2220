// Package house holds the plan of the house: the linter knows for every package what it may import, and for no more than that.
package house

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const (
	root   = "../.."
	module = "handover/"
)

// rule is what the linter knows of a package.
type rule struct {
	Mode  string   `yaml:"list-mode"`
	Files []string `yaml:"files"`
	Allow []string `yaml:"allow"`
}

// A package without a rule could import anything, and a rule without a package proves nothing.
func TestEveryPackageHasARule(t *testing.T) {
	t.Parallel()
	known := rules(t)
	for of, imports := range packages(t) {
		_, hasRule := known[of]
		assert.True(t, hasRule, "%s has no rule about what it may import; add to depguard in .golangci.yml, as far as the plan of the house allows:\n%s",
			of, line(of, imports))
		delete(known, of)
	}
	for of := range known {
		assert.Fail(t, "a rule matches no package", "%s: remove it from depguard in .golangci.yml", of)
	}
}

// contexts are the rooms of the domain. Those that every other may read are named; what others share moves down to them, or
// to a kernel.
var contexts = map[string]bool{
	"activitylog": readable, "administration": false, "commerce": readable, "outage": readable, "programme": readable, "subscription": readable, "transfer": false,
	"webhook": readable,
}

const readable = true

// No context imports its sibling, and none is known to a kernel, but that httpapi says who asked in the words of the log.
func TestContextsStayApart(t *testing.T) {
	t.Parallel()
	kernels := []string{"kernel", "store", "command", "runs", "outbox", "notify", "jitter", "httpapi", "dispatch", "payloads", "httpserver", "telemetry"}
	for of, imports := range packages(t) {
		room := roomOf("handover/" + of)
		for _, imported := range imports {
			other := roomOf(imported)
			mayRead, isContext := contexts[other]
			switch _, fromContext := contexts[room]; {
			case !isContext || other == room:
			case fromContext:
				assert.True(t, mayRead, "%s imports %s, a sibling", of, imported)
			case slices.Contains(kernels, room):
				assert.Equal(t, "httpapi activitylog", room+" "+other, "%s imports %s, and no kernel knows a context", of, imported)
			}
		}
	}
}

// roomOf is the folder below internal that a package is in; empty for what is elsewhere.
func roomOf(importPath string) string {
	inside, found := strings.CutPrefix(importPath, "handover/internal/")
	if !found {
		return ""
	}
	room, _, _ := strings.Cut(inside, "/")
	return room
}

// A rule means exactly the package that it is called after, and allows only what it names.
func TestRulesAreStrict(t *testing.T) {
	t.Parallel()
	all := packages(t)
	for of, r := range rules(t) {
		assert.Equal(t, "strict", r.Mode, of)
		assert.Equal(t, []string{"**/" + of + "/*.go", "!$test"}, r.Files, of)
		for other := range all {
			assert.False(t, strings.HasSuffix(other, "/"+of), "the rule of %s is taken for one of %s, too", of, other)
		}
		for i, allowed := range r.Allow {
			if strings.HasPrefix(allowed, module) {
				assert.True(t, strings.HasSuffix(allowed, "$"), "%s: %s allows every package whose path begins like that; end it with $", of, allowed)
			}
			for _, wider := range slices.Concat(r.Allow[:i], r.Allow[i+1:]) {
				assert.False(t, strings.HasPrefix(allowed, wider+"/"), "%s: %s is allowed by %s, and the linter would get lost between the two", of, allowed, wider)
			}
		}
	}
}

// Each rule is as narrow as it is true today: who wants to import more says so in the rule.
func TestRulesAllowNothingUnused(t *testing.T) {
	t.Parallel()
	all := packages(t)
	for of, r := range rules(t) {
		for _, allowed := range r.Allow {
			used := slices.ContainsFunc(all[of], func(imported string) bool { return isAllowed(imported, allowed) })
			assert.True(t, used || allowed == "$gostd", "%s may import %s, and does not; take it out of its rule in .golangci.yml", of, allowed)
		}
	}
}

// isAllowed tells whether the import is what the entry of a rule allows.
func isAllowed(imported, entry string) bool {
	exact, only := strings.CutSuffix(entry, "$")
	return imported == exact || !only && strings.HasPrefix(imported, entry+"/")
}

// The linters that keep the house, on for everybody.
func TestLintersAreOn(t *testing.T) {
	t.Parallel()
	on := settings(t).Linters
	assert.Equal(t, "standard", on.Default) // which has unused
	assert.Subset(t, on.Enable, []string{"depguard", "dupl"})
	assert.Empty(t, on.Disable)
}

type linterSettings struct {
	Linters struct {
		Default  string   `yaml:"default"`
		Enable   []string `yaml:"enable"`
		Disable  []string `yaml:"disable"`
		Settings struct {
			Depguard struct {
				Rules map[string]rule `yaml:"rules"`
			} `yaml:"depguard"`
		} `yaml:"settings"`
	} `yaml:"linters"`
}

func settings(t *testing.T) linterSettings {
	t.Helper()
	content, err := os.ReadFile(root + "/.golangci.yml")
	require.NoError(t, err)
	var s linterSettings
	require.NoError(t, yaml.Unmarshal(content, &s))
	return s
}

func rules(t *testing.T) map[string]rule {
	t.Helper()
	known := settings(t).Linters.Settings.Depguard.Rules
	require.NotEmpty(t, known)
	return known
}

// packages are the imports of each package of the module by its folder; those aside that consist of tests.
func packages(t *testing.T) map[string][]string {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,GoFiles,Imports", "./...")
	list.Dir = root
	out, err := list.Output()
	require.NoError(t, err)
	found := map[string][]string{}
	for each := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath       string
			GoFiles, Imports []string
		}
		err := each.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if len(p.GoFiles) > 0 {
			found[strings.TrimPrefix(p.ImportPath, module)] = p.Imports
		}
	}
	require.NotEmpty(t, found)
	return found
}

// line is the rule that the package keeps today.
func line(of string, imports []string) string {
	var ours, others []string
	for _, imported := range imports {
		switch first, _, _ := strings.Cut(imported, "/"); {
		case strings.HasPrefix(imported, module):
			ours = append(ours, imported+"$")
		case strings.Contains(first, "."):
			others = append(others, imported)
		}
	}
	allow := slices.Concat([]string{"$gostd"}, ours, others)
	return "        " + of + `: {list-mode: strict, files: ["**/` + of + `/*.go", "!$test"], allow: [` + strings.Join(allow, ", ") + "]}"
}
