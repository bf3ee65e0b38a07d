# runner.bats: tests/run.sh judged by files that fail in every way it must notice.

load helper

# A tree of its own with a copy of the runner; unit tests are shell scripts there.
setup() {
	TREE=$WORK/tree
	mkdir -p "$TREE"/tests/{unit,bats} "$TREE"/build/{release,asan}/tests/unit
	cp "$ROOT/tests/run.sh" "$TREE/tests/"
	unset JOBS FILE_LIMIT
}

# unit NAME LINE...: a unit test, in both builds, that runs the LINEs.
unit() {
	local name=$1 variant
	shift
	touch "$TREE/tests/unit/$name.c"
	for variant in release asan; do
		printf '%s\n' '#!/bin/sh' "$@" >"$TREE/build/$variant/tests/unit/$name"
		chmod +x "$TREE/build/$variant/tests/unit/$name"
	done
}

last_line() {
	[ "${lines[-1]}" = "$1" ] || fail "the last line is not: $1"
}

@test "passing files are counted over both builds" {
	unit a_test 'echo ok 1 - x; echo ok 2 - y; echo 1..2'
	run "$TREE/tests/run.sh"
	assert_status 0
	assert_output_has 'unit/a_test (asan)'
	last_line '4 passed, 0 failed'
}

@test "a failing point is counted and shown with its diagnostics" {
	unit a_test 'echo ok 1 - fine; echo not ok 2 - wrong; echo "# got 1, want 2"; echo ok 3' \
	    'echo 1..3; exit 1'
	run "$TREE/tests/run.sh" 'a_test (release)'
	assert_status 1
	assert_output_has 'not ok 2 - wrong'
	assert_output_has '# got 1, want 2'
	assert_output_lacks 'ok 1 - fine'
	last_line '2 passed, 1 failed'
}

@test "a skipped point is a failure" {
	unit a_test 'echo "ok 1 - x # SKIP no network"; echo ok 2; echo 1..2'
	run "$TREE/tests/run.sh" release
	assert_status 1
	assert_output_has 'no network'
	last_line '1 passed, 1 failed'
}

@test "a crash before the plan is one failure, with the output's end" {
	unit a_test 'echo ok 1; echo "Segmentation or so" >&2; kill -SEGV $$'
	run "$TREE/tests/run.sh" release
	assert_status 1
	assert_output_has 'without a plan'
	assert_output_has 'Segmentation or so'
	last_line '1 passed, 1 failed'
}

@test "a non-zero status after points that are all fine is one failure" {
	unit a_test 'echo ok 1; echo 1..1; echo leaked >&2; exit 23'
	run "$TREE/tests/run.sh" release
	assert_status 1
	assert_output_has 'status 23 though no point failed'
	last_line '1 passed, 1 failed'
}

@test "fewer points than planned is a failure" {
	unit a_test 'echo 1..3; echo ok 1'
	run "$TREE/tests/run.sh" release
	assert_status 1
	assert_output_has 'planned 3 points, ran 1'
	last_line '1 passed, 1 failed'
}

@test "a test that was not built is a failure" {
	unit a_test 'echo ok 1; echo 1..1'
	rm "$TREE/build/asan/tests/unit/a_test"
	run "$TREE/tests/run.sh"
	assert_status 1
	last_line '1 passed, 1 failed'
}

@test "a file that hangs is ended and is a failure" {
	unit a_test 'echo ok 1; echo 1..1; exec sleep 60'
	FILE_LIMIT=1 run "$TREE/tests/run.sh" release
	assert_status 1
	assert_output_has 'did not end within 1 s'
	last_line '1 passed, 1 failed'
}

@test "bats files: ok, not ok and skip" {
	printf '%s\n' '@test "good" { true; }' '@test "bad" { echo because; false; }' \
	    '@test "lazy" { skip "later"; }' >"$TREE/tests/bats/one.bats"
	printf '%s\n' '@test "good" { true; }' >"$TREE/tests/bats/two.bats"
	run "$TREE/tests/run.sh" bats/
	assert_status 1
	assert_output_has '# because'
	assert_output_has 'later'
	last_line '2 passed, 2 failed'
}

@test "a bats file that does not parse is a failure" {
	echo '@test "broken" { if; }' >"$TREE/tests/bats/one.bats"
	run "$TREE/tests/run.sh"
	assert_status 1
	[[ ${lines[-1]} =~ ^0\ passed,\ [1-9][0-9]*\ failed$ ]]
}

@test "lint and fuzzers are one point each and come in order" {
	mkdir "$TREE"/tests/{lint,fuzz}
	printf '%s\n' '#!/bin/sh' 'echo a.c:1: too long; exit 1' >"$TREE/tests/lint/run.sh"
	printf '%s\n' '#!/bin/sh' 'echo fine' >"$TREE/tests/fuzz/run.sh"
	chmod +x "$TREE"/tests/{lint,fuzz}/run.sh
	unit a_test 'sleep 0.2; echo ok 1; echo 1..1'
	run "$TREE/tests/run.sh"
	assert_status 1
	assert_output_has 'a.c:1: too long'
	last_line '3 passed, 1 failed'
	run grep -o '^[a-z]*' <<<"$(grep ' passed .* failed .* s$' <<<"$output")"
	[ "${lines[*]}" = 'lint unit unit fuzz' ] || fail 'not in order'
}

@test "nothing to run is an error" {
	run "$TREE/tests/run.sh" nosuch
	assert_status 1
	last_line '0 passed, 0 failed'
}

@test "an interrupted run leaves no test behind" {
	unit a_test "echo \$\$ >'$WORK/pid'; exec sleep 60"
	start_command runner "$TREE/tests/run.sh" release
	wait_until test -s "$WORK/pid"
	kill -TERM "$STARTED_PID"
	wait_until is_gone "$STARTED_PID"
	wait_until is_gone "$(cat "$WORK/pid")"
}
