package transfer

import (
	"strconv"
	"strings"
	"time"
)

// Standing is how a transfer stands, for the run that follows it: ids, counts and what is due, by the ledger's clock. It
// holds no list, no name and no address, because runs keep what they are told in their history.
type Standing struct {
	Missing        bool       `json:"missing,omitempty"` // the ledger has no such transfer
	Status         Status     `json:"status"`
	ChangeID       string     `json:"changeId"`           // newest record of the transfer as a whole
	Behind         bool       `json:"behind,omitempty"`   // the log lacks the record that the run saw last: the ledger was restored
	Customer       string     `json:"customer,omitempty"` // Microsoft ids of the parties
	Source         string     `json:"source,omitempty"`
	Target         string     `json:"target,omitempty"`
	CreatedTime    time.Time  `json:"createdTime,omitzero"`
	SubmittedTime  time.Time  `json:"submittedTime,omitzero"`
	CompletedTime  time.Time  `json:"completedTime,omitzero"`
	ModifiedTime   time.Time  `json:"modifiedTime,omitzero"`
	ExpirationTime time.Time  `json:"expirationTime,omitzero"`
	Items          ItemCounts `json:"items"`
	Overdue        bool       `json:"overdue,omitempty"`
	Open           Ordinals   `json:"open,omitempty"`   // line items to go on with, of the range that was asked about
	Ending         Ordinals   `json:"ending,omitempty"` // those of them that an operator wants ended
	Ranges         Ordinals   `json:"ranges,omitempty"` // of a transfer too large for one run: which ranges have items to go on with
	Held           int        `json:"held,omitempty"`   // failed items of which nobody knows whether they moved
	Handed         MailCounts `json:"handed,omitzero"`  // e-mails handed to the relay when it ended
	Rules          int        `json:"rules,omitempty"`  // number of the RunRules that its runs follow; 0 of a history of before there were others

	Due      Due           `json:"due,omitempty"`      // what the run has to bring about now
	Reminder int           `json:"reminder,omitempty"` // which, when one is due
	NextIn   time.Duration `json:"nextIn,omitempty"`   // until something else becomes due; 0 for never
	NextIs   Due           `json:"nextIs,omitempty"`   // what that will be
}

// MailCounts says how many e-mails each audience gets.
type MailCounts struct {
	Source   int `json:"source,omitempty"`
	Target   int `json:"target,omitempty"`
	Customer int `json:"customer,omitempty"`
}

// Due is something that the time brings about.
type Due string

// What can be due.
const (
	NothingDue  Due = ""
	DueReminder Due = "reminder"
	DueExpiry   Due = "expiry"
	DueOverdue  Due = "overdue"
	DueDeadline Due = "deadline"
)

// StandingOf says what is due of the transfer now and what comes next: reminders to the source, expiry, the flag
// of what is overdue and the end that a deployment sets to line items. Reminders up to the number given were
// sent; those that a stopped platform slept through are not caught up on, but for the latest.
func (p Policy) StandingOf(t Transfer, changeID string, reminded int, now time.Time) Standing {
	s := Standing{
		Status: t.Status, ChangeID: changeID, Customer: t.State.CustomerTenantID, Source: t.SourceTenantID, Target: t.TargetTenantID,
		CreatedTime: t.CreatedTime, SubmittedTime: t.SubmittedTime, CompletedTime: t.CompletedTime, ModifiedTime: t.LastModifiedTime,
		ExpirationTime: t.ExpirationTime, Items: t.Items, Overdue: t.Overdue, Rules: p.RunRules,
	}
	switch t.Status {
	case Pending:
		for i, at := range Reminders(t.ExpirationTime) {
			if n := i + 1; n > reminded && s.schedule(DueReminder, at, now) {
				s.Reminder = n
			}
		}
		s.schedule(DueExpiry, t.ExpirationTime, now)
	case InProgress:
		if !t.Overdue {
			s.schedule(DueOverdue, t.SubmittedTime.Add(OverdueAfter), now)
		}
		if p.ItemDeadline > 0 {
			s.schedule(DueDeadline, t.SubmittedTime.Add(p.ItemDeadline), now)
		}
	default: // nothing is due of what is over
	}
	return s
}

// schedule notes what is due at that time and tells whether that is now.
func (s *Standing) schedule(what Due, at, now time.Time) bool {
	if left := at.Sub(now); left > 0 {
		if s.NextIn == 0 || left < s.NextIn {
			s.NextIn, s.NextIs = left, what
		}
		return false
	}
	s.Due = what
	return true
}

// Ordinals are numbers of line items or ranges in ascending order, as a text like "0-2,7".
type Ordinals string

// OrdinalsOf writes ascending numbers.
func OrdinalsOf(numbers []int) Ordinals {
	var runs []string
	for i := 0; i < len(numbers); {
		j := i
		for j+1 < len(numbers) && numbers[j+1] == numbers[j]+1 {
			j++
		}
		run := strconv.Itoa(numbers[i])
		if j > i {
			run += "-" + strconv.Itoa(numbers[j])
		}
		runs = append(runs, run)
		i = j + 1
	}
	return Ordinals(strings.Join(runs, ","))
}

// Numbers reads them. What is not of the form is skipped.
func (o Ordinals) Numbers() []int {
	var numbers []int
	for run := range strings.SplitSeq(string(o), ",") {
		first, last, several := strings.Cut(run, "-")
		from, err := strconv.Atoi(first)
		if err != nil {
			continue
		}
		to := from
		if several {
			if to, err = strconv.Atoi(last); err != nil || to-from > mostInRun {
				continue
			}
		}
		for n := from; n <= to; n++ {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// mostInRun bounds what a few characters can unfold to.
const mostInRun = 1 << 20

// Add counts e-mails of an audience.
func (m *MailCounts) Add(a Audience, count int) {
	switch a {
	case ToSource:
		m.Source += count
	case ToTarget:
		m.Target += count
	case ToCustomer:
		m.Customer += count
	}
}
