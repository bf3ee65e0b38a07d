# helper.bash: what every .bats file loads first (`load helper`).
#
# A file owns its world: the processes it starts and the directory they live in. What is started
# in setup_file lives until teardown_file, what is started in a test ends with the test; both
# are ended by pid, and waited for. A process that must be killed because it ignores SIGTERM, or
# whose output holds a sanitizer's report, fails the test (or the file) that owns it.
#
#   ROOT HAIL BUILD     the tree, the program under test (override HAIL to try another build),
#                       and the directory of its build
#   WORK                the directory of this test, or of the file while in setup_file
#   start_redis         REDIS_PORT REDIS_PID REDIS_URL
#   start_node ARG...   `hail serve` on a free port; appends to NODE_PIDS NODE_URLS NODE_PORTS
#   start_foreign SCRIPT ARG...     tests/foreign/SCRIPT under node:  FOREIGN_PORT FOREIGN_PID
#   start_server PROGRAM ARG...     tests/servers/PROGRAM.c, built:   SERVER_PORT SERVER_PID, and
#                       SERVER_OUT, the file that holds its stdout
#   start_command NAME COMMAND...   anything else: STARTED_PID, output in $WORK/NAME.out .err;
#                       reads from the file named by STDIN, when that is set
#   wait_until [SECONDS] COMMAND... polls; default 10 s
#
# A file that defines its own teardown or teardown_file calls stop_started in it.

bats_require_minimum_version 1.5.0

ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
HAIL=${HAIL:-$ROOT/build/release/hail}
HAIL=$(realpath -m "$HAIL")
BUILD=${HAIL%/*}
export ROOT HAIL BUILD
export LC_ALL=C.UTF-8
export NODE_PATH=$ROOT/build/foreign/node_modules
export ASAN_OPTIONS=${ASAN_OPTIONS:-abort_on_error=0:detect_leaks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}

# bats runs each test in a process of its own: arrays made in setup_file come back from here.
WORK=${BATS_TEST_TMPDIR:-${BATS_FILE_TMPDIR:-}}
NODE_PIDS=() NODE_URLS=() NODE_PORTS=()
if [ -n "${BATS_FILE_TMPDIR:-}" ] && [ -f "$BATS_FILE_TMPDIR/nodes" ]; then
	while read -r pid url port; do
		NODE_PIDS+=("$pid") NODE_URLS+=("$url") NODE_PORTS+=("$port")
	done <"$BATS_FILE_TMPDIR/nodes"
fi

# --- waiting ------------------------------------------------------------------------------------

# Seconds of the monotonic clock, in hundredths, in NOW; no process is started for it.
read_clock() {
	local up
	read -r up _ </proc/uptime
	NOW=$((10#${up/./}))
}

# wait_until [SECONDS] COMMAND...: true as soon as COMMAND is; on timeout says what was awaited.
wait_until() {
	local limit=10 deadline
	if [[ $1 =~ ^[0-9]+$ ]]; then
		limit=$1
		shift
	fi
	read_clock
	deadline=$((NOW + limit * 100))
	until "$@"; do
		read_clock
		if [ "$NOW" -ge "$deadline" ]; then
			echo "waited $limit s in vain for: $*" >&2
			return 1
		fi
		sleep 0.02
	done
}

# Whether the process exists and is not a zombie.
is_running() {
	local stat
	read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
	stat=${stat##*) }
	[ "${stat%% *}" != Z ]
}

is_gone() {
	! is_running "$1"
}

# file_has FILE TEXT: whether a line of FILE holds TEXT.
file_has() {
	grep -qF -- "$2" "$1" 2>/dev/null
}

# --- starting -----------------------------------------------------------------------------------

# start_command NAME COMMAND...: in the background, remembered for stop_started.
start_command() {
	local name=$1
	shift
	# bats waits for everyone who holds its descriptor 3
	"$@" >"$WORK/$name.out" 2>"$WORK/$name.err" <"${STDIN:-/dev/null}" 3>&- &
	STARTED_PID=$!
	echo "$STARTED_PID $name" >>"$WORK/started"
}

show_output() {
	echo "--- $1: stdout" >&2
	tail -n 40 "$WORK/$1.out" >&2
	echo "--- $1: stderr" >&2
	tail -n 40 "$WORK/$1.err" >&2
}

# announced NAME PATTERN: the first line of NAME's stdout, once it matches the extended regular
# expression; BASH_REMATCH holds its groups. Ends early when the process has ended.
announced() {
	local line
	if read -r line <"$WORK/$1.out"; then
		[[ $line =~ $2 ]]
	else
		is_running "$STARTED_PID" || return 2
		return 1
	fi
}

# wait_announced NAME PATTERN: as announced, within 10 s.
wait_announced() {
	local deadline rc
	read_clock
	deadline=$((NOW + 1000))
	while [ "$NOW" -lt "$deadline" ]; do
		announced "$1" "$2" && return 0
		rc=$?
		[ $rc = 2 ] && break
		sleep 0.02
		read_clock
	done
	echo "$1 did not announce itself as /$2/" >&2
	show_output "$1"
	return 1
}

# is_free PORT: nobody listens on it.
is_free() {
	! (exec 9<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# free_ports COUNT: prints the first of so many consecutive free ports, below the range from
# which the kernel takes its own.
free_ports() {
	local count=$1 first i
	while :; do
		first=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
		for ((i = 0; i < count; i++)); do
			is_free $((first + i)) || continue 2
		done
		echo "$first"
		return
	done
}

redis_settled() {
	is_gone "$STARTED_PID" || file_has "$WORK/$1.out" 'Ready to accept connections'
}

# start_redis [ARG...]: nothing is kept on disk; ARGs go to redis-server.
start_redis() {
	local try name
	for try in 1 2 3 4 5; do
		REDIS_PORT=$(free_ports 1)
		name=redis-$REDIS_PORT
		mkdir -p "$WORK/$name"
		start_command "$name" redis-server --port "$REDIS_PORT" --bind 127.0.0.1 \
		    --dir "$WORK/$name" --save '' --appendonly no --daemonize no "$@"
		wait_until redis_settled "$name" || return 1
		if is_running "$STARTED_PID"; then
			export REDIS_PORT REDIS_PID=$STARTED_PID
			export REDIS_URL=redis://127.0.0.1:$REDIS_PORT
			return 0
		fi
	done
	echo "redis-server found no free port in $try tries" >&2
	show_output "$name"
	return 1
}

# start_node [ARG...]: ARGs go to `hail serve`.
start_node() {
	local name=node-${#NODE_PIDS[@]}
	start_command "$name" "$HAIL" serve --listen 127.0.0.1:0 "$@"
	wait_announced "$name" '^hail serve: .* listening on (https?://.*:([0-9]+))$' || return 1
	NODE_PIDS+=("$STARTED_PID") NODE_URLS+=("${BASH_REMATCH[1]}")
	NODE_PORTS+=("${BASH_REMATCH[2]}")
	echo "$STARTED_PID ${BASH_REMATCH[1]} ${BASH_REMATCH[2]}" >>"$WORK/nodes"
}

start_foreign() {
	local name=foreign-${1%.*}-$((++STARTED_COUNT)) script=$ROOT/tests/foreign/$1
	shift
	start_command "$name" node "$script" "$@"
	wait_announced "$name" '^listening ([0-9]+)' || return 1
	export FOREIGN_PID=$STARTED_PID FOREIGN_PORT=${BASH_REMATCH[1]}
}

start_server() {
	local name=server-$1-$((++STARTED_COUNT)) program=$BUILD/tests/servers/$1
	shift
	start_command "$name" "$program" "$@"
	wait_announced "$name" '^listening ([0-9]+)' || return 1
	export SERVER_PID=$STARTED_PID SERVER_PORT=${BASH_REMATCH[1]} SERVER_OUT=$WORK/$name.out
}

# --- ending -------------------------------------------------------------------------------------

# stop_process PID: SIGTERM, then waits; one that has to be killed is a failure.
stop_process() {
	is_running "$1" || return 0
	kill -TERM "$1" 2>/dev/null
	wait_until 5 is_gone "$1" && return 0
	kill -KILL "$1" 2>/dev/null
	wait_until 5 is_gone "$1"
	return 1
}

# Ends what was started in this test (in this file, when in teardown_file), the last first.
stop_started() {
	local failed=0 pid name
	[ -f "$WORK/started" ] || return 0
	while read -r pid name; do
		if ! stop_process "$pid"; then
			echo "$name (pid $pid) did not end within 5 s of SIGTERM" >&2
			failed=1
		fi
		wait "$pid" 2>/dev/null || true
		if grep -qE 'ERROR: (Address|Leak|Thread)Sanitizer|runtime error:' \
		    "$WORK/$name.err" 2>/dev/null; then
			echo "$name (pid $pid) was stopped by a sanitizer" >&2
			cat "$WORK/$name.err" >&2
			failed=1
		fi
	done < <(tac "$WORK/started")
	rm -f "$WORK/started" "$WORK/nodes"
	return $failed
}

teardown() {
	stop_started
}

teardown_file() {
	stop_started
}

# --- judging what `run` left --------------------------------------------------------------------

# fail SENTENCE: fails the test, and shows what the last `run` printed.
fail() {
	echo "$1" >&2
	echo "--- status ${status:-none}, output:" >&2
	echo "${output:-}" >&2
	if [ -n "${stderr:-}" ]; then
		echo "--- stderr:" >&2
		echo "$stderr" >&2
	fi
	return 1
}

assert_status() {
	[ "$status" -eq "$1" ] || fail "exit status $status, want $1"
}

assert_output_has() {
	[[ $output == *"$1"* ]] || fail "the output lacks: $1"
}

assert_output_lacks() {
	[[ $output != *"$1"* ]] || fail "the output should not have: $1"
}

assert_stderr_has() {
	[[ $stderr == *"$1"* ]] || fail "stderr lacks: $1"
}

# assert_json FILE EXPRESSION [JQ-OPTION...]: the jq expression must give true.
assert_json() {
	local file=$1 expression=$2
	shift 2
	jq -e "$@" "$expression" "$file" >/dev/null && return 0
	echo "not true of $file: $expression" >&2
	head -c 4000 "$file" >&2
	return 1
}

# assert_file_has FILE TEXT
assert_file_has() {
	file_has "$1" "$2" && return 0
	echo "$1 lacks: $2" >&2
	tail -n 40 "$1" >&2
	return 1
}

# --- bench runs ---------------------------------------------------------------------------------

# run_bench ARG...: `hail bench ARG...` with --out "$WORK/r.json", which must be a sound document.
# A run whose generator fell behind is not valid, and rightly says so; on a busy machine that is
# nobody's fault, so it is tried again, twice.
run_bench() {
	for _ in 1 2 3; do
		run --separate-stderr timeout 120 "$HAIL" bench "$@" --out "$WORK/r.json"
		[ ! -s "$WORK/r.json" ] || sound_document "$WORK/r.json" || return 1
		slow_generator "$WORK/r.json" || break
	done
}

sound_document() {
	node "$ROOT/tests/schema/validate.js" "$1" >&2
}

# slow_generator FILE: the only reasons against the run are the generator's own.
slow_generator() {
	jq -e '.rig.reasons | length > 0 and all(startswith("the generator"))' "$1" \
	    >/dev/null 2>&1
}
