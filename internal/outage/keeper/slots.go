package keeper

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.temporal.io/sdk/worker"

	"handover/internal/billing"
)

// Slots are the slots of the activities that call a billing system. While it is away there is none but one for a probe, so
// that tasks wait at Temporal, in their order, and are neither fetched nor refused nor tried again. It is a
// worker.SlotSupplier.
type Slots struct {
	breaker *billing.Breaker
	size    int

	mu    sync.Mutex
	used  int
	busy  map[*worker.SlotPermit]bool // those with a task
	full  bool                        // all of them had one since somebody asked
	probe *worker.SlotPermit          // the one slot that was handed out while the billing system is away
	freed chan struct{}               // closed when a slot comes back
}

// NewSlots makes that many slots.
func NewSlots(b *billing.Breaker, size int) *Slots {
	return &Slots{breaker: b, size: size, busy: map[*worker.SlotPermit]bool{}, freed: make(chan struct{})}
}

// ReserveSlot waits until there is room at the billing system and a slot is free. Error: the context's.
func (s *Slots) ReserveSlot(ctx context.Context, _ worker.SlotReservationInfo) (*worker.SlotPermit, error) {
	for {
		permit, gate, freed := s.take()
		if permit != nil {
			return permit, nil
		}
		if err := awaitAny(ctx, gate, freed); err != nil {
			return nil, err
		}
	}
}

// awaitAny returns when it is worth trying again.
func awaitAny(ctx context.Context, gate billing.Gate, freed <-chan struct{}) error {
	var opens <-chan time.Time
	if gate.Room == billing.ForNone {
		timer := time.NewTimer(gate.Until)
		defer timer.Stop()
		opens = timer.C
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-gate.Changed:
	case <-freed:
	case <-opens:
	}
	return nil
}

// TryReserveSlot is a slot, or nil when there is none now.
func (s *Slots) TryReserveSlot(worker.SlotReservationInfo) *worker.SlotPermit {
	permit, _, _ := s.take()
	return permit
}

// take is a slot, or what has to change before there is one.
func (s *Slots) take() (*worker.SlotPermit, billing.Gate, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gate := s.breaker.Gate()
	forProbe := gate.Room == billing.ForOne
	if gate.Room == billing.ForNone || s.used >= s.size || forProbe && s.probe != nil {
		return nil, gate, s.freed
	}
	permit := &worker.SlotPermit{}
	if forProbe {
		s.probe = permit
	}
	s.used++
	return permit, gate, nil
}

// MarkSlotUsed notes that a slot has a task now.
func (s *Slots) MarkSlotUsed(info worker.SlotMarkUsedInfo) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy[info.Permit()] = true
	s.full = s.full || len(s.busy) >= s.size
}

// WereFull tells whether all slots had a task at once since it was last asked: then others may be waiting for one.
func (s *Slots) WereFull() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	full := s.full
	s.full = len(s.busy) >= s.size
	return full
}

// ReleaseSlot takes a slot back.
func (s *Slots) ReleaseSlot(info worker.SlotReleaseInfo) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used--
	delete(s.busy, info.Permit())
	if info.Permit() == s.probe {
		s.probe = nil
	}
	close(s.freed)
	s.freed = make(chan struct{})
}

// MaxSlots is how many there are.
func (s *Slots) MaxSlots() int { return s.size }

// tasksAtOnce bounds what a worker that only calls a billing system does besides, which is nothing.
const tasksAtOnce = 1

// Tuner gives a worker these slots for its activities. Such a worker must set none of the MaxConcurrent…ExecutionSize
// options, and hosts activities only.
func Tuner(s *Slots) (worker.WorkerTuner, error) {
	besides, err := worker.NewFixedSizeSlotSupplier(tasksAtOnce)
	if err != nil {
		return nil, fmt.Errorf("the slots of a worker could not be made: %w", err)
	}
	return worker.NewCompositeTuner(worker.CompositeTunerOptions{
		ActivitySlotSupplier: s, WorkflowSlotSupplier: besides, LocalActivitySlotSupplier: besides,
		NexusSlotSupplier: besides, SessionActivitySlotSupplier: besides,
	})
}
