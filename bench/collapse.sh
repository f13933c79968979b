#!/usr/bin/env bash
# Two workloads of stochastic collapse through the whole program, beside NumPy, in turn on one core: w₂ tanh(w₁x) under label noise, and SGD on one row of u ⊙ v.
# Checks first that the statistics agree within four standard errors, then prints CPU ns a replica-step
# and ratios, medians with least and greatest: of CPU time, as a machine may be shared.
#
#   bench/collapse.sh [-n ROUNDS]        PYTHON=/usr/bin/python3 for another Python, which needs NumPy
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=5
while getopts "n:" flag; do
	case "$flag" in
	n) rounds=$OPTARG ;;
	*) exit 2 ;;
	esac
done
python=${PYTHON:-python3}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
go build -o "$tmp/sgdlab" ./cmd/sgdlab
cp bench/specs/collapse.yaml bench/specs/pairs.yaml "$tmp"
"$python" bench/collapse_baseline.py data "$tmp"
export GOMAXPROCS=1 TIMEFORMAT=%U
for round in $(seq "$rounds"); do
	for spec in collapse pairs; do
		{ time "$tmp/sgdlab" run "$tmp/$spec.yaml" --workers 1 --json --out "$tmp/run-$spec-$round" > "$tmp/$spec-$round.json" 2> /dev/null; } 2> "$tmp/$spec-$round.time"
	done
	for what in neuron pairs pairs-loop; do
		"$python" bench/collapse_baseline.py "$what" "$tmp" "$round" > "$tmp/numpy-$what-$round"
	done
done
"$python" - "$tmp" "$rounds" <<'P'
import json, statistics as st, sys
tmp, rounds = sys.argv[1], range(1, int(sys.argv[2]) + 1)
steps = {"collapse": 4 * 1000 * 2000, "pairs": 512 * 4000}
read = lambda what, r: [list(map(float, line.split())) for line in open("%s/numpy-%s-%d" % (tmp, what, r))]
show = lambda x: "%.3g (%.3g–%.3g)" % (st.median(x), min(x), max(x))
for spec, column, others in (("collapse", "log-invariant-set-distance", ["neuron"]), ("pairs", "loss", ["pairs", "pairs-loop"])):
    cells = [c["estimates"]["end:" + column] for c in json.load(open("%s/%s-1.json" % (tmp, spec)))["cells"]]
    mine = [1e9 * float(open("%s/%s-%d.time" % (tmp, spec, r)).read()) / steps[spec] for r in rounds]
    print("%s: CPU ns a replica-step, through the whole program: %s" % (spec, show(mine)))
    for what in others:
        apart = [abs(c["value"] - m[0]) / (c["se"] ** 2 + m[1] ** 2) ** .5 for c, m in zip(cells, read(what, 1)[:-1])]
        for c, m in zip(cells, read(what, 1)[:-1]):
            print("  %s %.6g ± %.2g, numpy %s %.6g ± %.2g" % (column, c["value"], c["se"], what, *m))
        if max(apart) > 4:
            sys.exit("they disagree by %.1f standard errors" % max(apart))
        theirs = [read(what, r)[-1][1] for r in rounds]
        print("  numpy %s: %s; ratio %s" % (what, show(theirs), show([b / a for a, b in zip(mine, theirs)])))
P
