package config

// Whoever sets a variable must read its name in what is wrong with it; the library tells of the field that it fills.

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/caarlos0/env/v11"
)

// named tells of each value that cannot be read by the name of its variable.
func named(err error) error {
	var all env.AggregateError
	if !errors.As(err, &all) {
		return err
	}
	told := make([]error, len(all.Errors))
	for i, one := range all.Errors {
		told[i] = one
		var parse env.ParseError
		if errors.As(one, &parse) {
			told[i] = fmt.Errorf("%s cannot be read: %w", strings.Join(variablesOf(parse.Name), " or "), parse.Err)
		}
	}
	return errors.Join(told...)
}

// variablesOf are the variables that fill a field of that name: of several, those that are set.
func variablesOf(field string) []string {
	all := variables(reflect.TypeFor[Config](), "", field)
	var set []string
	for _, name := range all {
		if _, ok := os.LookupEnv(name); ok {
			set = append(set, name)
		}
	}
	if len(set) == 0 {
		return all
	}
	return set
}

func variables(of reflect.Type, prefix, field string) []string {
	var found []string
	for i := range of.NumField() {
		f := of.Field(i)
		if below, ok := f.Tag.Lookup("envPrefix"); ok {
			found = append(found, variables(f.Type, prefix+below, field)...)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("env"), ",")
		if f.Name == field {
			found = append(found, prefix+name)
		}
	}
	return found
}
