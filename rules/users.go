package rules

import "hash/fnv"

// maxUsers is how many users of an account are known one by one. With more, every
// second, fourth, eighth … of them is, chosen by hash (distinct sampling, Gibbons
// 2001), and stands for as many: counts are then right within about 7 % (one
// standard error of 200 to 400 users sampled).
const maxUsers = 400

// userDays is how many days back from a user's latest it is known day by day.
const userDays = 64

// users knows when each user of an account was last there.
type users struct {
	level uint // one in 2^level is known
	byID  map[uint64]userSeen
}

type userSeen struct {
	last Date
	mask uint64 // bit i: was there i days before last
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
	id := hashOf(user) >> 16 // 48 bits are kept
	if id&(1<<u.level-1) != 0 {
		return 0, true
	}
	seen, known := u.byID[id]
	weight := float64(uint64(1) << u.level)
	switch {
	case !known:
		if u.byID == nil {
			u.byID = map[uint64]userSeen{}
		}
		u.byID[id] = userSeen{day, 1}
		u.thin(day)
		return weight, true
	case day > seen.last:
		shift := uint(day - seen.last)
		if shift >= userDays {
			seen.mask = 0
		} else {
			seen.mask <<= shift
		}
		u.byID[id] = userSeen{day, seen.mask | 1}
		return weight, true
	case seen.last-day >= userDays:
		return 0, false
	case seen.mask>>uint(seen.last-day)&1 == 1:
		return 0, true
	default:
		seen.mask |= 1 << uint(seen.last-day)
		u.byID[id] = seen
		return weight, true
	}
}

// thin keeps the number of users known within its bound: first it forgets those
// not there for KeepByDays, then it samples half.
func (u *users) thin(today Date) {
	if len(u.byID) <= maxUsers {
		return
	}
	for id, seen := range u.byID {
		if seen.last < today-KeepByDays {
			delete(u.byID, id)
		}
	}
	for len(u.byID) > maxUsers && u.level < 40 {
		u.level++
		for id := range u.byID {
			if id&(1<<u.level-1) != 0 {
				delete(u.byID, id)
			}
		}
	}
}

// since returns how many distinct users were there on a day or later.
func (u *users) since(day Date) float64 {
	n := 0
	for _, seen := range u.byID {
		if seen.last >= day {
			n++
		}
	}
	return float64(n) * float64(uint64(1)<<u.level)
}
