package main

// What comes out of the program is part of what it was asked for, and what goes in may never end.

import (
	"context"
	"fmt"
	"io"
	"sync"
)

// answers is where a command writes what it was asked for. It keeps the first error, which most writers have no way to tell.
type answers struct {
	io.Writer
	mu   sync.Mutex // a bar is drawn beside the command
	lost error      // *unwrittenError
}

func (a *answers) Write(text []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	n, err := a.Writer.Write(text)
	if err != nil && a.lost == nil {
		a.lost = &unwrittenError{err}
	}
	return n, err
}

// missing is what was lost of the answer, nil for nothing.
func (a *answers) missing() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.lost
}

// Fd is the file it writes to, by which terminals are known; none that is open for other writers.
func (a *answers) Fd() uintptr {
	if file, ok := a.Writer.(interface{ Fd() uintptr }); ok {
		return file.Fd()
	}
	return ^uintptr(0)
}

// unwrittenError says that the answer was lost on its way out: a full disk, an output that is closed. What the command does was done.
type unwrittenError struct{ error }

func (e *unwrittenError) Error() string {
	return fmt.Sprintf("the command was carried out, and its answer could not be written: %v", e.error)
}

func (e *unwrittenError) Unwrap() error { return e.error }

// interruptible reads, and ends with the context's error when that is over first: a pipe, or somebody's keyboard, may never say
// anything. The reading then ends with the program.
func interruptible[T any](ctx context.Context, read func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := read()
		done <- result{value, err}
	}()
	select {
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	case r := <-done:
		return r.value, r.err
	}
}
