package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"sgdlab/store"
)

// short is a number for people: four digits, powers of ten beyond 10⁶ and below 10⁻³; – where it is missing.
func short(x float64) string { return digits(x, 4) }

func digits(x float64, n int) string {
	switch {
	case math.IsNaN(x):
		return "–"
	case math.IsInf(x, 1):
		return "∞"
	case math.IsInf(x, -1):
		return "−∞"
	case x == 0:
		return "0"
	}
	if a := math.Abs(x); a >= 1e6 || a < 1e-3 {
		s := strconv.FormatFloat(x, 'e', n-1, 64)
		m, e, _ := strings.Cut(s, "e")
		k, _ := strconv.Atoi(e)
		if strings.Contains(m, ".") {
			m = strings.TrimRight(strings.TrimRight(m, "0"), ".")
		}
		return minus(m) + "×10" + superscript(k)
	}
	s := strconv.FormatFloat(x, 'g', n, 64)
	if strings.Contains(s, "e") { // 12340 in 3 digits is 1.23e+04
		v, _ := strconv.ParseFloat(s, 64)
		s = strconv.FormatFloat(v, 'f', -1, 64)
	}
	return minus(s)
}

func minus(s string) string { return strings.Replace(s, "-", "−", 1) }

func superscript(k int) string {
	return strings.NewReplacer("-", "⁻", "0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴", "5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹").Replace(strconv.Itoa(k))
}

// fixed is a number to the place of an error's second digit: 64.16 to 2.4 is 64.2.
func fixed(x, err float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return short(x)
	}
	if !(err > 0) || math.IsInf(err, 0) {
		return short(x)
	}
	n := 2
	if x != 0 {
		n = int(math.Floor(math.Log10(math.Abs(x)))) - int(math.Floor(math.Log10(err))) + 2
	}
	n = clamp(n, 2, 10)
	if a := math.Abs(x); a >= 1e6 || a < 1e-3 {
		return digits(x, n)
	}
	place := 1 - int(math.Floor(math.Log10(err)))
	return minus(strconv.FormatFloat(x, 'f', clamp(place, 0, 12), 64))
}

// uncertain is "64.2 ± 2.4"; the number alone where its error is not known or none.
func uncertain(e store.Estimate) string {
	if math.IsNaN(e.Value) {
		return "–"
	}
	if !(e.SE > 0) || math.IsInf(e.SE, 0) {
		return short(e.Value)
	}
	return fixed(e.Value, e.SE) + " ± " + digits(e.SE, 2)
}

// interval is "[59.4, 68.9]"; nothing where it is not known, or is the value itself.
func interval(lo, hi float64) string {
	if math.IsNaN(lo) && math.IsNaN(hi) || lo == hi {
		return ""
	}
	w := (hi - lo) / 4
	return "[" + fixed(lo, w) + ", " + fixed(hi, w) + "]"
}

// count is a number of things, in groups of three digits.
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}

// plural is "1 claim", "4 claims".
func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// duration of so many seconds.
func duration(s float64) string {
	switch {
	case s < 60:
		return fmt.Sprintf("%.1f s", s)
	case s < 3600:
		return fmt.Sprintf("%d min %d s", int(s)/60, int(s)%60)
	}
	return fmt.Sprintf("%d h %d min", int(s)/3600, int(s)/60%60)
}

// shell quotes the words of a command where a shell would split or expand them.
func shell(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		plain := w != "" && !strings.ContainsFunc(w, func(r rune) bool {
			return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=,:@%+", r)
		})
		if !plain {
			w = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
		out[i] = w
	}
	return strings.Join(out, " ")
}

// clean replaces what XML cannot hold: control characters and broken UTF-8.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case r < 0x20 || r == 0xfffe || r == 0xffff || r == utf8.RuneError:
			return '\ufffd'
		}
		return r
	}, s)
}

// ticks are round numbers from lo to hi, about n of them.
func ticks(lo, hi float64, n int) []float64 {
	if !(hi > lo) || math.IsInf(hi-lo, 0) {
		return []float64{lo}
	}
	raw := (hi - lo) / float64(n)
	step := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5, 10} {
		if m*step >= raw {
			step *= m
			break
		}
	}
	var out []float64
	for k := math.Ceil(lo/step - 1e-9); k*step <= hi+step*1e-9 && len(out) < 4*n; k++ {
		out = append(out, k*step+0) // +0: not −0
	}
	return out
}

// setting is a swept value as the page writes it: on one line, lists without the spaces inside their brackets.
func setting(text string) string {
	return strings.NewReplacer("[ ", "[", " ]", "]", "{ ", "{", " }", "}").Replace(strings.Join(strings.Fields(text), " "))
}
