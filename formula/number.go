package formula

import (
	"math"
	"strconv"
	"strings"
)

// Number is what a text says: its value, and exactly so where the text is a whole number of at most 64 bits.
type Number struct {
	Float    float64
	Size     uint64 // |value| where exact
	Exact    bool
	Negative bool
}

// ParseNumber reads YAML 1.2's numbers, and underscores between digits, and inf with or without its dot:
//
//	[+-] ( digits [. [digits]] | . digits ) [ (e|E) [+-] digits ],   [+-] 0x… , [+-] 0o… ,   [+-] [.] inf
//
// Leading zeros are decimal, as in YAML 1.2. What overflows to infinity is no number.
func ParseNumber(text string) (Number, bool) {
	body, negative := text, false
	switch {
	case strings.HasPrefix(text, "-"):
		body, negative = text[1:], true
	case strings.HasPrefix(text, "+"):
		body = text[1:]
	}
	if body == "inf" || body == ".inf" || body == ".Inf" || body == ".INF" {
		if negative {
			return Number{Float: math.Inf(-1), Negative: true}, true
		}
		return Number{Float: math.Inf(1)}, true
	}
	if body == "" || !isDigit(body[0]) && body[0] != '.' {
		return Number{}, false // the common case, text, at the price of a glance
	}
	for _, base := range []struct {
		prefix string
		base   int
	}{{"0x", 16}, {"0o", 8}} {
		if digits, found := strings.CutPrefix(body, base.prefix); found {
			size, err := strconv.ParseUint(digits, base.base, 64)
			if err != nil || digits[0] == '+' || digits[0] == '-' {
				return Number{}, false
			}
			return wholeNumber(size, negative), true
		}
	}
	digits, ok := dropUnderscores(body)
	if !ok {
		return Number{}, false
	}
	isWhole, ok := scanDecimal(digits)
	if !ok {
		return Number{}, false
	}
	if isWhole {
		if size, err := strconv.ParseUint(digits, 10, 64); err == nil {
			return wholeNumber(size, negative), true
		}
	}
	v, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return Number{}, false
	}
	if negative {
		v = -v
	}
	return Number{Float: v, Negative: negative}, true
}

func wholeNumber(size uint64, negative bool) Number {
	if !negative {
		return Number{Float: float64(size), Size: size, Exact: true}
	}
	if size == 0 {
		return Number{Float: math.Copysign(0, -1), Negative: true}
	}
	return Number{Float: -float64(size), Size: size, Exact: true, Negative: true}
}

// dropUnderscores removes the underscores that stand between two digits and refuses any other.
func dropUnderscores(text string) (string, bool) {
	if !strings.Contains(text, "_") {
		return text, true
	}
	for i := range len(text) {
		if text[i] == '_' && (i == 0 || i == len(text)-1 || !isDigit(text[i-1]) || !isDigit(text[i+1])) {
			return "", false
		}
	}
	return strings.ReplaceAll(text, "_", ""), true
}

// scanDecimal checks an unsigned decimal number and says whether it is digits alone.
func scanDecimal(s string) (isWhole, ok bool) {
	run := func() (count int) {
		for s != "" && isDigit(s[0]) {
			s, count = s[1:], count+1
		}
		return count
	}
	isWhole = true
	mantissa := run()
	if strings.HasPrefix(s, ".") {
		s, isWhole = s[1:], false
		mantissa += run()
	}
	if mantissa == 0 {
		return false, false
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		s, isWhole = s[1:], false
		if s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		if run() == 0 {
			return false, false
		}
	}
	return isWhole, s == ""
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// format spells a finite number shortly and so that it reads back to the same bits.
func format(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
