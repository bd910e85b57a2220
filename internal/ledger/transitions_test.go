package ledger

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/store"
	"handover/internal/subscription"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// T1: the request is Pending, both parties have a record, the source and the customer get an e-mail.
func TestOpen(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		r := request("r1")
		r.CustomerTenantID = "C0000000-0000-4000-8000-000000000001"
		r.TargetProductTypes = []subscription.ProductType{subscription.OnlineServicesNCE}
		r.PartnerOnRecord = "mpn-Reseller"
		opened, err := f.OpenTransfer(t.Context(), r)
		require.NoError(t, err)

		require.Equal(t, idOf("r1"), opened.ID)
		require.Equal(t, transfer.Pending, opened.Status)
		require.Equal(t, customerID, opened.Request.CustomerTenantID)
		require.Equal(t, start, opened.CreatedTime)
		require.Equal(t, transfer.ExpirationTime(start), opened.ExpirationTime)
		require.Equal(t, "Target", opened.TargetPartnerName)
		require.Equal(t, targetAgent, opened.LastModifiedUser)
		require.Equal(t, opened, f.stored(opened.ID), "what is returned is what is stored")

		require.Equal(t, []string{"created"}, f.events(opened.ID, sourceID))
		require.Equal(t, []string{"created"}, f.events(opened.ID, targetID))
		require.Equal(t, []string{sourceAgent, "second@source.example", "it@contoso.example"}, f.mail(opened.ID, transfer.EventCreated))
		f.holds()
	})
}

// a request id opens one transfer, whatever else is asked for under it; whoever asks again learns which.
func TestOpenAgain(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		opened := f.pending("r1")
		f.behind("DELETE FROM relationships")
		before := f.contents()
		f.clock.advance(time.Hour)

		other := request("r1")
		other.CustomerEmail = "cio@contoso.example"
		for _, r := range []transfer.Request{request("r1"), other} {
			_, err := f.OpenTransfer(t.Context(), r)
			said := refuses(t, err, kernel.RequestIDReused)
			require.Contains(t, said.Message, opened.ID)
			require.Contains(t, said.Message, string(transfer.Pending))
			require.Equal(t, []string{opened.ID}, said.Data)
		}
		require.Equal(t, before, f.contents())
	})
}

// R-103 under concurrency: one opens it, the others are told of it.
func TestOpenAtOnce(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		const callers = 8
		failed := make(chan error, callers)
		for range callers {
			go func() {
				_, err := f.OpenTransfer(t.Context(), request("r1"))
				failed <- err
			}()
		}
		made := 0
		for range callers {
			if err := <-failed; err == nil {
				made++
			} else {
				require.Equal(t, []string{idOf("r1")}, refuses(t, err, kernel.RequestIDReused).Data)
			}
		}
		require.Equal(t, 1, made)
		require.Len(t, f.rows("SELECT id FROM transfers"), 1)
		require.Equal(t, []string{"created"}, f.events(idOf("r1"), sourceID))
		f.holds()
	})
}

// The facts of an opening come from the ledger; one refusal per kind of fact. The rules themselves are the domain's.
func TestOpenIsRefused(t *testing.T) {
	const nobody = "b0000000-0000-4000-8000-000000000009"
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		refused := func(cause kernel.Cause, change func(*transfer.Request)) {
			t.Helper()
			r, before := request("r1"), f.contents()
			change(&r)
			_, err := f.OpenTransfer(t.Context(), r)
			refuses(t, err, cause)
			require.Equal(t, before, f.contents())
		}
		refused(kernel.InvalidInput, func(r *transfer.Request) { r.CustomerEmail = "" })
		refused(programme.PartnerUnknown, func(r *transfer.Request) { r.SourcePartnerTenantID = nobody })
		refused(programme.CustomerUnknown, func(r *transfer.Request) { r.CustomerTenantID = nobody })
		refused(kernel.NotAdminAgent, func(r *transfer.Request) { r.Actor.UserID = sourceAgent })
		refused(transfer.ResellerUnknown, func(r *transfer.Request) { r.PartnerOnRecord = "mpn-nobody" })
		refused(transfer.AzurePlanMissing, func(r *transfer.Request) {
			r.TargetProductTypes = []subscription.ProductType{subscription.AzureSubscription}
		})
		unchanged := func(*transfer.Request) {}
		f.behind("DELETE FROM agreements")
		refused(programme.AgreementMissing, unchanged)
		f.behind("DELETE FROM relationships")
		refused(programme.RelationshipMissing, unchanged)
	})
}

// facts that allow what would be refused without them.
func TestOpenWithCarriedOverAgreementAndAzurePlan(t *testing.T) {
	w := worldOf(1)
	w.Agreements = []programme.Agreement{{CustomerTenantID: customerID, PartnerTenantID: sourceID, Mode: programme.DirectSign}}
	plan := sample(7)
	plan.PartnerTenantID, plan.ProductType = targetID, subscription.AzurePlan
	w.Subscriptions = append(w.Subscriptions, plan)
	onBoth(t, w, func(t *testing.T, f fixture) {
		r := request("r1")
		r.TargetProductTypes = []subscription.ProductType{subscription.AzureSubscription, subscription.OnlineServicesNCE}
		r.PartnerOnRecord = "mpn-Reseller"
		opened, err := f.OpenTransfer(t.Context(), r)
		require.NoError(t, err)
		require.Equal(t, r.TargetProductTypes, f.stored(opened.ID).TargetProductTypes)
	})
}

// ending is one way to leave Pending or InProgress.
type ending struct {
	run    func(f fixture, id string) (transfer.Transfer, error)
	moving bool // starts from InProgress, with one item moved
	status transfer.Status
	event  string
	mail   []string
}

var transitions = map[string]ending{
	"T3 cancel": {
		run: func(f fixture, id string) (transfer.Transfer, error) {
			return f.Cancel(f.t.Context(), id, transfer.Decision{RequestID: "d1", Actor: asTarget})
		},
		status: transfer.Cancelled, event: "cancelled",
	},
	"T7 decline": {
		run: func(f fixture, id string) (transfer.Transfer, error) {
			return f.Decline(f.t.Context(), id, transfer.Decision{RequestID: "d1", Actor: asSource, Reason: "Not ours to give"})
		},
		status: transfer.Rejected, event: "declined", mail: []string{targetAgent},
	},
	"T4 expire": {
		run: func(f fixture, id string) (transfer.Transfer, error) {
			f.clock.advance(f.stored(id).ExpirationTime.Sub(f.clock.Now()))
			_, err := f.Expire(f.t.Context(), id)
			return f.stored(id), err
		},
		status: transfer.Expired, event: "expired",
	},
	"T2 submit": {
		run: func(f fixture, id string) (transfer.Transfer, error) {
			return f.Submit(f.t.Context(), id, everything("d1"))
		},
		status: transfer.InProgress, event: "submitted",
	},
	"T5 close": {
		run: func(f fixture, id string) (transfer.Transfer, error) {
			_, err := f.CloseTransfer(f.t.Context(), id)
			return f.stored(id), err
		},
		moving: true, status: transfer.Complete, event: "completed",
		mail: []string{sourceAgent, "second@source.example", targetAgent, "it@contoso.example"},
	},
}

// begun is a transfer in the state the ending starts from.
func (e ending) begun(f fixture) transfer.Transfer {
	if !e.moving {
		return f.pending("r1")
	}
	t := f.moving("r1")
	f.record(t.ID, moved(0))
	return t
}

// Each transition writes its state, one record per participant and its e-mails, once: whoever wants it again is refused, or
// is the platform and learns that it is made.
func TestTransitions(t *testing.T) {
	for name, e := range transitions {
		t.Run(name, func(t *testing.T) {
			onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
				tr := e.begun(f)
				f.clock.advance(time.Hour)
				ended, err := e.run(f, tr.ID)
				require.NoError(t, err)
				require.Equal(t, e.status, ended.Status)
				require.Equal(t, f.clock.Now(), ended.LastModifiedTime, "R-28")
				require.Equal(t, e.status == transfer.Complete, !ended.CompletedTime.IsZero(), "R-28")
				require.Equal(t, ended, f.stored(tr.ID), "what is returned is what is stored")
				require.Equal(t, e.mail, f.mail(tr.ID, transfer.Event(e.event)), "R-200..R-202")
				for _, partner := range []string{sourceID, targetID} {
					keys := f.events(tr.ID, partner)
					require.Equal(t, e.event, keys[len(keys)-1], "R-203")
				}
				f.holds()

				before := f.contents()
				f.clock.advance(time.Hour)
				if again, err := e.run(f, tr.ID); err == nil {
					require.Equal(t, ended, again)
				} else {
					var refusal *kernel.Refusal
					require.ErrorAs(t, err, &refusal)
					require.Contains(t, []kernel.Cause{transfer.AlreadyFinal, transfer.AlreadyInProgress}, refusal.Cause)
				}
				require.Equal(t, before, f.contents(), "a repetition writes nothing")
			})
		})
	}
}

// A crash at any point of a transition leaves nothing of it, and repeating it makes it whole. The crash is a database
// that refuses the transition's last write.
func TestTransitionsAreAllOrNothing(t *testing.T) {
	for name, e := range transitions {
		t.Run(name, func(t *testing.T) {
			onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
				tr := e.begun(f)
				last := "activity_log"
				if e.mail != nil {
					last = "notifications"
				}
				if e.event == "submitted" {
					last = "line_items"
				}
				restore := f.refuseInserts(last)
				before := f.contents()
				_, err := e.run(f, tr.ID)
				require.ErrorContains(t, err, "refused by the test")
				require.Equal(t, before, f.contents())

				restore()
				ended, err := e.run(f, tr.ID)
				require.NoError(t, err)
				require.Equal(t, e.status, ended.Status)
				f.holds()
			})
		})
	}
}

// refuseInserts makes every insert into the table fail until the returned function is called.
func (f fixture) refuseInserts(table string) (restore func()) {
	if f.Dialect() == store.SQLite {
		f.behind("CREATE TRIGGER crash BEFORE INSERT ON " + table + " BEGIN SELECT RAISE(ABORT, 'refused by the test'); END")
		return func() { f.behind("DROP TRIGGER crash") }
	}
	f.behind("CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused by the test'; END $$",
		"CREATE TRIGGER crash BEFORE INSERT ON "+table+" FOR EACH ROW EXECUTE FUNCTION crash()")
	return func() { f.behind("DROP TRIGGER crash ON " + table) }
}

// T6: what a transfer becomes when items failed, and who is told: by audit the partners, by mail everybody when something moved
// (D2, R-202, R-402).
func TestCloseWithFailures(t *testing.T) {
	for want, results := range map[transfer.Status][]transferstore.ItemResult{
		transfer.PartiallyComplete: {moved(0), refused(1)},
		transfer.Failed:            {refused(0), refused(1)},
	} {
		t.Run(string(want), func(t *testing.T) {
			onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
				tr := f.moving("r1")
				f.record(tr.ID, results[0])
				at, err := f.CloseTransfer(t.Context(), tr.ID)
				require.NoError(t, err)
				require.Equal(t, transfer.InProgress, at.Status, "an item still runs")

				done := f.closed(tr, results...)
				require.Equal(t, want, done.Status)
				require.Equal(t, done, f.stored(tr.ID))
				require.Empty(t, f.mail(tr.ID, transfer.EventFailed))
				var told []string
				if want == transfer.PartiallyComplete {
					told = []string{sourceAgent, "second@source.example", targetAgent, "it@contoso.example"}
				}
				require.Equal(t, told, f.mail(tr.ID, transfer.EventCompleted))
				require.Equal(t, []string{"created", "submitted", "failed"}, f.events(tr.ID, targetID))
				f.holds()
			})
		})
	}
}

// the overdue flag, once submitted and while not final.
func TestOverdue(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		flag := func() bool {
			t.Helper()
			at, err := f.FlagOverdue(t.Context(), tr.ID)
			require.NoError(t, err)
			require.Equal(t, at.Overdue, f.stored(tr.ID).Overdue)
			return at.Overdue
		}
		require.False(t, flag())

		_, err := f.Submit(t.Context(), tr.ID, everything("d1"))
		require.NoError(t, err)
		require.True(t, flag())
		require.True(t, flag())
		_, err = f.FlagOverdue(t.Context(), "b0000000-0000-4000-8000-000000000009")
		refuses(t, err, transfer.NotFound)
	})
}

// The source is reminded of a request that waits, each time once.
func TestRemind(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		remind := func(n int) {
			t.Helper()
			_, err := f.Remind(t.Context(), tr.ID, n)
			require.NoError(t, err)
		}
		remind(1)
		remind(1)
		require.Equal(t, []string{sourceAgent, "second@source.example"}, f.mail(tr.ID, "reminder-1"))

		_, err := f.Cancel(t.Context(), tr.ID, transfer.Decision{RequestID: "d1", Actor: asTarget})
		require.NoError(t, err)
		remind(2)
		require.Empty(t, f.mail(tr.ID, "reminder-2"))
		_, err = f.Remind(t.Context(), "b0000000-0000-4000-8000-000000000009", 1)
		refuses(t, err, transfer.NotFound)
		f.holds()
	})
}
