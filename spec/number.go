package spec

import (
	"math"
	"strconv"

	"sgdlab/formula"
)

func (n *Node) number() (formula.Number, bool) {
	if n == nil || n.Kind != Scalar {
		return formula.Number{}, false
	}
	num, ok := formula.ParseNumber(n.Value)
	if n.Quoted && !math.IsInf(num.Float, 0) {
		return formula.Number{}, false
	}
	return num, ok
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
