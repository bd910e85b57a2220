package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"handover/internal/kernel"
)

// edits are the flags of a command that puts a record: each that is given changes one field of it, the rest stays as it is.
type edits[T any] struct {
	flags *pflag.FlagSet
	sets  map[string]func(*T) error // by flag
	order []string
}

func editing[T any](cmd *cobra.Command) *edits[T] {
	return &edits[T]{flags: cmd.Flags(), sets: map[string]func(*T) error{}}
}

func (e *edits[T]) on(flag string, set func(*T) error) {
	e.sets[flag] = set
	e.order = append(e.order, flag)
}

// text adds a flag whose text is put into the field as it is.
func (e *edits[T]) text(flag, help string, field func(*T) *string) {
	value := e.flags.String(flag, "", help)
	e.on(flag, func(record *T) error {
		*field(record) = *value
		return nil
	})
}

// read adds a flag whose text has to be read; what it cannot be is the fault of the command line.
func (e *edits[T]) read(flag, help string, set func(record *T, text string) error) {
	value := e.flags.String(flag, "", help)
	e.on(flag, func(record *T) error {
		if err := set(record, *value); err != nil {
			return &usageError{fmt.Errorf("--%s: %w", flag, err)}
		}
		return nil
	})
}

// list is the same for a flag that may be repeated.
func (e *edits[T]) list(flag, help string, set func(record *T, texts []string) error) {
	values := e.flags.StringArray(flag, nil, help)
	e.on(flag, func(record *T) error {
		if err := set(record, *values); err != nil {
			return &usageError{fmt.Errorf("--%s: %w", flag, err)}
		}
		return nil
	})
}

func (e *edits[T]) flag(name, help string, field func(*T) *bool) {
	value := e.flags.Bool(name, false, help)
	e.on(name, func(record *T) error {
		*field(record) = *value
		return nil
	})
}

func (e *edits[T]) number(name, help string, field func(*T) *int) {
	value := e.flags.Int(name, 0, help)
	e.on(name, func(record *T) error {
		*field(record) = *value
		return nil
	})
}

// apply changes the record as the flags that were given say.
func (e *edits[T]) apply(record *T) error {
	for _, flag := range e.order {
		if e.flags.Changed(flag) {
			if err := e.sets[flag](record); err != nil {
				return err
			}
		}
	}
	return nil
}

// said is what a command line says: its arguments, and the flags that were given.
func said(cmd *cobra.Command, args []string) []string {
	all := append([]string{cmd.CommandPath()}, args...)
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if !slices.Contains([]string{"request-id", "ledger", "output", "timeout", "as", "address", "namespace"}, f.Name) {
			all = append(all, f.Name+"="+f.Value.String())
		}
	})
	return all
}

// enumerated reads one value of an enumeration.
func enumerated[T ~string](text string, among []T) (T, error) {
	if found, known := kernel.Named(T(text), among...); known {
		return found, nil
	}
	return "", fmt.Errorf("must be one of %s, not %q", joined(among), kernel.Clip(text))
}

func joined[T ~string](all []T) string {
	names := make([]string, len(all))
	for i, one := range all {
		names[i] = string(one)
	}
	return strings.Join(names, ", ")
}
