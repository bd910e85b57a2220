package transfer

import (
	"strings"
	"time"

	"handover/internal/kernel"
)

// State is the part of a transfer that decides what may happen next.
type State struct {
	Status           Status     `json:"status"`
	CustomerTenantID string     `json:"customer"`
	SourceTenantID   string     `json:"source"`
	TargetTenantID   string     `json:"target"`
	CreatedTime      time.Time  `json:"createdTime,omitzero"`
	LastModifiedTime time.Time  `json:"lastModifiedTime,omitzero"`
	ExpirationTime   time.Time  `json:"expirationTime,omitzero"`
	SubmittedTime    time.Time  `json:"submittedTime,omitzero"` // zero before submit
	CompletedTime    time.Time  `json:"completedTime,omitzero"` // set only on successful completion
	Items            ItemCounts `json:"items"`
}

// RoleOf says who the actor is to this transfer.
func (s State) RoleOf(a kernel.Actor) kernel.Role {
	switch {
	case a.Platform:
		return kernel.RolePlatform
	case a.Operator:
		return kernel.RoleOperator
	case a.PartnerTenantID == "":
		return kernel.RoleStranger
	case kernel.SameID(a.PartnerTenantID, s.SourceTenantID):
		return kernel.RoleSource
	case kernel.SameID(a.PartnerTenantID, s.TargetTenantID):
		return kernel.RoleTarget
	case kernel.SameID(a.PartnerTenantID, s.CustomerTenantID):
		return kernel.RoleCustomer
	default:
		return kernel.RoleStranger
	}
}

// Command is something an actor wants to happen to a transfer. The set is closed: see the types below.
type Command interface {
	by() kernel.Role // the one role that may give it
	from() Status    // the one state it starts from
}

// The commands. Item carries the state the line item stands in, so that the function stays pure for 10,000 items.
type (
	// Open requests the transfer (T1).
	Open struct{}
	// Submit approves the transfer with this many selected line items (T2).
	Submit struct{ Items int }
	// Cancel withdraws the request (T3).
	Cancel struct{}
	// Decline is the source's no (T7, R-15).
	Decline struct{ Reason string }
	// Expire ends a request nobody answered (T4).
	Expire struct{}
	// ItemDone records that a line item moved.
	ItemDone struct{ Item ItemStatus }
	// ItemRefused records that a line item can never move.
	ItemRefused struct{ Item ItemStatus }
	// GiveUp is an operator's end to the retries of a line item.
	GiveUp struct {
		Item   ItemStatus
		Reason string
	}
	// Close ends the transfer once no line item is running (T5, T6).
	Close struct{}
)

func (Open) by() kernel.Role        { return kernel.RoleTarget }
func (Submit) by() kernel.Role      { return kernel.RoleSource }
func (Cancel) by() kernel.Role      { return kernel.RoleTarget }
func (Decline) by() kernel.Role     { return kernel.RoleSource }
func (Expire) by() kernel.Role      { return kernel.RolePlatform }
func (ItemDone) by() kernel.Role    { return kernel.RolePlatform }
func (ItemRefused) by() kernel.Role { return kernel.RolePlatform }
func (GiveUp) by() kernel.Role      { return kernel.RoleOperator }
func (Close) by() kernel.Role       { return kernel.RolePlatform }

func (Open) from() Status        { return None }
func (Submit) from() Status      { return Pending }
func (Cancel) from() Status      { return Pending }
func (Decline) from() Status     { return Pending }
func (Expire) from() Status      { return Pending }
func (ItemDone) from() Status    { return InProgress }
func (ItemRefused) from() Status { return InProgress }
func (GiveUp) from() Status      { return InProgress }
func (Close) from() Status       { return InProgress }

// Decide is the transition function: what the command by this actor at this time does to the transfer.
//
// On success it returns the next state and everything that has to be written and told with it. Otherwise it returns the
// state unchanged and a *Refusal: NotFound for who takes no part, WrongParty, AlreadyInProgress or
// AlreadyFinal, RequestExpired, DeclineDisabled, NoLineItems, ItemNotFound, ItemEnded (I-2),
// ItemsRunning, ReasonMissing, InvalidInput for a reason out of bounds, NotYetExpired, NotSubmitted, AlreadyOpened.
func (p Policy) Decide(s State, c Command, by kernel.Actor, now time.Time) (State, Effects, error) {
	if err := permitted(s, c.by(), by); err != nil {
		return s, Effects{}, err
	}
	if err := p.guard(s, c, now); err != nil {
		return s, Effects{}, err
	}
	next := s.after(c, now)
	return next, effects(next, c), nil
}

// permitted checks who gives a command that is the giver's alone, before anything about the transfer is revealed.
func permitted(s State, giver kernel.Role, by kernel.Actor) error {
	role := s.RoleOf(by)
	switch role {
	case giver:
		return nil
	case kernel.RoleStranger, kernel.RoleCustomer:
		return NoSuchTransfer()
	default:
		return kernel.Refuse(kernel.WrongParty, "Only the %s may do this, and you act as the %s.", giver, role)
	}
}

// guard checks that the command fits the state.
func (p Policy) guard(s State, c Command, now time.Time) error {
	if s.Status != c.from() {
		return wrongStatus(s.Status, c)
	}
	if s.Status == Pending && c.by() != kernel.RolePlatform && !now.Before(s.ExpirationTime) {
		return kernel.Refuse(RequestExpired, "The request expired at %s. The target must create a new transfer.", s.ExpirationTime.Format(time.RFC3339))
	}
	return p.guardOf(s, c, now)
}

// guardOf checks what only this command asks for.
func (p Policy) guardOf(s State, c Command, now time.Time) error {
	switch c := c.(type) {
	case Submit:
		if c.Items < 1 {
			return kernel.Refuse(NoLineItems, "A submit needs at least one line item. Name the subscriptions to move.")
		}
	case Decline:
		if p.DeclineDisabled {
			return kernel.Refuse(DeclineDisabled, "Declining is switched off here. A request that is not submitted expires by itself.")
		}
		return kernel.CheckText("reason", c.Reason)
	case Expire:
		if now.Before(s.ExpirationTime) {
			return kernel.Refuse(NotYetExpired, "The request stays open until %s.", s.ExpirationTime.Format(time.RFC3339))
		}
	case ItemDone:
		return s.running(c.Item)
	case ItemRefused:
		return s.running(c.Item)
	case GiveUp:
		if strings.TrimSpace(c.Reason) == "" {
			return kernel.Refuse(ReasonMissing, "Giving up a line item needs a reason; it is shown to the source.")
		}
		if err := kernel.CheckText("reason", c.Reason); err != nil {
			return err
		}
		return s.running(c.Item)
	case Close:
		if s.Items.InProgress > 0 {
			return kernel.Refuse(ItemsRunning, "%d line items are still being moved.", s.Items.InProgress)
		}
	}
	return nil
}

// wrongStatus is the refusal for a command that came in the wrong state.
func wrongStatus(s Status, c Command) error {
	_, opening := c.(Open)
	switch {
	case opening:
		return kernel.Refuse(AlreadyOpened, "The transfer exists already; it is %s. Read it instead of creating it again.", s)
	case s.Final():
		return kernel.Refuse(AlreadyFinal, "The transfer is %s; nothing about it can change any more.", s)
	case s == InProgress:
		return kernel.Refuse(AlreadyInProgress, "The transfer was submitted and is being moved; it can be neither submitted nor cancelled now.")
	case s == Pending:
		return kernel.Refuse(NotSubmitted, "The transfer waits for the source; it has no line items yet.")
	default:
		return NoSuchTransfer()
	}
}

// running checks that the line item has not ended. The counts have the last word, so that they never fall below zero.
func (s State) running(item ItemStatus) error {
	switch {
	case item == NoItem:
		return kernel.Refuse(ItemNotFound, "The transfer has no such line item.")
	case item != ItemInProgress:
		return kernel.Refuse(ItemEnded, "The line item is %s already.", item)
	case s.Items.InProgress < 1:
		return kernel.Refuse(ItemEnded, "Every line item of the transfer has ended already.")
	}
	return nil
}

// after is the state that follows. It is only asked once every guard has passed.
func (s State) after(c Command, now time.Time) State {
	switch c := c.(type) {
	case Open:
		s.Status, s.CreatedTime, s.ExpirationTime = Pending, now, ExpirationTime(now)
	case Submit:
		s.Status, s.SubmittedTime, s.Items = InProgress, now, ItemCounts{InProgress: c.Items}
	case Cancel:
		s.Status = Cancelled
	case Decline:
		s.Status = Rejected
	case Expire:
		s.Status = Expired
	case ItemDone:
		s.Items.InProgress--
		s.Items.Complete++
		return s
	case ItemRefused, GiveUp:
		s.Items.InProgress--
		s.Items.Failed++
		return s
	case Close:
		s.Status = s.Items.outcome()
		if s.Status == Complete {
			s.CompletedTime = now
		}
	}
	s.LastModifiedTime = now
	return s
}

// ExpirationTime is the midnight UTC at which a request created at that time ends: the end of its 30th full day.
func ExpirationTime(created time.Time) time.Time {
	y, m, d := created.UTC().Date()
	return time.Date(y, m, d+31, 0, 0, 0, 0, time.UTC)
}

// OverdueAfter is how long after submit a transfer with running items is flagged for operators.
const OverdueAfter = 72 * time.Hour
