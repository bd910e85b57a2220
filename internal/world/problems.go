package world

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// MaxProblems is how many problems of one file are told; more would only hide the first ones.
const MaxProblems = 50

// Problem is one thing that is wrong with a world file.
type Problem struct {
	File   string
	Line   int // from 1; 0 when the problem is the file as a whole
	Column int // from 1, in characters; 0 with Line 0
	Says   string
}

// String is the problem as compilers print it: "world.yaml:12:5: sentence".
func (p Problem) String() string {
	if p.Line == 0 {
		return p.File + ": " + p.Says
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Says)
}

// InvalidError says that a world file cannot be used. Its text has one line for each problem.
type InvalidError struct {
	Problems []Problem // at least one, in the order of the file
	Omitted  int       // how many more there are
	cause    error     // what the operating system said, when the file could not be read
}

func (e *InvalidError) Error() string {
	lines := make([]string, 0, len(e.Problems)+1)
	for _, p := range e.Problems {
		lines = append(lines, p.String())
	}
	if e.Omitted > 0 {
		lines = append(lines, fmt.Sprintf("%s: %d more problems are not shown. Correct these first.", e.Problems[0].File, e.Omitted))
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the cause of a file that could not be read, nil otherwise.
func (e *InvalidError) Unwrap() error { return e.cause }

// problems collects what is wrong with one file while it is read.
type problems struct {
	file    string
	found   []Problem
	omitted int
}

// at notes a problem of the node.
func (p *problems) at(node *yaml.Node, format string, args ...any) {
	p.on(node.Line, node.Column, format, args...)
}

func (p *problems) on(line, column int, format string, args ...any) {
	if len(p.found) == MaxProblems {
		p.omitted++
		return
	}
	p.found = append(p.found, Problem{File: p.file, Line: line, Column: column, Says: fmt.Sprintf(format, args...)})
}

// err is the error of what was found, nil when nothing was.
func (p *problems) err() error {
	if len(p.found) == 0 {
		return nil
	}
	slices.SortStableFunc(p.found, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return &InvalidError{Problems: p.found, Omitted: p.omitted}
}
