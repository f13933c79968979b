#!/usr/bin/env bash
# The two largest eigenvalues of the Hessian at every step of descent on a linear network of four layers of 32 × 32 (4096 weights): the product, which follows them,
# beside SciPy on PyTorch's Hessian–vector products, cold (eigsh) and warm (lobpcg from the step before), in turn on one core. Prints whether the eigenvalues
# agree, and medians with their spread.
#
#   bench/sharpness.sh [-n ROUNDS]        PYTHON=/usr/bin/python3 for another Python, which needs PyTorch and SciPy
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
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
"$python" -c "import numpy as np; np.save('$tmp/start.npy', 0.15 * np.random.default_rng(1).standard_normal(4096))"
go build -o "$tmp/sgdlab" ./cmd/sgdlab
cp bench/specs/sharpness.yaml "$tmp/spec.yaml"
sed 's/every: 1}/every: 5000}/' "$tmp/spec.yaml" > "$tmp/bare.yaml"
sed 's/follow: true, every: 1}/every: 25}/' "$tmp/spec.yaml" > "$tmp/anew.yaml" # 201 searches from nothing
for round in $(seq "$rounds"); do
	for spec in spec bare anew; do
		begun=$(date +%s.%N)
		"$tmp/sgdlab" run "$tmp/$spec.yaml" --workers 1 --out "$tmp/$spec-$round" > /dev/null 2>&1
		echo "$spec $(date +%s.%N) $begun" >> "$tmp/product"
	done
	"$python" bench/sharpness_baseline.py cold 0.04 5000 100 "$tmp/start.npy" > "$tmp/cold-$round"
	"$python" bench/sharpness_baseline.py warm 0.04 5000 100 "$tmp/start.npy" > "$tmp/warm-$round"
done
"$tmp/sgdlab" export "$tmp"/spec-1/*/ --format csv --tables samples --out "$tmp/csv" > /dev/null
"$python" - "$tmp" "$rounds" <<'P'
import csv, statistics as st, sys
tmp, rounds = sys.argv[1], int(sys.argv[2])
mine = {}
for row in csv.DictReader(open(tmp + "/csv/samples.csv")):
    if row["replica"] == "0":
        mine[round(float(row["time"]) / .04), row["column"]] = float(row["value"])
lines = [line.split() for line in open(tmp + "/product")]
product = [1e3 * (float(e) - float(b)) / 5001 for w, e, b in lines if w == "spec"]
bare = [1e3 * (float(e) - float(b)) / 5001 for w, e, b in lines if w == "bare"]
ms = {how: [[float(line.split()[4]) for line in open("%s/%s-%d" % (tmp, how, r + 1))] for r in range(rounds)] for how in ("cold", "warm")}
worst = max(abs(float(f[1 + k]) - mine[int(f[0]), "sharpness[%d]" % (k + 1)]) / float(f[1 + k]) for f in map(str.split, open(tmp + "/cold-1")) for k in (0, 1))
anew = [(1e3 * (float(e) - float(b)) - 5001 * st.median(bare)) / 201 for w, e, b in lines if w == "anew"]
products = [float(f[4]) / float(f[5]) for r in range(rounds) for f in map(str.split, open("%s/cold-%d" % (tmp, r + 1)))]
show = lambda x, unit="": "%.3g%s (%.3g–%.3g)" % (st.median(x), unit, min(x), max(x))
print("eigenvalues of %d readings agree within %.1e; largest residual of the product %.1e" % (sum(1 for _ in open(tmp + "/cold-1")), worst, max(v for (_, c), v in mine.items() if c == "sharpness-residual")))
print("ms a step: product", show(product), "of which all but the eigenvalues", show(bare))
print("ms a reading: product without memory", show(anew), "and eigsh for each of its products", show(products))
for how in ms:
    means = [st.mean(r) for r in ms[how]]
    print("ms a reading:", how, show(means), "ratio", show([m / p for m, p in zip(means, product)]))
P
