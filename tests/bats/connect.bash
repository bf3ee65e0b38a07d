# connect.bash: what the connect*.bats files share (`load connect`, behind helper).
#
#   connect ARG...          `hail connect` without input; piped TEXT ARG... with it
#   json FILTER             of what `connect --json` said
#   memory_limit MEBIBYTES  what a client may take; within_memory PID MEBIBYTES: it did
#   held_back PORT          whether the client reads nothing any more
#   interrupt PID           ends it

# connect ARG...: with a limit, since a hang is a failure; stderr is kept apart.
connect() {
	run --separate-stderr timeout 20 "$HAIL" connect "$@" </dev/null
}

# piped TEXT ARG...: the same with input; TEXT as printf(1) takes it.
piped() {
	local text=$1
	shift
	# shellcheck disable=SC2059
	printf "$text" >"$WORK/input"
	run --separate-stderr timeout 20 "$HAIL" connect "$@" <"$WORK/input"
}

# json FILTER: of the lines of --json.
json() {
	# shellcheck disable=SC2154 # run sets it
	jq -c "$1" <<<"$output"
}

# memory_limit MEBIBYTES: so many; the sanitizers' shadow is not the program's doing.
memory_limit() {
	if grep -q __asan_init "$HAIL"; then
		echo $(($1 * 3 + 200))
	else
		echo "$1"
	fi
}

# within_memory PID MEBIBYTES: the process never had more.
within_memory() {
	local kib
	kib=$(awk '/^VmHWM:/ { print $2 }' "/proc/$1/status")
	[ "$kib" -lt $(($(memory_limit "$2") * 1024)) ] || { echo "$kib KiB" >&2; return 1; }
}

# held_back PORT: what came from that port waits in the client's socket, as much as at the last
# look.
held_back() {
	local now
	now=$(awk -v port=":$(printf %04X "$1")" '
	    index($3, port) && $4 == "01" { print substr($5, 10) }' /proc/net/tcp)
	[ -n "$now" ] && [ "$now" != 00000000 ] && [ "$now" = "${HELD_BACK:-}" ] && return 0
	HELD_BACK=$now
	return 1
}

is_interrupted() {
	kill -INT "$1" 2>/dev/null || true
	is_gone "$1"
}

# interrupt PID: until it has ended; the second does not wait for the server.
interrupt() {
	wait_until is_interrupted "$1"
}
