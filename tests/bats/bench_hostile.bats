# Servers that break the protocol on purpose: each ends in its class of error, in time, and the
# memory of the client stays bounded.

load helper

# Resident bytes allowed; the sanitizers' shadow is not the program's doing.
memory_limit() {
	case $BUILD in
	*/asan) echo 600e6 ;;
	*) echo 60e6 ;;
	esac
}

# meets MODE CLASS [SERVER-ARG...]: 20 connections to that server are all of that class.
meets() {
	local mode=$1 class=$2
	shift 2
	start_server hostile "$mode" "$@"
	run --separate-stderr timeout 60 "$HAIL" bench hold -c 20 -d 300ms --timeout 1s \
	    --max-message 1MiB --out "$WORK/$mode.json" "ws://127.0.0.1:$SERVER_PORT/x"
	echo "# mode $mode: exit $status" >&2
	assert_json "$WORK/$mode.json" ".connections.errors.$class == 20
	    and .rig.rss_bytes < $(memory_limit)"
	# never open: the run is not valid; open and lost: all connections were lost
	if jq -e '.connections.failed == 20' "$WORK/$mode.json" >/dev/null; then
		assert_status 4
	else
		assert_json "$WORK/$mode.json" '.connections.dropped == 20'
		assert_status 3
	fi
	stop_process "$SERVER_PID"
}

@test "refused upgrades are class http" {
	for mode in refuse-401 refuse-403 refuse-404 refuse-426 refuse-429 refuse-500 plain-200; do
		meets $mode http
	done
	assert_stderr_has 200
}

@test "wrong upgrades are class handshake" {
	for mode in garbage wrong-accept no-upgrade-header bad-subprotocol extension-not-offered \
	    close-at-once half-head; do
		meets $mode handshake
	done
}

@test "no answer is class timeout" {
	meets silent timeout
	assert_stderr_has 'not open within 1 s (still upgrading)'
}

@test "heads without end are class limit" {
	meets endless-headers limit
	meets huge-header-line limit
}

@test "frames that no server may send are class protocol" {
	for mode in reserved-rsv reserved-rsv1 reserved-opcode masked bad-utf8 bad-utf8-split \
	    non-minimal fragmented-control long-control stray-continuation interleaved \
	    bad-close-code close-1-byte bad-close-reason negative-length; do
		meets $mode protocol
	done
}

@test "messages without end are class limit" {
	meets oversize-frame limit
}

@test "a connection that breaks is class closed" {
	start_server hostile drop-after 3
	run timeout 60 "$HAIL" bench echo -c 20 -d 5s --out "$WORK/r.json" \
	    "ws://127.0.0.1:$SERVER_PORT/"
	assert_status 3
	assert_json "$WORK/r.json" '.connections.dropped == 20 and .connections.errors.closed == 20
	    and .messages.received == 60'
	start_server hostile close-after 1011 2
	run --separate-stderr timeout 60 "$HAIL" bench echo -c 20 -d 5s --out "$WORK/r.json" \
	    "ws://127.0.0.1:$SERVER_PORT/"
	assert_stderr_has 'the server closed with 1011'
	assert_json "$WORK/r.json" '.connections.dropped == 20 and .messages.received == 40'
}

@test "a server that closes by frame but keeps the connection is lost at its word" {
	start_server hostile close-and-stay
	run --separate-stderr timeout 60 "$HAIL" bench hold -c 5 -d 5s --ping-interval 0 \
	    --out "$WORK/r.json" "ws://127.0.0.1:$SERVER_PORT/"
	assert_status 3
	assert_stderr_has 'the server closed with 1011'
	assert_json "$WORK/r.json" '.connections.dropped == 5 and .connections.errors.closed == 5'
}

@test "a server that never finishes closing does not hold the client for ever" {
	start_server hostile never-close
	run timeout 60 "$HAIL" bench echo -c 20 -d 300ms --out "$WORK/r.json" \
	    "ws://127.0.0.1:$SERVER_PORT/"
	assert_status 0
	assert_json "$WORK/r.json" '.connections.dropped == 0
	    and .messages.received == .messages.sent'
}

@test "a server that stops reading is noticed by pings, and the backlog is bounded" {
	start_server hostile no-read
	run timeout 60 "$HAIL" bench hold -c 5 -d 3s --ping-interval 200ms --ping-timeout 500ms \
	    --out "$WORK/r.json" "ws://127.0.0.1:$SERVER_PORT/"
	assert_json "$WORK/r.json" '.connections.errors.timeout == 5'
}

@test "floods of messages and pings are survived" {
	for mode in flood ping-flood slow-byte; do
		start_server hostile $mode
		run timeout 60 "$HAIL" bench hold -c 5 -d 1s --out "$WORK/$mode.json" \
		    "ws://127.0.0.1:$SERVER_PORT/"
		assert_json "$WORK/$mode.json" ".connections.opened == 5
		    and .rig.rss_bytes < $(memory_limit)"
		stop_process "$SERVER_PID"
	done
}
