package stream

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"
)

// Damaged is the kind of the single event that stands for a message whose bytes could not be read. Its Data is
// {"error": text, "payload": base64}, so that the worker can park it as it parks any event it cannot work.
const Damaged = "damaged"

// A message is a version byte and the events one after the other, each made of
//
//	key, kind, id   length as uvarint, bytes
//	at              seconds since 1970 as varint, nanoseconds as uvarint
//	data            length as uvarint, bytes
//
// JSON is what Data holds; framing it in JSON once more would make every reader scan each signal's bytes twice.
const codecVersion = 1

// maxFraming bounds what the framing adds to the bytes of an event's fields: six numbers.
const maxFraming = 6 * binary.MaxVarintLen64

var errTruncated = errors.New("the message ends within an event")

// eventSize bounds the encoded size of an event in bytes.
func eventSize(e *Event) int { return len(e.Key) + len(e.Kind) + len(e.ID) + len(e.Data) + maxFraming }

func appendEvent(b []byte, e *Event) []byte {
	b = appendBytes(b, e.Key)
	b = appendBytes(b, e.Kind)
	b = appendBytes(b, e.ID)
	b = binary.AppendVarint(b, e.At.Unix())
	b = binary.AppendUvarint(b, uint64(e.At.Nanosecond()))
	return appendBytes(b, e.Data)
}

func appendBytes[T ~string | ~[]byte](b []byte, field T) []byte {
	b = binary.AppendUvarint(b, uint64(len(field)))
	return append(b, field...)
}

// decodeEvents reads a message's bytes. Data of the events are parts of the payload, not copies.
func decodeEvents(payload []byte) ([]Event, error) {
	if len(payload) == 0 || payload[0] != codecVersion {
		return nil, fmt.Errorf("the message does not begin with version %d", codecVersion)
	}
	d := decoder{rest: payload[1:]}
	events := make([]Event, 0, 1+len(payload)/128)
	var last Event
	for len(d.rest) > 0 && d.err == nil {
		e := Event{Key: d.text(last.Key), Kind: d.text(last.Kind), ID: d.text("")}
		e.At = d.instant()
		e.Data = d.bytes()
		events = append(events, e)
		last = e
	}
	if d.err != nil {
		return nil, d.err
	}
	return events, nil
}

// decoder takes fields off the front of rest until the first error, after which every field is empty.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) bytes() []byte {
	n := d.uvarint()
	if d.err == nil && n > uint64(len(d.rest)) {
		d.err = errTruncated
	}
	if d.err != nil || n == 0 {
		return nil
	}
	field := d.rest[:n:n]
	d.rest = d.rest[n:]
	return field
}

// text returns the next field as a string of its own, so that keeping it does not keep the message; like is shared
// where it is equal, as keys and kinds come in rows.
func (d *decoder) text(like string) string {
	field := d.bytes()
	if string(field) == like {
		return like
	}
	return string(field)
}

func (d *decoder) instant() time.Time {
	seconds, n := binary.Varint(d.rest)
	d.advance(n)
	nanoseconds := d.uvarint()
	if d.err == nil && nanoseconds > math.MaxInt32 {
		d.err = errors.New("an event's time is out of range")
	}
	if d.err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, int64(nanoseconds)).UTC()
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	d.advance(n)
	return v
}

func (d *decoder) advance(n int) {
	switch {
	case d.err != nil:
	case n <= 0:
		d.err = errTruncated
	default:
		d.rest = d.rest[n:]
	}
}

// damagedEvent stands for a payload that decodeEvents refused.
func damagedEvent(payload []byte, published time.Time, err error) Event {
	data, _ := json.Marshal(map[string]string{
		"error": err.Error(), "payload": base64.StdEncoding.EncodeToString(payload),
	})
	return Event{Kind: Damaged, At: published, Data: data}
}
