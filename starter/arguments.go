package main

// What the command line says counts, or is refused: nothing on it is ignored.

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// strict has every flag of the command, and of those below it, refuse what says nothing and what contradicts itself.
func strict(cmd *cobra.Command) {
	every := func(f *pflag.Flag) { f.Value = strictly(f.Value) }
	cmd.PersistentFlags().VisitAll(every)
	cmd.LocalNonPersistentFlags().VisitAll(every)
	for _, below := range cmd.Commands() {
		strict(below)
	}
}

var (
	errEmpty = errors.New("it is empty; give it a value, or leave the flag out")
	errTwice = errors.New("the flag is given twice, and only one can count; leave one out")
)

func strictly(v pflag.Value) pflag.Value {
	if list, ok := v.(pflag.SliceValue); ok {
		return &strictList{Value: v, SliceValue: list}
	}
	return &strictValue{Value: v}
}

// strictValue is the value of a flag that may be given once. Empty ones come from shells' variables that are not set, and would
// mean something else than the flag's absence, or the same, which is worse.
type strictValue struct {
	pflag.Value
	given bool
}

func (v *strictValue) Set(text string) error {
	switch {
	case strings.TrimSpace(text) == "":
		return errEmpty
	case v.given:
		return errTwice
	}
	v.given = true
	return v.Value.Set(text)
}

// strictList is the value of a flag that may be repeated.
type strictList struct {
	pflag.Value
	pflag.SliceValue
}

func (v *strictList) Set(text string) error {
	if strings.TrimSpace(text) == "" {
		return errEmpty
	}
	return v.Value.Set(text)
}

// nothing takes no arguments. What a flag takes is easily given without it.
func nothing(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes flags only, and %q belongs to none; see %s --help", cmd.CommandPath(), args[0], cmd.CommandPath())
	}
	return nil
}

// one takes exactly one argument, called what.
func one(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return fmt.Errorf("%s takes one %s, not %d arguments", cmd.CommandPath(), what, len(args))
		}
		if strings.TrimSpace(args[0]) == "" {
			return fmt.Errorf("%s takes one %s, and what it was given is empty", cmd.CommandPath(), what)
		}
		return nil
	}
}

// helpCommand is cobra's, except that a command that does not exist is an error.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "Help about any command",
		RunE: func(_ *cobra.Command, args []string) error {
			found, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return fmt.Errorf("there is no command %q; starter --help lists them", strings.Join(args, " "))
			}
			found.InitDefaultHelpFlag()
			return found.Help()
		},
	}
}
