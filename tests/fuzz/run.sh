#!/usr/bin/env bash
# run.sh DIR: runs every fuzzer in DIR for FUZZ_SECONDS (5) each and prints TAP.
#
# tests/fuzz/seeds/NAME/ is where NAME_fuzz starts from; what it finds out is thrown away. An
# input that breaks a promise is left as build/fuzz-failures/NAME-*.
set -u

if [ $# -ne 1 ] || ! [ -d "$1" ]; then
	echo "usage: $0 DIR" >&2
	exit 2
fi
fuzzers=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.." || exit 2

seconds=${FUZZ_SECONDS:-5}
failures=build/fuzz-failures
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
mkdir -p "$failures" || exit 2

points=0
failed=0
for fuzzer in "$fuzzers"/*_fuzz; do
	[ -x "$fuzzer" ] || continue
	name=$(basename "$fuzzer" _fuzz)
	points=$((points + 1))
	mkdir "$work/$name"
	corpus=("$work/$name")
	[ -d "tests/fuzz/seeds/$name" ] && corpus+=("tests/fuzz/seeds/$name")
	if "$fuzzer" -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=1024 \
		-seed=1 -artifact_prefix="$failures/$name-" "${corpus[@]}" >"$work/log" 2>&1; then
		echo "ok $points - fuzz $name"
	else
		echo "not ok $points - fuzz $name"
		tail -n 40 "$work/log" | sed 's/^/# /'
		failed=1
	fi
	grep -a '^Done' "$work/log" | sed 's/^/# /'
done
if [ $points -eq 0 ]; then
	points=1
	failed=1
	echo "not ok 1 - there are fuzzers in $fuzzers"
fi
echo "1..$points"
exit $failed
