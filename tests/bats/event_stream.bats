# event_stream.bats: vectors of event streams, as browsers have to read them (HTML Living Standard,
# 9.2). tests/event_stream/NAME.http is an answer, NAME.2.http the one to the next request, and
# NAME.jsonl what `hail --json` makes of them, with what does not matter left out; the requests are
# in it, too, with the Last-Event-ID they had.

load helper

VECTORS=$ROOT/tests/event_stream

setup_file() {
	start_foreign event_stream.js "$ROOT/tests/event_stream"
}

# What matters of the lines of --json.
essence() {
	jq -c '
		def some: with_entries(select(.value != null));
		if .type == "message" then {event, id, data} | some
		elif .type == "request" and .dir == "out" then
			{ask: (.data | capture("\r\nLast-Event-ID: (?<id>[^\r]*)\r\n").id // null)}
		elif .type == "open" then {open: .status}
		elif .type == "retry" then {retry: .wait_ms}
		elif .type == "error" then {error: .class, status} | some
		elif .type == "close" then {close: .dir, class} | some
		else empty end'
}

# play NAME WAY: what hail makes of it is what is written. Where there are several answers it wants
# a message more than those before the last line, so that it goes on.
play() {
	local name=$1 options=() wanted
	if [ -e "$VECTORS/$name.2.http" ]; then
		wanted=$(grep -c '"data"' "$VECTORS/$name.jsonl")
		grep -q '"close":"out"' "$VECTORS/$name.jsonl" || wanted=$((wanted + 1))
		options=(-n "$wanted")
	fi
	timeout 20 "$HAIL" connect -t sse --json -v "${options[@]}" \
	    "http://127.0.0.1:$FOREIGN_PORT/$name/$2" >"$WORK/lines" 2>"$WORK/errors" || true
	essence <"$WORK/lines" | diff -u --label "$name" --label "$2" "$VECTORS/$name.jsonl" - &&
		[ ! -s "$WORK/errors" ]
}

# play_all WAY: every vector, to the end, though some fail.
play_all() {
	local file failed=0 count=0
	for file in "$VECTORS"/*.jsonl; do
		play "$(basename "$file" .jsonl)" "$1" || failed=$((failed + 1))
		count=$((count + 1))
	done
	echo "$failed of $count vectors failed"
	[ "$failed" = 0 ] && [ "$count" -ge 40 ]
}

@test "vectors of event streams, whole" {
	play_all whole
}

@test "vectors of event streams, byte by byte" {
	play_all bytes
}

@test "vectors of event streams, in chunks" {
	play_all chunked
}

# waits_for NAME MS: after the first answer it waits so long.
waits_for() {
	start_command "$1" "$HAIL" connect -t sse --json -n 9 \
	    "http://127.0.0.1:$FOREIGN_PORT/$1/wait"
	wait_until file_has "$WORK/$1.out" '"type":"retry"'
	kill -INT "$STARTED_PID" || true     # without a wait it is over
	wait_until is_gone "$STARTED_PID"
	jq -es "any(.[]; .type == \"retry\" and .wait_ms == $2)" "$WORK/$1.out" >/dev/null ||
		fail "waits $(grep retry "$WORK/$1.out"), want $2"
}

@test "the reconnection time: what the server said, else three seconds; a day at most" {
	waits_for data-one 3000
	waits_for wait-bogus 3000
	waits_for wait-minute 60000
	waits_for wait-huge 86400000
	waits_for wait-zero 1
}

@test "an attempt that fails waits the reconnection time, too" {
	run -0 --separate-stderr timeout 20 "$HAIL" connect -t sse --json --reconnect=1 \
	    --backoff 1ms..1ms "http://127.0.0.1:$FOREIGN_PORT/again-500-ends/failing"
	[ "$(jq -s '[.[] | select(.type == "retry")] | length' <<<"$output")" = 2 ]
	jq -es '[.[] | select(.type == "retry")] | .[0].wait_ms == 3 and .[1].class == "http" and
	    .[1].wait_ms >= 3 and .[1].wait_ms <= 4' <<<"$output" >/dev/null ||
		fail "waits $(grep retry <<<"$output")"
}
