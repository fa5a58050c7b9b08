package rules

import (
	"hash/fnv"
	"slices"
)

// maxUsers is how many users of an account are known one by one. With more, every
// second, fourth, eighth … of them is, chosen by hash (distinct sampling, Gibbons
// 2001), and stands for as many: counts are then right within about 7 % (one
// standard error of 200 to 400 users sampled).
const maxUsers = 400

// userDays is how many days back from a user's latest it is known day by day.
const userDays = 64

// users knows when each user of an account was last there. They are sorted by id.
type users struct {
	level uint // one in 2^level is known
	known []userSeen
}

// A userSeen takes sixteen bytes: an account may have hundreds.
type userSeen struct {
	who  uint64 // the upper userBits of it the user's hash, the lower the day it was last there
	mask uint64 // bit i: was there i days before last
}

// userBits of a user's hash are kept: of 400 users any two are taken for one with a
// chance of 6e-10. The other 17 bits hold a Date, to beyond 2300.
const (
	userBits = 47
	dayMask  = 1<<(64-userBits) - 1
)

func seenOn(id uint64, last Date, mask uint64) userSeen {
	return userSeen{id<<(64-userBits) | uint64(last)&dayMask, mask}
}

func (u userSeen) id() uint64 { return u.who >> (64 - userBits) }
func (u userSeen) last() Date { return Date(u.who & dayMask) }

// userID is what is kept of a user's name.
func userID(user string) uint64 { return hashOf(user) >> 16 & (1<<userBits - 1) }

// find returns where a user is, or would be.
func (u *users) find(id uint64) (i int, known bool) {
	low, high := 0, len(u.known)
	for low < high {
		if mid := (low + high) / 2; u.known[mid].id() < id {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low, low < len(u.known) && u.known[low].id() == id
}

func hashOf(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	// FNV's low bits are weak for short strings: finish as SplitMix64 does.
	x := h.Sum64()
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// add notes that a user was there on a day. It returns how many distinct users
// that adds to the day (0, or more than 1 where users are sampled), and ok false
// where the day is too far before the user's latest to tell.
func (u *users) add(user string, day Date) (more float64, ok bool) {
	id := userID(user)
	if id&(1<<u.level-1) != 0 {
		return 0, true
	}
	i, known := u.find(id)
	weight := float64(uint64(1) << u.level)
	if !known {
		u.insert(i, seenOn(id, day, 1))
		u.thin(day)
		return weight, true
	}
	seen := &u.known[i]
	switch last := seen.last(); {
	case day > last:
		mask := uint64(0)
		if day-last < userDays {
			mask = seen.mask << uint(day-last)
		}
		*seen = seenOn(id, day, mask|1)
		return weight, true
	case last-day >= userDays:
		return 0, false
	case seen.mask>>uint(last-day)&1 == 1:
		return 0, true
	default:
		seen.mask |= 1 << uint(last-day)
		return weight, true
	}
}

// insert makes room for little more than is needed.
func (u *users) insert(i int, seen userSeen) {
	if len(u.known) == cap(u.known) {
		u.known = append(make([]userSeen, 0, len(u.known)+len(u.known)/8+4), u.known...)
	}
	u.known = slices.Insert(u.known, i, seen)
}

// thin keeps the number of users known within its bound: first it forgets those
// not there for KeepByDays, then it samples half.
func (u *users) thin(today Date) {
	if len(u.known) <= maxUsers {
		return
	}
	u.known = slices.DeleteFunc(u.known, func(seen userSeen) bool { return seen.last() < today-KeepByDays })
	for len(u.known) > maxUsers && u.level < 40 {
		u.level++
		u.known = slices.DeleteFunc(u.known, func(seen userSeen) bool { return seen.id()&(1<<u.level-1) != 0 })
	}
}

// since returns how many distinct users were there from one day to another, both
// included. Of one that came again later the days before that are known, userDays of
// them; one that came again later still is not counted.
func (u *users) since(from, to Date) float64 {
	n := 0
	for i := range u.known {
		switch last := u.known[i].last(); {
		case last < from:
		case last <= to:
			n++
		case last-to < userDays:
			back := u.known[i].mask >> uint(last-to) // bit i: was there i days before to
			if to-from+1 < userDays {
				back &= 1<<uint(to-from+1) - 1
			}
			if back != 0 {
				n++
			}
		}
	}
	return float64(n) * float64(uint64(1)<<u.level)
}
