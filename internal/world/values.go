package world

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/subscription"
)

// Each reader in this file turns the node of a field into its value. Its error completes the sentence "field must be …".

// The forms of texts that only the file has. The schema holds them too; the tests judge both by the same cases.
var (
	faultForm = regexp.MustCompile(`^(transient:([1-9][0-9]{0,2}|1000)|(sync|slow):([0-9]+(\.[0-9]+)?(ms|s|m|h))+|refuse:[A-Za-z0-9_.-]{1,32})$`)
	countForm = regexp.MustCompile(`^[1-9][0-9]{0,7}$`)
)

const (
	guidExample   = "aaaaaaaa-0000-4000-8000-000000000001"
	faultExamples = "transient:2, sync:2s, slow:2s or refuse:900130"
)

// text is any text of one line that is not blank and that people see as it is.
func text(node *yaml.Node) (string, error) {
	switch {
	case node.Kind != yaml.ScalarNode || node.Tag == "!!null":
		return "", errors.New("text; give a value or remove the field")
	case node.Tag != "!!str":
		return "", fmt.Errorf("text; put %.40q in quotes", node.Value)
	case !kernel.IsLine(node.Value):
		return "", fmt.Errorf("one line of 1 to %d characters, not %.40q", kernel.LongestLine, node.Value)
	}
	return node.Value, nil
}

// form is a text of a fixed form. How it is written in a file may have to be said, too.
func form(f kernel.Form, written string) func(*yaml.Node) (string, error) {
	return func(node *yaml.Node) (string, error) {
		value, err := text(node)
		if err == nil && !f.Has(value) {
			return "", fmt.Errorf("%s%s, not %.40q", f.Must, written, value)
		}
		return value, err
	}
}

var (
	mpnID    = form(programme.MPNIDForm, ", in quotes")
	market   = form(programme.MarketForm, "")
	currency = form(programme.CurrencyForm, "")
	locale   = form(programme.LocaleForm, "")
	domain   = form(programme.DomainForm, "")
	term     = form(subscription.TermForm, "")
)

// email is an address that every mail server takes (kernel.Mailable).
func email(node *yaml.Node) (string, error) {
	value, err := text(node)
	if err == nil && !kernel.IsAddress(value) {
		return "", fmt.Errorf("%s, not %.40q", kernel.AddressExample, value)
	}
	return value, err
}

// guid is an id, in lower case.
func guid(node *yaml.Node) (string, error) {
	value, err := text(node)
	if err != nil {
		return "", err
	}
	id, err := kernel.ParseID("", value)
	if err != nil {
		return "", fmt.Errorf("a GUID such as %s, not %.40q", guidExample, value)
	}
	return id, nil
}

// fault is a scripted fault of the sandbox.
func fault(node *yaml.Node) (string, error) {
	value, err := text(node)
	if err != nil {
		return "", err
	}
	if _, err := subscription.ParseFault(value); err != nil || !faultForm.MatchString(value) {
		return "", fmt.Errorf("a fault such as %s, not %.40q", faultExamples, value)
	}
	return value, nil
}

// oneOf is one of the values of an enumeration.
func oneOf[T ~string](allowed []T) func(*yaml.Node) (T, error) {
	return func(node *yaml.Node) (T, error) {
		if node.Kind == yaml.ScalarNode && slices.Contains(allowed, T(node.Value)) {
			return T(node.Value), nil
		}
		return "", fmt.Errorf("one of %s, not %.40q", joined(allowed), node.Value)
	}
}

// environment is where a tenant lives.
func environment(node *yaml.Node) (programme.Environment, error) {
	known := []programme.Environment{programme.Production, programme.Sandbox}
	for _, e := range known {
		if node.Kind == yaml.ScalarNode && node.Value == e.String() {
			return e, nil
		}
	}
	return programme.Production, fmt.Errorf("one of %s, %s, not %.40q", known[0], known[1], node.Value)
}

// someOf is a list of values of an enumeration, in its order and each once; at least one.
func someOf[T ~string](allowed []T) func(*yaml.Node) ([]T, error) {
	return func(node *yaml.Node) ([]T, error) {
		given := map[T]bool{}
		one := oneOf(allowed)
		for _, child := range node.Content {
			value, err := one(child)
			if err != nil {
				return nil, err
			}
			given[value] = true
		}
		if node.Kind != yaml.SequenceNode || len(given) == 0 || len(given) < len(node.Content) {
			return nil, fmt.Errorf("a list of different ones of %s", joined(allowed))
		}
		return slices.DeleteFunc(slices.Clone(allowed), func(value T) bool { return !given[value] }), nil
	}
}

func joined[T ~string](all []T) string {
	names := make([]string, len(all))
	for i, one := range all {
		names[i] = string(one)
	}
	return strings.Join(names, ", ")
}

func flag(node *yaml.Node) (bool, error) {
	if node.Kind != yaml.ScalarNode || node.Tag != "!!bool" {
		return false, errors.New("true or false")
	}
	return strconv.ParseBool(node.Value)
}

// quantity is a number of units.
func quantity(node *yaml.Node) (int, error) {
	expected := fmt.Errorf("a whole number from 1 to %d, without quotes", subscription.MostUnits)
	if node.Kind != yaml.ScalarNode || node.Tag != "!!int" || !countForm.MatchString(node.Value) {
		return 0, expected
	}
	count, err := strconv.Atoi(node.Value)
	if err != nil || count > subscription.MostUnits {
		return 0, expected
	}
	return count, nil
}

// price is an amount of money in minor units. It is read digit by digit, so that no amount is ever rounded.
func price(node *yaml.Node) (int64, error) {
	expected := fmt.Errorf("%s: no sign, no quotes, at most nine digits and two decimals", subscription.PriceExample)
	if node.Kind != yaml.ScalarNode || (node.Tag != "!!int" && node.Tag != "!!float") {
		return 0, expected
	}
	if amount, ok := subscription.ParsePrice(node.Value); ok {
		return amount, nil
	}
	return 0, expected
}

// moment is a day, which starts at midnight UTC, or a point in time.
func moment(node *yaml.Node) (time.Time, error) {
	if node.Kind == yaml.ScalarNode {
		if t, ok := kernel.ParseMoment(node.Value); ok {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%s, from the years 2000 to 2199, not %.40q", kernel.MomentExample, node.Value)
}
