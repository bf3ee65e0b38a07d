# What a run counts, against servers we did not write: libwebsockets (the node), Redis, HAProxy
# and Node's ws. Counts are exact; times are never asserted, but where one was made on purpose.

load helper

setup_file() {
	start_redis
	local i
	for i in 1 2 3; do
		start_node --node "n$i" --redis "$REDIS_URL"
	done
}

# The nodes' URLs as WebSocket URLs.
ws_urls() {
	printf '%s\n' "${NODE_URLS[@]/#http/ws}"
}

@test "echo, closed loop: what is sent comes back, one in flight each" {
	run_bench echo -c 200 -d 1s "$(ws_urls | head -n 1)"
	assert_status 0
	assert_json "$WORK/r.json" '.connections.opened == 200 and .connections.failed == 0
	    and .messages.received == .messages.sent and .messages.received > 200
	    and .latency_ms.rtt.count == .messages.received and (has("delivery") | not)'
}

@test "echo with a rate: an open loop, accounted for to the message" {
	run_bench echo -c 30 --rate 200 -d 2s "$(ws_urls | head -n 1)"
	assert_status 0
	assert_json "$WORK/r.json" '.messages.scheduled == 400 and .messages.sent == 400
	    and .messages.received == 400 and .delivery.expected == 400
	    and .delivery.delivered == 400 and .delivery.lost == 0
	    and .latency_ms.rtt.count == 400 and .latency_ms.rtt_uncorrected.count == 400'
}

@test "fan-out over three nodes and Redis: everything expected is delivered, in every cell" {
	# shellcheck disable=SC2046
	run_bench fanout -c 300 --topics 10 --rate 100 -d 2s --require lost==0,duplicate==0 \
	    $(ws_urls)
	assert_status 0
	# 200 messages to the 30 members of a topic each
	assert_json "$WORK/r.json" '.messages.sent == 200 and .messages.received == 6000
	    and .delivery.expected == 6000 and .delivery.delivered == 6000
	    and .delivery.lost == 0 and .delivery.duplicate == 0 and .delivery.reordered == 0
	    and (.delivery.matrix | length) == 9 and ([.delivery.matrix[].expected] | add) == 6000
	    and .latency_ms.delivery.count == 6000 and .latency_ms.complete.count == 200
	    and ([.requirements[].ok] | all) and .rig.valid'
}

@test "publishers, topics and sizes are as asked for" {
	# shellcheck disable=SC2046
	run_bench fanout -c 60 --topics 2 --publishers 3 --size 1KiB --rate 90 -d 1s $(ws_urls)
	assert_status 0
	# topic 1 has publishers 0 and 2, topic 2 has publisher 1: 60 + 30 messages to 30 members
	assert_json "$WORK/r.json" '.messages.sent == 90 and .delivery.delivered == 2700
	    and .config.publishers == 3 and .bytes.per_delivery > 1024'
}

@test "warm-up is load that does not count" {
	# shellcheck disable=SC2046
	run_bench fanout -c 30 --rate 50 --warmup 1s -d 1s $(ws_urls)
	assert_status 0
	assert_json "$WORK/r.json" '.messages.sent == 50 and .delivery.expected == 1500
	    and .delivery.delivered == 1500'
}

@test "the seed decides Poisson arrivals" {
	local counts=()
	for seed in 5 5 6; do
		# shellcheck disable=SC2046
		run_bench fanout -c 9 --rate 200 --arrival poisson --seed $seed -d 1s $(ws_urls)
		assert_status 0
		assert_json "$WORK/r.json" '.delivery.expected == .messages.sent * 9
		    and .delivery.delivered == .delivery.expected'
		counts+=("$(jq .messages.scheduled "$WORK/r.json")")
	done
	[ "${counts[0]}" = "${counts[1]}" ]
	[ "${counts[0]}" != "${counts[2]}" ]
}

@test "unlinked targets: nodes without Redis, topics stay on their node" {
	start_node --node alone1
	start_node --node alone2
	local count=${#NODE_URLS[@]}
	run_bench fanout -c 40 --topics 4 --unlinked --rate 100 -d 1s \
	    "${NODE_URLS[count - 2]/#http/ws}" "${NODE_URLS[count - 1]/#http/ws}"
	assert_status 0
	assert_json "$WORK/r.json" '.delivery.expected == 1000 and .delivery.delivered == 1000
	    and (.delivery.matrix | length) == 2'
}

@test "linked by mistake: without --unlinked the loss between such nodes is seen" {
	start_node --node alone1
	start_node --node alone2
	local count=${#NODE_URLS[@]}
	run_bench fanout -c 40 --rate 100 -d 1s --drain 200ms --require lost==0 \
	    "${NODE_URLS[count - 2]/#http/ws}" "${NODE_URLS[count - 1]/#http/ws}"
	assert_status 1
	assert_json "$WORK/r.json" '.delivery.expected == 4000 and .delivery.delivered == 2000
	    and .delivery.lost == 2000
	    and ([.delivery.matrix[] | select(.from != .to) | .delivered] | add) == 0'
}

@test "stamps of another run are foreign, and disturb nothing" {
	# shellcheck disable=SC2046
	start_command other "$HAIL" bench fanout -c 30 --topics 2 --rate 100 -d 3s \
	    --out "$WORK/other.json" $(ws_urls)
	other=$STARTED_PID
	wait_until file_has "$WORK/other.err" running
	# shellcheck disable=SC2046
	run_bench fanout -c 30 --topics 2 --rate 100 -d 1s $(ws_urls)
	assert_status 0
	wait_until 30 is_gone "$other"
	assert_json "$WORK/r.json" '.messages.foreign > 0 and .delivery.lost == 0
	    and .delivery.delivered == 1500 and .delivery.duplicate == 0'
	assert_json "$WORK/other.json" '.messages.foreign >= 1500
	    and .messages.foreign % 1500 == 0 and .delivery.lost == 0
	    and .delivery.delivered == 4500'
}

@test "hold: connections stay and answer pings" {
	run_bench hold -c 100 -d 2s --ping-interval 500ms "$(ws_urls | head -n 1)"
	assert_status 0
	assert_json "$WORK/r.json" '.connections.opened == 100 and .connections.dropped == 0
	    and .latency_ms.ping.count >= 200 and (has("messages") | not)'
}

@test "--node-from header: and cookie: name the node behind the connection" {
	for source in header:X-Served-By cookie:hail_node; do
		# shellcheck disable=SC2046
		run_bench fanout -c 30 --rate 30 -d 1s --node-from $source $(ws_urls)
		assert_status 0
		assert_json "$WORK/r.json" \
		    '([.delivery.matrix[].from] | unique) == ["n1", "n2", "n3"]'
	done
}

@test "through HAProxy, the connections spread over the nodes" {
	# 31 topics, since a number that 3 divides would keep each topic on one node
	run --separate-stderr timeout 120 "$HAIL" cluster -q -n 3 -- sh -c \
	    'exec hail bench fanout -c 310 --topics 31 --rate 62 -d 1s \
	    --node-from header:X-Served-By --out "$1" "$HAIL_LB"' sh "$WORK/r.json"
	[ "$status" -eq 0 ] || slow_generator "$WORK/r.json"
	assert_json "$WORK/r.json" '.delivery.expected == 620 and .delivery.delivered == 620
	    and (.delivery.matrix | length) == 9'
}

@test "--connect-to and --source-ip decide where and whence" {
	run_bench hold -c 9 -d 100ms --connect-to "example.invalid:80:127.0.0.1:${NODE_PORTS[0]}" \
	    --source-ip 127.0.0.2 --source-ip 127.0.0.3 ws://example.invalid
	assert_status 0
	assert_json "$WORK/r.json" '.connections.opened == 9
	    and .targets == ["ws://example.invalid/"]'
}

@test "names resolve by /etc/hosts, IPv6 works, every address is tried" {
	run_bench hold -c 3 -d 100ms "ws://localhost:${NODE_PORTS[0]}/echo"
	assert_status 0
	start_node --listen '[::1]:0'
	run_bench hold -c 3 -d 100ms "${NODE_URLS[-1]/#http/ws}/echo"
	assert_status 0
	# of the two addresses of "both", the node listens on one: whichever comes first
	printf '127.0.0.1 both\n::1 both\n' >"$WORK/hosts"
	for port in "${NODE_PORTS[0]}" "${NODE_PORTS[-1]}"; do
		run unshare -rm sh -c 'mount --bind "$1" /etc/hosts
		    exec "$2" bench hold -q -c 3 -d 100ms "ws://both:$3/echo"' \
		    sh "$WORK/hosts" "$HAIL" "$port"
		assert_status 0
	done
}

@test "--connect-rate spreads the opening" {
	run_bench hold -c 100 --connect-rate 200/s -d 100ms "$(ws_urls | head -n 1)"
	assert_status 0
	assert_json "$WORK/r.json" '.connections.opened == 100 and .connections.open_per_s <= 205'
}

@test "plain and own dialects: a relay made with Node's ws, with and without self" {
	start_foreign relay.js
	run_bench fanout -c 20 --rate 50 -d 1s --dialect plain "ws://127.0.0.1:$FOREIGN_PORT/"
	assert_status 0
	assert_json "$WORK/r.json" '.delivery.expected == 1000 and .delivery.delivered == 1000'
	run_bench fanout -c 20 --rate 50 -d 1s --dialect plain --self no \
	    "ws://127.0.0.1:$FOREIGN_PORT/others"
	assert_status 0
	assert_json "$WORK/r.json" '.delivery.expected == 950 and .delivery.delivered == 950'
	# the server echoes to the sender although it was said not to: that is no valid run
	run_bench fanout -c 20 --rate 50 -d 1s --dialect plain --self no \
	    "ws://127.0.0.1:$FOREIGN_PORT/"
	assert_status 4
	assert_json "$WORK/r.json" '.messages.stray == 50 and (.rig.valid | not)'
}

@test "a dialect of one's own subscribes by message" {
	start_foreign relay.js
	cat >"$WORK/rooms.json" <<-'END'
		{
		  "name": "rooms",
		  "path": "/rooms",
		  "on_open": ["{\"op\":\"hello\",\"conn\":{conn}}"],
		  "subscribe": "{\"op\":\"join\",\"room\":\"{topic}\"}",
		  "publish": "{\"op\":\"say\",\"room\":\"{topic}\",\"text\":\"{stamp}\"}",
		  "self": false
		}
	END
	run_bench fanout -c 20 --topics 4 --rate 50 -d 1s --warmup 500ms \
	    --dialect "$WORK/rooms.json" "ws://127.0.0.1:$FOREIGN_PORT"
	assert_status 0
	# the relay answers hello, and 50 messages go to the 4 others of a room
	assert_json "$WORK/r.json" '.delivery.expected == 200 and .delivery.delivered == 200
	    and .delivery.lost == 0 and .config.dialect == "rooms"'
}

@test "echo through Node's ws" {
	start_foreign relay.js
	run_bench echo -c 50 -d 1s --size 100KiB "ws://127.0.0.1:$FOREIGN_PORT/echo"
	assert_status 0
	assert_json "$WORK/r.json" '.messages.received == .messages.sent and .messages.sent > 50'
}

@test "a requirement that is not met: exit status 1, with the value" {
	run_bench echo -c 5 -d 500ms --require 'opened>=6' "$(ws_urls | head -n 1)"
	assert_status 1
	assert_output_has 'opened>=6'
	assert_json "$WORK/r.json" \
	    '.requirements == [{"expr": "opened>=6", "value": 5, "ok": false}]'
}

@test "Ctrl-C ends early, with the results so far" {
	# shellcheck disable=SC2046
	start_command interrupted "$HAIL" bench fanout -c 30 --rate 100 -d 1h --drain 300ms \
	    --out "$WORK/r.json" $(ws_urls)
	pid=$STARTED_PID
	wait_until file_has "$WORK/interrupted.err" running
	wait_until has_received "$WORK/interrupted.err" "$pid"
	kill -INT "$pid"
	status=0
	wait "$pid" || status=$?
	assert_status 130
	sound_document "$WORK/r.json"
	assert_json "$WORK/r.json" '.delivery.expected > 0 and .delivery.lost == 0
	    and .delivery.expected == .messages.sent * 30'
	assert_file_has "$WORK/interrupted.out" delivery
}

# The run has used some processor time since it began to run: messages flow.
has_received() {
	[ "$(awk '{print $14 + $15}' "/proc/$2/stat")" -ge 3 ]
}

@test "a rate beyond the generator ends in time, is not valid, and hides nothing" {
	start_node --node swamped
	run --separate-stderr timeout 60 "$HAIL" bench fanout -c 2 --rate 50m/s -d 1s \
	    --drain 500ms --out "$WORK/r.json" "${NODE_URLS[-1]/#http/ws}"
	assert_status 4
	sound_document "$WORK/r.json"
	assert_json "$WORK/r.json" '.messages.scheduled == 50e6
	    and .messages.sent < .messages.scheduled and .delivery.expected == .messages.sent * 2'
	assert_output_has 'NOT VALID'
}

@test "JSON to stdout by --out -, the summary to stderr" {
	run --separate-stderr "$HAIL" bench echo -c 5 -d 200ms --out - "$(ws_urls | head -n 1)"
	assert_status 0
	jq -e '.schema == "hail-result/1"' <<<"$output"
	assert_stderr_has connections
}

@test "-q says nothing when all is well" {
	run "$HAIL" bench echo -q -c 5 -d 200ms "$(ws_urls | head -n 1)"
	assert_status 0
	[ -z "$output" ]
}

@test "a stall of the server shows in the corrected latency" {
	start_node --node stalling --chaos stall=1s@500ms
	run_bench fanout -c 10 --rate 200 -d 3s "${NODE_URLS[-1]/#http/ws}"
	# 200 of 600 messages were due while the node slept for a second
	assert_json "$WORK/r.json" '.delivery.lost == 0 and .delivery.delivered == 6000
	    and .latency_ms.delivery.max >= 900 and .latency_ms.delivery.p99 >= 500
	    and .latency_ms.delivery_uncorrected.count == 6000'
}

@test "a stall of the generator shows in the corrected latency only, and the run is not valid" {
	start_node --node steady
	start_command stopped "$HAIL" bench fanout -c 10 --rate 200 -d 3s --out "$WORK/r.json" \
	    "${NODE_URLS[-1]/#http/ws}"
	pid=$STARTED_PID
	wait_until file_has "$WORK/stopped.err" running
	kill -STOP "$pid"
	sleep 1    # the fault itself, not a wait for something
	kill -CONT "$pid"
	status=0
	wait "$pid" || status=$?
	assert_status 4
	# a third of all messages was due meanwhile; one may have been under way when it stopped
	assert_json "$WORK/r.json" '.messages.sent == 600 and .delivery.delivered == 6000
	    and .latency_ms.delivery.max >= 900
	    and .latency_ms.delivery.p90 - .latency_ms.delivery_uncorrected.p90 >= 300
	    and .rig.schedule_lag_ms.max >= 900 and (.rig.reasons | length) >= 1'
}
