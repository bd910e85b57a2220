package notify

// What a mail says is judged when it goes out: each is written just before it is sent, of its subject as it was read a moment ago. Mails
// that go out fast share one reading; a slow mail server has each read for itself.

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"handover/internal/outbox"
)

// found are the subjects of one kind, by id, as they were at one time, or why they could not be read.
type found struct {
	subjects map[string]Subject
	err      error
	at       time.Time
}

// read reads the subjects, of one kind, of the e-mails. A program that does not know the kind leaves them to a newer one.
func (k Kinds) read(ctx context.Context, name string, mail []outbox.Owed) (f found) {
	kind, known := k[name]
	if !known {
		f.err = fmt.Errorf("this program has nothing to tell about a %s", name)
		return f
	}
	var ids []string
	for _, o := range mail {
		if o.Subject.Kind == name {
			ids = append(ids, o.Subject.ID)
		}
	}
	slices.Sort(ids)
	if f.subjects, f.err = kind.Subjects(ctx, slices.Compact(ids)); f.err != nil {
		f.err = fmt.Errorf("what mail about a %s tells cannot be read: %w", name, f.err)
	}
	return f
}

func (f found) letter(n outbox.Notification) (Letter, error) {
	switch subject, there := f.subjects[n.Subject.ID]; {
	case f.err != nil:
		return Letter{}, f.err
	case !there:
		return Letter{}, Permanent("The %s that the mail is about is gone.", n.Subject.Kind)
	default:
		return subject.Letter(n)
	}
}

// recent tells that what was read of the kind is still what mail may say.
func (r *Relay) recent(kind string) bool {
	f, read := r.found[kind]
	return read && timeOfDay().Sub(f.at).Abs() < r.pace.recent
}

// write writes the first of the e-mails. What it is about is read unless that was done a moment ago, and with it, in one go, what the
// others of its kind are about. Mail about what cannot be read is put off, and holds up no other kind.
func (r *Relay) write(ctx context.Context, mail []outbox.Owed) (Letter, error) {
	kind := mail[0].Subject.Kind
	if !r.recent(kind) {
		at := timeOfDay()
		f := r.kinds.read(ctx, kind, mail)
		f.at = at
		r.found[kind] = f
		if f.err != nil && ctx.Err() == nil {
			r.logger.Warn("Mail is put off: what it is about cannot be read.", zap.Error(f.err))
		}
	}
	return r.found[kind].letter(mail[0].Notification)
}
