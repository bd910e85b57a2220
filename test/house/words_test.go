package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What is said about the house holds: package comments, comments and documents name what there is.

// folder is a folder with Go files: what its package comments say, and what its files are called.
type folder struct {
	path     string
	names    []string            // of all files and folders in it
	sources  []string            // of the Go files that are no tests
	comments map[string][]string // by file: the lines of its package comment that stand in a table
}

// A package comment that lists files lists all of them, and nothing else. A file with nothing but the comment, doc.go, is aside.
func TestTablesOfFilesAreComplete(t *testing.T) {
	t.Parallel()
	tables := 0
	for _, f := range folders(t) {
		var said []string
		for _, lines := range f.comments {
			said = append(said, entries(lines)...)
		}
		for _, name := range said {
			assert.Contains(t, f.names, strings.TrimSuffix(name, "/"), "the package comment of %s", f.path)
		}
		if !slices.ContainsFunc(said, isSource) {
			continue
		}
		tables++
		for _, name := range f.sources {
			assert.True(t, name == "doc.go" || slices.Contains(said, name), "%s is not in the package comment of %s, which lists files", name, f.path)
		}
	}
	assert.NotZero(t, tables)
}

// Two comments about one package cannot both be its story.
func TestPackagesHaveOneComment(t *testing.T) {
	t.Parallel()
	for _, f := range folders(t) {
		if len(f.sources) == 0 {
			continue
		}
		var commented []string
		for name := range f.comments {
			if isSource(name) {
				commented = append(commented, name)
			}
		}
		assert.Len(t, commented, 1, "package comments in %s", f.path)
	}
}

func TestEntriesOfATable(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"a.go", "b_test.go", "migrations/"}, entries([]string{
		"\ta.go         one idea; b_test.go that of a test", "\tmigrations/  the schema", "\tfor i := range call(x) { // an example", "a text about c.go",
	}))
	assert.True(t, isSource("a.go"))
	assert.False(t, isSource("a_test.go"))
	assert.False(t, isSource("migrations/"))
}

var entry = regexp.MustCompile(`\b[a-z][a-z0-9_]*\.go\b|^\t[a-z]+/(?:\s|$)`)

// entries are the files and folders that the lines of a table name.
func entries(lines []string) []string {
	var found []string
	for _, line := range lines {
		if !strings.HasPrefix(line, "\t") {
			continue
		}
		for _, name := range entry.FindAllString(line, -1) {
			found = append(found, strings.TrimSpace(name))
		}
	}
	return found
}

func isSource(name string) bool {
	return strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go")
}

// folders are those of the module that have Go files.
func folders(t *testing.T) []*folder {
	t.Helper()
	found := map[string]*folder{}
	for path, file := range sources(t) {
		dir, name := filepath.Split(path)
		f := found[dir]
		if f == nil {
			f = &folder{path: dir, comments: map[string][]string{}}
			inside, err := os.ReadDir(filepath.Join(root, dir))
			require.NoError(t, err)
			for _, e := range inside {
				f.names = append(f.names, e.Name())
			}
			found[dir] = f
		}
		if isSource(name) {
			f.sources = append(f.sources, name)
		}
		if file.Doc != nil {
			f.comments[name] = linesOf(file.Doc)
		}
	}
	return slices.Collect(maps.Values(found))
}

// linesOf are the lines of a comment without the slashes and the blank that follows them.
func linesOf(comment *ast.CommentGroup) []string {
	var lines []string
	for _, c := range comment.List {
		lines = append(lines, strings.TrimPrefix(strings.TrimPrefix(c.Text, "//"), " "))
	}
	return lines
}

// sources are the Go files of the module by their paths.
func sources(t *testing.T) map[string]*ast.File {
	t.Helper()
	found := map[string]*ast.File{}
	files := token.NewFileSet()
	walk(t, ".", ".go", func(path string) {
		file, err := parser.ParseFile(files, filepath.Join(root, path), nil, parser.ParseComments|parser.SkipObjectResolution)
		require.NoError(t, err)
		found[path] = file
	})
	require.NotEmpty(t, found)
	return found
}

// walk visits the files below a folder whose names end like that, by their paths in the repository; hidden folders and testdata aside.
func walk(t *testing.T, below, suffix string, visit func(path string)) {
	t.Helper()
	require.NoError(t, fs.WalkDir(os.DirFS(root), below, func(path string, d fs.DirEntry, err error) error {
		switch name := d.Name(); {
		case err != nil:
			return err
		case d.IsDir() && path != "." && (strings.HasPrefix(name, ".") || name == "testdata"):
			return fs.SkipDir
		case !d.IsDir() && strings.HasSuffix(name, suffix):
			visit(path)
		}
		return nil
	}))
}

// A comment that names something of another package names something that is there.
func TestCommentsNameWhatThereIs(t *testing.T) {
	t.Parallel()
	all := sources(t)
	words := map[string]map[string]bool{} // of each package, by its name
	for path, file := range all {
		if isSource(path) {
			ast.Inspect(file, func(n ast.Node) bool {
				if id, isName := n.(*ast.Ident); isName {
					if words[file.Name.Name] == nil {
						words[file.Name.Name] = map[string]bool{}
					}
					words[file.Name.Name][id.Name] = true
				}
				return true
			})
		}
	}
	checked := 0
	for path, file := range all {
		for _, comment := range file.Comments {
			for _, m := range mention.FindAllStringSubmatch(comment.Text(), -1) {
				known, ours := words[m[1]]
				if !ours {
					continue
				}
				checked++
				assert.True(t, known[m[2]] && (m[3] == "" || known[m[3]]), "%s: a comment names %s, and there is no such thing", path, m[0])
			}
		}
	}
	assert.NotZero(t, checked)
}

// mention is a name of a package with one of its exported names, and perhaps one of that.
var mention = regexp.MustCompile(`\b([a-z]+)\.([A-Z]\w*)(?:\.([A-Z]\w*))?`)

// What stands in the documents as a path of the repository is one; the files and tests that they name are there.
func TestDocumentsNameWhatThereIs(t *testing.T) {
	t.Parallel()
	files, tests := fileNames(t), testNames(t)
	for document, content := range documents(t) {
		for _, path := range pathsIn(content) {
			there, err := filepath.Glob(filepath.Join(root, path))
			require.NoError(t, err)
			assert.NotEmpty(t, there, "%s names %s, which does not exist", document, path)
		}
		for _, m := range fileName.FindAllStringSubmatch(content, -1) {
			assert.True(t, files[m[1]], "%s names the file %s, which does not exist", document, m[1])
		}
		for _, m := range testName.FindAllStringSubmatch(content, -1) {
			isMeant := func(name string) bool { return name == m[1] || m[2] != "" && strings.HasPrefix(name, m[1]) }
			assert.True(t, slices.ContainsFunc(tests, isMeant), "%s names the test %s, which does not exist", document, m[1])
		}
	}
}

// A command that shows something runs a test, for each word of its pattern.
func TestDocumentsRunTestsThatThereAre(t *testing.T) {
	t.Parallel()
	tests := testNames(t)
	for document, content := range documents(t) {
		for _, m := range testRun.FindAllStringSubmatch(content, -1) {
			for _, word := range strings.Split(m[1], "|") {
				isRun := func(name string) bool { return strings.Contains(name, word) }
				assert.True(t, slices.ContainsFunc(tests, isRun), "%s runs the tests %s, and there are none", document, word)
			}
		}
	}
}

// The patterns find what they are for, in texts where it is known.
func TestWhatDocumentsNameIsFound(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"internal/api", "workflows/run/step.go", "test/a_*_test.go", "docs/adr"}, pathsIn(
		"See `internal/api`, (workflows/run/step.go), test/a_*_test.go. The records are in docs/adr/. `/docs/errors` is a page, and so is https://x/docs/y.md."))
	assert.Equal(t, []string{"`step.go`", "`a_test.go`"}, fileName.FindAllString("`step.go`, `a_test.go`, run/step.go", -1))
	assert.Equal(t, []string{"`TestA`", "`TestB…`"}, testName.FindAllString("`TestA`, `TestB…`, TestC", -1))
	assert.Equal(t, [][]string{{"go test ./a ./b -run 'C|D", "C|D"}, {"go test ./a -run E", "E"}}, testRun.FindAllStringSubmatch("`go test ./a ./b -run 'C|D' -v`, `go test ./a -run E`", -1))
	assert.Equal(t, [][]string{{"transfer.Policy.Decide", "transfer", "Policy", "Decide"}, {"kernel.Cause", "kernel", "Cause", ""}},
		mention.FindAllStringSubmatch("those of transfer.Policy.Decide, each a kernel.Cause; see example.com", -1))
}

// repositoryPath is a path that begins at the root, and at the beginning of a word.
var repositoryPath = regexp.MustCompile("(?:^|[\\s`(\\[])((?:internal|workflows|activities|test|docs|config|worker|gateway|starter|standalone|tools|docker)/[\\w./*-]+)")

func pathsIn(text string) []string {
	var found []string
	for _, m := range repositoryPath.FindAllStringSubmatch(text, -1) {
		found = append(found, strings.TrimRight(m[1], "./"))
	}
	return found
}

// fileName is a Go file as a document names it without its folder, testName a test, the ellipsis standing for any end, and testRun
// what a command runs.
var (
	fileName = regexp.MustCompile("`([a-z][a-z0-9_]*\\.go)`")
	testName = regexp.MustCompile("`(Test\\w+)(…)?`")
	testRun  = regexp.MustCompile(`go test [^` + "`" + `]*-run '?([\w|]+)`)
)

// fileNames are the names of all Go files.
func fileNames(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for path := range sources(t) {
		found[filepath.Base(path)] = true
	}
	return found
}

// testNames are the names of all tests.
func testNames(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, file := range sources(t) {
		for _, d := range file.Decls {
			if f, isFunc := d.(*ast.FuncDecl); isFunc && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				found = append(found, f.Name.Name)
			}
		}
	}
	return found
}

// documents are the texts for people; those aside that tell how it was once, which are the changelog and decisions that a later one replaces.
func documents(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	read := func(path string) {
		content, err := os.ReadFile(filepath.Join(root, path))
		require.NoError(t, err)
		found[path] = string(content)
	}
	read("README.md")
	read("CONTRIBUTING.md")
	walk(t, "docs", ".md", read)
	for path, content := range maps.Clone(found) {
		for _, m := range replaces.FindAllStringSubmatch(content, -1) {
			delete(found, filepath.Join(filepath.Dir(path), m[1]))
		}
	}
	return found
}

var replaces = regexp.MustCompile(`(?m)^Replaces \[\d+\]\(([\w-]+\.md)\)`)
