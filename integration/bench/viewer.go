package main

import (
	"fmt"
	"strconv"
)

const fanOut = 10

// superuser is the name of the viewer who is one.
const superuser = "superuser"

// viewer is somebody who asks.
type viewer struct {
	name  string // how many users they see, or "all but one", "superuser"
	place int
	sees  []int // places
	all   bool  // an application superuser
}

// The tree: the user at place 1 is the boss of everybody but the one at the last place, who belongs to nobody and is the
// application superuser. Everybody else's supervisor is at (place-2)/10+1.

// below are the places that the one at place sees: their own first, then by level.
func below(place, users int) []int {
	if place == users {
		return []int{place}
	}
	out := []int{place}
	for i := 0; i < len(out); i++ {
		first := fanOut*(out[i]-1) + 2
		for p := first; p < first+fanOut && p < users; p++ {
			out = append(out, p)
		}
	}
	return out
}

// viewersOf picks one viewer of each width: 1, 11, 111 and so on, then all but one, then the superuser.
func viewersOf(users int) []viewer {
	var out []viewer
	for size := 1; size < users/5; size = size*fanOut + 1 {
		for p := (users - 1) / size; p > 1; p-- {
			if sees := below(p, users); len(sees) == size {
				out = append(out, viewer{name: thousands(size), place: p, sees: sees})
				break
			}
		}
	}
	everybody := make([]int, users)
	for i := range everybody {
		everybody[i] = i + 1
	}
	return append(out,
		viewer{name: "all but one", place: 1, sees: everybody[:users-1]},
		viewer{name: superuser, place: users, sees: everybody, all: true})
}

func viewerNamed(list []viewer, name string) (viewer, error) {
	for _, v := range list {
		if v.name == name {
			return v, nil
		}
	}
	return viewer{}, fmt.Errorf("no viewer sees %s: raise -users", name)
}

// thousands writes 11111 as 11,111.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
