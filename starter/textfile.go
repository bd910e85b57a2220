package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"unicode/utf16"
	"unicode/utf8"
)

// mostText bounds a file that a command reads; the largest are histories.
const mostText = 256 << 20

// readText reads a file, or standard input for "-", as text in UTF-8, however the tool that wrote it encodes text: with a byte order
// mark or without, in UTF-16 as PowerShell does. Errors: the context's own, and why the file is no such text.
func readText(ctx context.Context, stdin io.Reader, name string) ([]byte, error) {
	return interruptible(ctx, func() ([]byte, error) { return readWhole(stdin, name) })
}

func readWhole(stdin io.Reader, name string) ([]byte, error) {
	if name == "-" {
		return decodeText(stdin)
	}
	file, err := os.Open(filepath.Clean(name))
	if err != nil {
		return nil, err
	}
	text, err := decodeText(file)
	return text, errors.Join(err, file.Close())
}

func decodeText(in io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(in, mostText+1))
	if err != nil {
		return nil, err
	}
	if len(data) > mostText {
		return nil, fmt.Errorf("it is larger than %d MB", mostText>>20)
	}
	if order := wide(data); order != nil {
		return narrow(data, order)
	}
	text := bytes.TrimPrefix(data, []byte("\ufeff"))
	if line := lineOutside(text); line > 0 {
		return nil, fmt.Errorf("line %d: it is not in UTF-8; save the file as UTF-8 or UTF-16 with a byte order mark", line)
	}
	return text, nil
}

// lineOutside is the first line that is not in UTF-8; 0 for none.
func lineOutside(text []byte) int {
	if utf8.Valid(text) {
		return 0
	}
	for n, rest := 1, text; ; n++ {
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		if !utf8.Valid(line) {
			return n
		}
		rest = after
	}
}

// wide is the order of the bytes of UTF-16; nil for text in single bytes. Without a mark, the first character tells: it is ASCII in
// everything that a command reads.
func wide(data []byte) binary.ByteOrder {
	if len(data) < 2 {
		return nil
	}
	switch first := [2]byte(data); {
	case first == [2]byte{0xff, 0xfe}, first[0] != 0 && first[1] == 0:
		return binary.LittleEndian
	case first == [2]byte{0xfe, 0xff}, first[0] == 0 && first[1] != 0:
		return binary.BigEndian
	}
	return nil
}

func narrow(data []byte, order binary.ByteOrder) ([]byte, error) {
	if len(data)%2 != 0 {
		return nil, errors.New("it is cut off in the middle of a character (UTF-16)")
	}
	units := make([]uint16, 0, len(data)/2)
	for ; len(data) > 0; data = data[2:] {
		units = append(units, order.Uint16(data))
	}
	return bytes.TrimPrefix([]byte(string(utf16.Decode(units))), []byte("\ufeff")), nil
}
