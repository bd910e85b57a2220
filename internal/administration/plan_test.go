package administration

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// What came of changes is counted by kind, in the order in which they are decided.
func TestApplied(t *testing.T) {
	var a Applied
	assert.False(t, a.Writes())
	a.note(Partners, Same)
	a.note(Partners, Same)
	assert.False(t, a.Writes(), "what says what it said is not written")
	for outcome, want := range map[Outcome]Count{
		New: {Kind: Partners, New: 1, Same: 2}, Changed: {Kind: Partners, Changed: 1, Same: 2}, Ended: {Kind: Partners, Ended: 1, Same: 2},
	} {
		one := Applied{Counts: []Count{a.Counts[0]}}
		one.note(Partners, outcome)
		assert.Equal(t, []Count{want}, one.Counts)
		assert.True(t, one.Writes(), outcome)
	}
	a.note(Subscriptions, New)
	assert.Equal(t, []Count{{Kind: Partners, Same: 2}, {Kind: Subscriptions, New: 1}}, a.Counts)
}
