package parse

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

var moment = regexp.MustCompile(`^(\d{4})-(\d{2})-(\d{2})(?:([Tt ])(\d{2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?([Zz]|[+-]\d{2}:\d{2})?)?$`)

const momentPattern = `^\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?([Zz]|[+-]\d{2}:\d{2})?)?$`

// instant is a time as the file names it. Two of them are comparable if both name an offset, or neither does.
type instant struct {
	seconds  int64
	fraction string // ".5", without trailing zeros
	zoned    bool
}

func (a instant) before(b instant) bool {
	if a.seconds != b.seconds {
		return a.seconds < b.seconds
	}
	return a.fraction < b.fraction
}

func checkMoment(v string) *problem {
	_, bad := when(v)
	return bad
}

// when reads RFC 3339 with an offset, a date, or a date and a local time of the model's time zone.
func when(v string) (instant, *problem) {
	wrong := &problem{
		CodeTime, fmt.Sprintf("%q is not a time", clip(v)),
		"write 2026-01-31, 2026-01-31 18:00, or 2026-01-31T18:00:00+01:00",
	}
	m := moment.FindStringSubmatch(v)
	if m == nil {
		return instant{}, wrong
	}
	n := func(s string) int64 { i, _ := strconv.ParseInt(s, 10, 64); return i }
	year, month, day := n(m[1]), n(m[2]), n(m[3])
	hour, minute, second := n(m[5]), n(m[6]), n(m[7])
	if year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59 {
		return instant{}, wrong
	}
	zoned := m[9] != ""
	switch {
	case zoned && (m[4] == " " || m[7] == ""): // an offset belongs to the full form
		return instant{}, wrong
	case !zoned && m[4] != "" && (m[4] != " " || m[8] != ""): // and the full form needs one
		return instant{}, wrong
	}
	at := instant{seconds: days(year, month, day)*86400 + hour*3600 + minute*60 + second, fraction: strings.TrimRight(m[8], ".0"), zoned: zoned}
	if zoned && m[9] != "Z" && m[9] != "z" {
		hours, minutes := n(m[9][1:3]), n(m[9][4:6])
		if hours > 15 || minutes > 59 {
			return instant{}, wrong
		}
		offset := hours*3600 + minutes*60
		if m[9][0] == '-' {
			offset = -offset
		}
		at.seconds -= offset
	}
	return at, nil
}

func daysIn(year, month int64) int64 {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// days counts the days since 0000-03-01 in the Gregorian calendar.
func days(year, month, day int64) int64 {
	month -= 3
	if month < 0 {
		month += 12
		year--
	}
	return 365*year + year/4 - year/100 + year/400 + (month*306+5)/10 + day - 1
}
