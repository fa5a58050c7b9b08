package playbooks

import (
	"maps"
	"math"

	"playcaller/rules"
)

// Bounds are what a field's value must keep to, so that nothing is handed over that cannot
// be: a number its least and whole numbers, a date the dates of other fields.
type Bounds struct {
	Min       *float64 // the least that a number may be; nil any
	Whole     bool     // a number without a fraction
	NotBefore string   // id of the date field that a date cannot be before; "" none
	NotAfter  string   // id of the date field that a date cannot be after; "" none
}

// A Fault is why what is filled in for a field cannot be. One of the two is said: the field
// whose date its own is before or after, or what its number does not keep to.
type Fault struct {
	Of    *Field // the field that a date is before, or after; nil for a number
	After bool   // it is after that one's date, not before it
	Bounds
}

// Faults returns, by the id of a field, why what is filled in for it cannot be. What is
// blank, or not of the field's kind, is no fault of its own. Nothing is held to a date that
// is before another one already: one mistake is said once.
func (f *Form) Faults(values map[string]any) map[string]Fault {
	faults := map[string]Fault{}
	for _, field := range f.Fields() {
		if n, ok := field.known(values[field.ID]).(float64); ok &&
			(field.Min != nil && n < *field.Min || field.Whole && n != math.Trunc(n)) {
			faults[field.ID] = Fault{Bounds: field.Bounds}
		}
	}
	f.misdated(values, faults, func(field, of *Field, day, that rules.Date) (Fault, bool) {
		return Fault{Of: of}, day < that && (field.NotBefore == of.ID || field.follows(of))
	})
	f.misdated(values, faults, func(field, of *Field, day, that rules.Date) (Fault, bool) {
		return Fault{Of: of, After: true}, day > that && (field.NotAfter == of.ID || field.is("contract.notice_by") && of.is("contract.end"))
	})
	return faults
}

// misdated adds the faults that dates have beside those of other fields without a fault.
func (f *Form) misdated(values map[string]any, faults map[string]Fault, judge func(field, of *Field, day, that rules.Date) (Fault, bool)) {
	found := map[string]Fault{}
	for _, field := range f.Fields() {
		day, ok := field.known(values[field.ID]).(rules.Date)
		if _, faulty := faults[field.ID]; !ok || faulty {
			continue
		}
		for _, of := range f.Fields() {
			that, ok := of.known(values[of.ID]).(rules.Date)
			if _, faulty := faults[of.ID]; !ok || faulty || of == field {
				continue
			}
			if fault, wrong := judge(field, of, day, that); wrong {
				found[field.ID] = fault
				break
			}
		}
	}
	maps.Copy(faults, found)
}

// follows reports whether a field is of a date of the contract that cannot be before that of
// another: a contract does not end before it starts, and nobody gives notice before that.
func (f *Field) follows(other *Field) bool {
	return other.is("contract.start") && (f.is("contract.notice_by") || f.is("contract.end"))
}

// is reports whether a date field is prefilled from just that.
func (f *Field) is(source string) bool {
	return f.Kind == DateField && f.Prefill != nil && f.Prefill.String() == source
}
