#!/usr/bin/env bash
# Runs all tests of sgdlab: format, vet, staticcheck, the test suites, and every paper at the size of --quick. With --long also the full-size studies behind
# the papers' claims (about half an hour on two cores), a hundred kills, full disks and damage to every file of a run (ten
# minutes), and a million inputs for every fuzz target, fifty thousand for the two that take whole specs (one to ten
# minutes each; `FUZZ=20000x ./test.sh --long` for fewer).
#
# Needs Go, and a C library's ordinary tools; nothing else is installed on Debian. Go fetches the modules it needs.
set -euo pipefail
cd "$(dirname "$0")"

long=""
for arg in "$@"; do
	case "$arg" in
	--long) long=1 ;;
	*)
		echo "test.sh: got $arg; want nothing, or --long" >&2
		exit 2
		;;
	esac
done

if ! command -v go >/dev/null; then
	if command -v apt-get >/dev/null; then
		echo "test.sh: no go on the PATH; installing golang-go with apt-get (go.mod then fetches the version it names)"
		apt-get update && apt-get install -y golang-go
	else
		echo "test.sh: no go on the PATH; install Go 1.26 or newer" >&2
		exit 2
	fi
fi

echo "== gofmt"
unformatted=$(gofmt -l $(git ls-files '*.go' 2>/dev/null || find . -name '*.go'))
if [ -n "$unformatted" ]; then
	echo "not formatted; run gofmt -w on:"
	echo "$unformatted"
	exit 1
fi
echo "== go vet"
go vet ./...
echo "== staticcheck"
go tool staticcheck ./...
echo "== go test"
go test ./...
echo "== papers"
go test ./papers -timeout 40m -args -all
echo "== instructions of fixed pieces of the workloads"
go run ./internal/counts
if [ -n "$long" ]; then
	echo "== full-size studies"
	go test ./papers -timeout 80m -v -run 'Long' -args -long
	echo "== kills, full disks, damage"
	go test ./cmd/sgdlab -timeout 80m -v -run '^Test(Killed|SmallDisks|NoRoom|Damaged)' -args -long
	echo "== fuzz targets"
	for package in $(go list ./...); do
		for target in $(go test "$package" -list '^Fuzz' | grep '^Fuzz' || true); do
			inputs=1000000x
			case "$target" in FuzzLoad | FuzzDecode) inputs=50000x ;; esac # whole specs, and every entry of the catalog, at each
			echo "-- $package $target"
			go test "$package" -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZ:-$inputs}" -fuzzminimizetime 10x -parallel 2 -timeout 80m
		done
	done
fi
