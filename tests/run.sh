#!/usr/bin/env bash
# run.sh: runs every test and counts. `tests/run.sh PATTERN` runs only the files whose name
# matches the glob *PATTERN*.
#
# Order is so that root causes fail first: lint, unit tests (release, then sanitized), fuzzers,
# then tests/bats in name order, some of them once more sanitized; two files at a time. Every
# file speaks TAP, but for those that are one point as a whole (lint, fuzz): there the exit
# status is the result when no plan came.
#
# Counted as failures: `not ok`; a skip, because nobody reads them; a test program that was not
# built; a file that ends without its plan, with another number of points than planned, or with
# a non-zero status though no point failed.
#
# One line a file, then the failing points with their diagnostics. The last line is always
# exactly "N passed, N failed"; the exit status is 1 when any failed or none ran.
set -u
cd "$(dirname "$0")/.." || exit 1

pattern=${1:-}
jobs=${JOBS:-2}
limit=${FILE_LIMIT:-900}   # seconds that one file may take
work=$(mktemp -d "${TMPDIR:-/tmp}/hail-check.XXXXXX")
names=() commands=() wholes=()
passed=0 failed=0

# end STATUS: takes down what still runs; timeout(1) makes each file a process group.
end() {
	local pid
	trap - EXIT INT TERM HUP
	for pid in $(jobs -p); do
		kill -TERM "$pid" 2>/dev/null
	done
	wait
	rm -rf "$work"
	exit "$1"
}
trap 'end 1' EXIT
trap 'end 130' INT TERM HUP

# --- what there is to run -----------------------------------------------------------------------

# add NAME WHOLE COMMAND...: WHOLE is "whole" when the file may be a single point, else "tap".
add() {
	local name=$1 whole=$2
	shift 2
	case $name in
	*$pattern*) ;;
	*) return ;;
	esac
	names+=("$name") wholes+=("$whole") commands+=("$(printf '%q ' "$@")")
}

list_files() {
	local file base variant
	[ -x tests/lint/run.sh ] && add lint whole tests/lint/run.sh
	for variant in release asan; do
		for file in tests/unit/*_test.c; do
			[ -e "$file" ] || continue
			base=$(basename "$file" .c)
			add "unit/$base ($variant)" tap "build/$variant/tests/unit/$base"
		done
	done
	[ -x tests/fuzz/run.sh ] && add fuzz whole tests/fuzz/run.sh build/fuzz/tests/fuzz
	for file in tests/bats/*.bats; do
		[ -e "$file" ] || continue
		add "${file#tests/}" tap bats --tap --print-output-on-failure "$file"
	done
	# What meets broken peers is run once more under the sanitizers.
	for file in tests/bats/bench_hostile.bats tests/bats/bench_failures.bats \
	    tests/bats/connect_hostile.bats tests/bats/connect_http_hostile.bats \
	    tests/bats/serve.bats tests/bats/serve_auth.bats tests/bats/serve_http.bats \
	    tests/bats/run.bats tests/bats/bench_script.bats; do
		[ -e "$file" ] || continue
		add "${file#tests/} (asan)" tap env HAIL=build/asan/hail \
		    bats --tap --print-output-on-failure "$file"
	done
}

# --- running ------------------------------------------------------------------------------------

# Hundredths of a second of the monotonic clock.
clock() {
	local up
	read -r up _ </proc/uptime
	echo $((10#${up/./}))
}

# run_file INDEX: leaves its output, and then status and time, in $work.
run_file() {
	local begin status pid
	begin=$(clock)
	eval "exec timeout -k 10 $limit ${commands[$1]}" >"$work/$1.out" 2>&1 </dev/null &
	pid=$!
	trap 'kill -TERM "$pid" 2>/dev/null' TERM
	wait "$pid"
	status=$?
	echo "$status $(($(clock) - begin))" >"$work/$1.part"
	mv "$work/$1.part" "$work/$1.done"
}

# How many files have ended, in ENDED.
count_ended() {
	set -- "$work"/*.done
	[ -e "$1" ] && ENDED=$# || ENDED=0
}

# Waits until fewer than LIMIT of the STARTED files still run.
wait_below() {
	local limit=$1 started=$2
	count_ended
	while [ $((started - ENDED)) -ge "$limit" ] && { wait -n || [ $? -ne 127 ]; }; do
		count_ended
	done
}

# --- judging ------------------------------------------------------------------------------------

# Prints "OK NOT_OK SKIPPED PLANNED" for TAP on stdin; PLANNED is -1 without a plan. A point that
# is `# TODO` and not ok is still not ok here.
count_points() {
	awk '
		/^1\.\.[0-9]+/ { planned = substr($0, 4) + 0; seen_plan = 1 }
		/^ok/ && tolower($0) ~ /# skip/ { skipped++; next }
		/^ok([ \t]|$)/ { ok++ }
		/^not ok([ \t]|$)/ { not_ok++ }
		END { print ok + 0, not_ok + 0, skipped + 0, seen_plan ? planned : -1 }'
}

# The failing and skipped points of stdin, each with the lines that follow it up to the next
# point: diagnostics, and whatever the program printed.
failing_points() {
	awk '
		/^(ok|not ok)([ \t]|$)/ { show = /^not ok/ || tolower($0) ~ /# skip/ }
		/^1\.\.[0-9]+/ { show = 0 }
		show { print "    " $0 }'
}

# What is wrong with a file as such, though its points may be fine; nothing when it is sound.
file_fault() {
	local status=$1 points=$2 bad=$3 planned=$4
	if [ "$status" = 124 ] || [ "$status" = 137 ]; then
		echo "did not end within $limit s"
	elif [ "$planned" -lt 0 ]; then
		echo "ended with status $status and without a plan"
	elif [ "$points" -ne "$planned" ]; then
		echo "planned $planned points, ran $points"
	elif [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
		echo "ended with status $status though no point failed"
	fi
}

# report INDEX: one line, then what failed.
report() {
	local out=$work/$1.out status time ok bad skipped planned fault='' seconds
	read -r status time <"$work/$1.done"
	read -r ok bad skipped planned < <(count_points <"$out")
	if [ "${wholes[$1]}" = whole ] && [ "$planned" -lt 0 ] &&
	    [ $((ok + bad + skipped)) -eq 0 ]; then
		ok=0 planned=1
		if [ "$status" -eq 0 ]; then ok=1; else fault="ended with status $status"; fi
	else
		fault=$(file_fault "$status" $((ok + bad + skipped)) "$bad" "$planned")
	fi
	bad=$((bad + skipped))
	[ -n "$fault" ] && bad=$((bad + 1))
	passed=$((passed + ok)) failed=$((failed + bad))
	seconds=$((time / 100)).$(printf %02d $((time % 100)))
	printf '%-36s %4d passed %3d failed %8s s\n' "${names[$1]}" "$ok" "$bad" "$seconds"
	failing_points <"$out"
	if [ -n "$fault" ]; then
		echo "    # ${names[$1]}: $fault; the end of its output:"
		tail -n 40 "$out" | sed 's/^/    /'
	fi
}

# --- all of it ----------------------------------------------------------------------------------

# Reports come in order, each as soon as those before it have been given.
report_ended() {
	while [ -e "$work/$next.done" ]; do
		report "$next"
		next=$((next + 1))
	done
}

list_files
next=0
for ((i = 0; i < ${#names[@]}; i++)); do
	wait_below "$jobs" "$i"
	report_ended
	run_file "$i" &
done
for ((left = jobs - 1; left >= 0; left--)); do
	wait_below $((left + 1)) "${#names[@]}"
	report_ended
done
[ "${#names[@]}" -gt 0 ] || echo "no test file matches '$pattern'"
if [ "$next" -lt "${#names[@]}" ]; then
	echo "the runner lost files: $((${#names[@]} - next))"
	failed=$((failed + ${#names[@]} - next))
fi
echo "$passed passed, $failed failed"
status=0
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ] || status=1
end $status
