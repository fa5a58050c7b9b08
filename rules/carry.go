package rules

// A Carrier takes what features have been worked out for a History from one compiler
// to another, as far as both compiled the same features of the same signals. A book in
// which a threshold is another then costs a comparison for each account, and not the
// baselines of all of its series.
type Carrier struct {
	from, to *core
	cells    map[string][]int // by signal: for each of its cells by to, the cell by from, or -1
}

// NewCarrier compares two compilers; both have compiled all that they will.
func NewCarrier(from, to *Compiler) *Carrier {
	c := &Carrier{from: from.core, to: to.core, cells: map[string][]int{}}
	had := map[feature]int{}
	for _, sl := range from.core.slots {
		if sl.feature != nil {
			had[*sl.feature] = sl.cell
		}
	}
	for _, sl := range to.core.slots {
		if sl.feature == nil {
			continue
		}
		cells := c.cells[sl.feature.signal]
		if cells == nil {
			cells = make([]int, to.core.cells[sl.signal])
			for i := range cells {
				cells[i] = -1
			}
			c.cells[sl.feature.signal] = cells
		}
		if cell, known := had[*sl.feature]; known {
			cells[sl.cell] = cell
		}
	}
	return c
}

// Carry does it for one History. One that remembers nothing of the compiler that is
// left stays as it is.
func (c *Carrier) Carry(h *History) {
	if h.memo.owner != c.from {
		return
	}
	for i := range h.series {
		s := h.series[i].series
		from, cells := s.cells, c.cells[h.series[i].name]
		s.cells = nil
		s.forgetHours()
		if len(from) == 0 || len(cells) == 0 {
			continue
		}
		s.cells = make([]memoCell, len(cells))
		for to, cell := range cells {
			if cell >= 0 && cell < len(from) {
				s.cells[to] = from[cell]
			}
		}
	}
	h.memo.owner = c.to
}
