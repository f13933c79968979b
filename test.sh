#!/usr/bin/env bash
# Runs all tests of sgdlab: format, vet, staticcheck and the test suites. With --long also the full-size studies behind
# the papers' claims (about half an hour on two cores).
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
if [ -n "$long" ]; then
	echo "== full-size studies"
	go test ./papers -timeout 80m -v -run 'Long' -args -long
fi
