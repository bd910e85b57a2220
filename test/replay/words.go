package replay

import (
	"strings"

	"handover/internal/world"
)

// What the recorded transfers are told, and what no history but one of the second door may hold.
const (
	DeclineReason = "The contract runs on until autumn."
	GiveUpReason  = "The billing system lost it for good."
	// SubscriptionMark stands in the id of every subscription of the recordings, so that a list of them is noticed.
	SubscriptionMark = "-5ab5-4000-8000-"
)

// Private are the names, addresses, reasons and lists of the recordings' world, in lower case.
func Private() []string {
	w := world.Sample()
	words := []string{DeclineReason, GiveUpReason, SubscriptionMark}
	for _, p := range w.Partners {
		words = append(words, p.Name)
		for _, agent := range p.Users {
			words = append(words, agent.Email)
		}
	}
	for _, c := range w.Customers {
		words = append(words, c.Name, c.Domain, c.Email)
	}
	for _, s := range w.Subscriptions {
		words = append(words, s.FriendlyName, s.OfferID)
	}
	for i, word := range words {
		words[i] = strings.ToLower(word)
	}
	return words
}

// SecondDoor tells the histories of transfers whose commands came through Temporal: what clients put into those stands there.
func SecondDoor(name string) bool { return strings.HasPrefix(name, "door-") }
