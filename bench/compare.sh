#!/usr/bin/env bash
# Runs the product, C, PyTorch and NumPy on the workloads of README.md, alternately, checks that their results agree before it quotes a
# rate, and writes medians, spreads and ratios to docs/performance.md.
#
#   bench/compare.sh [-n ROUNDS] [-w "W1 W2 …"] [-t "1 2"] [-o FILE]
#
# Needs gcc, Go and Python; the columns of PyTorch and NumPy stay empty where PYTHON (default: python3) lacks them. Twenty minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=5 workloads="W1 W2 W3 W4 W5" threads="1 2" out=docs/performance.md
while getopts "n:w:t:o:" flag; do
	case "$flag" in
	n) rounds=$OPTARG ;;
	w) workloads=$OPTARG ;;
	t) threads=$OPTARG ;;
	o) out=$OPTARG ;;
	*) exit 2 ;;
	esac
done
python=${PYTHON:-python3}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
gcc -O3 -march=native -mprefer-vector-width=512 -ffp-contract=fast -fno-math-errno -fopenmp bench/baseline.c -o "$tmp/baseline" -lm
go build -o "$tmp/sgdlab" ./cmd/sgdlab
programs="product c-f64m c-f64"
if "$python" -c "import torch" 2>/dev/null; then programs+=" torch-f64 torch-f32"; torch=1; fi
beside=""
if [ -n "${torch:-}" ]; then beside+=" torch-autograd-f32"; fi
if "$python" -c "import numpy" 2>/dev/null; then beside+=" numpy-f64 numpy-f32"; fi

# run PROGRAM WORKLOAD THREADS prints the program's line, and its check on standard error.
run() {
	export OMP_NUM_THREADS=$3 OPENBLAS_NUM_THREADS=$3
	case "$1" in
	product) "$tmp/sgdlab" bench "$2" --threads "$3" ;;
	c-*) "$tmp/baseline" "$2" "${1#c-}" "$3" ;;
	torch-autograd-*) "$python" bench/torch_baseline.py "$2" autograd "${1#torch-autograd-}" "$3" ;;
	torch-*) "$python" bench/torch_baseline.py "$2" manual "${1#torch-}" "$3" ;;
	numpy-*) "$python" bench/numpy_baseline.py "$2" "${1#numpy-}" "$3" ;;
	esac
}

declare -A steps=([W1]=400 [W2]=400 [W3]=400 [W4]=2560 [W5]=20)
for w in $workloads; do
	for p in $programs $beside; do
		echo "check $w $p $(STEPS=${steps[$w]} run "$p" "$w" 1 2>&1 >/dev/null | sed -n 's/^# check //p')" | tee -a "$tmp/lines" >&2
	done
done
for round in $(seq "$rounds"); do
	for t in $threads; do
		for w in $workloads; do
			for p in $programs $([ "$round" -le 2 ] && echo "$beside"); do
				echo "rate $round $p $(run "$p" "$w" "$t" 2>/dev/null)" | tee -a "$tmp/lines" >&2
			done
		done
		echo "rate $round one $("$tmp/sgdlab" bench W1-one --threads 1 2>/dev/null | sed "s/ 1 / $t /")" | tee -a "$tmp/lines" >&2
	done
done
"$python" bench/table.py "$tmp/lines" "$out"
