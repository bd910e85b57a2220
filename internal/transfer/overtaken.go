package transfer

import (
	"strconv"
	"strings"
	"time"
)

// Overtaken is why an e-mail is not sent any more, in one sentence; empty for one that says what is so. An e-mail may go out days after it
// was owed, when a mail server was away or an operator has it sent again, and nobody is then asked for what is over:
//
//   - source and customer hear of a request while it can be answered, the customer also while it is carried out;
//   - a reminder reaches a source that can still answer, and the last one alone when both are late;
//   - an end is told whenever: nothing follows it;
//   - nobody hears of anything who has departed, which is said of those who act for a partner no more.
func Overtaken(event Event, to Audience, departed bool, t Transfer, now time.Time) string {
	reminder, reminds := strings.CutPrefix(string(event), string(EventReminder)+"-")
	asks := reminds || event == EventCreated
	carriedOut := t.Status == InProgress && to == ToCustomer && !reminds
	switch {
	case departed:
		return "The recipient was no admin agent of the partner any more before this could be sent."
	case !asks || carriedOut:
		return ""
	case t.Status == InProgress:
		return "The source approved the request before this could be sent."
	case t.Status != Pending:
		return "The transfer was over (" + string(t.Status) + ") before this could be sent."
	case !now.Before(t.ExpirationTime):
		return "The request had expired before this could be sent."
	case reminds && followed(reminder, t.ExpirationTime, now):
		return "The next reminder was due before this could be sent."
	}
	return ""
}

// followed tells that a reminder after the one with that number was due.
func followed(number string, expiration, now time.Time) bool {
	n, err := strconv.Atoi(number)
	later := Reminders(expiration)
	return err == nil && n >= 1 && n < len(later) && !now.Before(later[n])
}
