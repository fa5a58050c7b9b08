package rules

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"
)

// What Seen remembers: ids of SeenDays days, at most MaxSeen of them; past that the
// oldest day's are forgotten first.
const (
	SeenDays = 7
	MaxSeen  = 20000
)

const seenFormat = 1

// Seen remembers the ids of signals for seven days, as 64-bit hashes, at most
// MaxSeen of them. The zero Seen is empty and ready.
type Seen struct {
	days []seenDay // ascending; a generation for each UTC day of arrival
	n    int
}

type seenDay struct {
	day Date
	ids map[uint64]struct{}
}

// Add remembers an id and reports whether it is fresh: not added within the seven
// days before at, the (business) time of its arrival. An empty id is always fresh
// and not remembered. Two ids are taken for one with a chance of n²/2⁶⁵.
func (s *Seen) Add(id string, at time.Time) (fresh bool) {
	if id == "" {
		return true
	}
	day := DateOf(at.UTC())
	for len(s.days) > 0 && s.days[0].day <= day-SeenDays-1 {
		s.forgetOldest()
	}
	hash := hashOf(id)
	for _, d := range s.days {
		if _, known := d.ids[hash]; known {
			return false
		}
	}
	last := len(s.days) - 1
	if last < 0 || s.days[last].day < day { // time that stands still or goes back joins the last generation
		s.days = append(s.days, seenDay{day, map[uint64]struct{}{}})
		last++
	}
	s.days[last].ids[hash] = struct{}{}
	s.n++
	s.bound()
	return true
}

func (s *Seen) forgetOldest() {
	s.n -= len(s.days[0].ids)
	s.days = s.days[1:]
}

// bound keeps the number of ids within MaxSeen: the oldest days go first, and of
// a single too busy day an arbitrary tenth.
func (s *Seen) bound() {
	for s.n > MaxSeen && len(s.days) > 1 {
		s.forgetOldest()
	}
	if s.n <= MaxSeen {
		return
	}
	for id := range s.days[0].ids {
		if s.n <= MaxSeen*9/10 {
			return
		}
		delete(s.days[0].ids, id)
		s.n--
	}
}

// Len returns how many ids are remembered.
func (s *Seen) Len() int { return s.n }

// MarshalBinary writes the ids in a versioned form, eight bytes each.
func (s *Seen) MarshalBinary() ([]byte, error) {
	b := binary.AppendUvarint([]byte{seenFormat}, uint64(len(s.days)))
	for _, d := range s.days {
		b = binary.AppendVarint(b, int64(d.day))
		b = binary.AppendUvarint(b, uint64(len(d.ids)))
		for _, id := range slices.Sorted(maps.Keys(d.ids)) {
			b = binary.BigEndian.AppendUint64(b, id)
		}
	}
	return b, nil
}

// UnmarshalBinary reads what MarshalBinary wrote; corrupt bytes give an error and
// leave s as it was.
func (s *Seen) UnmarshalBinary(data []byte) error {
	r := reader{data: data}
	if v := r.byte(); !r.bad && v != seenFormat {
		return fmt.Errorf("signal ids: written in format %d, this program reads %d", v, seenFormat)
	}
	var read Seen
	for i := range r.count(SeenDays + 2) {
		d := seenDay{r.date(), map[uint64]struct{}{}}
		if i > 0 && d.day <= read.days[i-1].day {
			r.bad = true
		}
		n := r.count(MaxSeen)
		for range n {
			if b := r.take(8); b != nil {
				d.ids[binary.BigEndian.Uint64(b)] = struct{}{}
			}
		}
		if r.bad || len(d.ids) != n {
			r.bad = true
			break
		}
		read.days = append(read.days, d)
		read.n += n
	}
	if r.bad || len(r.data) != 0 || read.n > MaxSeen {
		return fmt.Errorf("signal ids: %w", errCorrupt)
	}
	*s = read
	return nil
}
