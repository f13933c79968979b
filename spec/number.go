package spec

import (
	"math"
	"strconv"
	"strings"
)

// number is what a scalar's text says: its value, and exactly so where the text is a whole number of at most 64 bits.
type number struct {
	float    float64
	size     uint64 // |value| where exact
	exact    bool
	negative bool
}

func (n *Node) number() (number, bool) {
	if n == nil || n.Kind != Scalar {
		return number{}, false
	}
	num, ok := parseNumber(n.Value)
	if n.Quoted && !math.IsInf(num.float, 0) {
		return number{}, false
	}
	return num, ok
}

// parseNumber reads YAML 1.2's numbers, and underscores between digits, and inf with or without its dot:
//
//	[+-] ( digits [. [digits]] | . digits ) [ (e|E) [+-] digits ],   [+-] 0x… , [+-] 0o… ,   [+-] [.] inf
//
// Leading zeros are decimal, as in YAML 1.2. What overflows to infinity is no number.
func parseNumber(text string) (number, bool) {
	body, negative := text, false
	switch {
	case strings.HasPrefix(text, "-"):
		body, negative = text[1:], true
	case strings.HasPrefix(text, "+"):
		body = text[1:]
	}
	if body == "inf" || body == ".inf" || body == ".Inf" || body == ".INF" {
		if negative {
			return number{float: math.Inf(-1), negative: true}, true
		}
		return number{float: math.Inf(1)}, true
	}
	if body == "" || !isDigit(body[0]) && body[0] != '.' {
		return number{}, false // the common case, text, at the price of a glance
	}
	for _, base := range []struct {
		prefix string
		base   int
	}{{"0x", 16}, {"0o", 8}} {
		if digits, found := strings.CutPrefix(body, base.prefix); found {
			size, err := strconv.ParseUint(digits, base.base, 64)
			if err != nil || digits[0] == '+' || digits[0] == '-' {
				return number{}, false
			}
			return whole(size, negative), true
		}
	}
	digits, ok := dropUnderscores(body)
	if !ok {
		return number{}, false
	}
	isWhole, ok := scanDecimal(digits)
	if !ok {
		return number{}, false
	}
	if isWhole {
		if size, err := strconv.ParseUint(digits, 10, 64); err == nil {
			return whole(size, negative), true
		}
	}
	v, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return number{}, false
	}
	if negative {
		v = -v
	}
	return number{float: v, negative: negative}, true
}

func whole(size uint64, negative bool) number {
	if !negative {
		return number{float: float64(size), size: size, exact: true}
	}
	if size == 0 {
		return number{float: math.Copysign(0, -1), negative: true}
	}
	return number{float: -float64(size), size: size, exact: true, negative: true}
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

// isWord says whether plain text reads as a boolean or as nothing.
func isWord(text string) bool {
	switch text {
	case "true", "false", "null", "Null", "NULL", "~":
		return true
	}
	return false
}

// formatFloat spells a finite number shortly and so that it reads back to the same bits.
func formatFloat(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
