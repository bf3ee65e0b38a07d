# Parts that die in mid-run: the run ends in a report that says what happened, not in a hang or a
# crash, and nothing in it is unexplained.

load helper

# begin ARG...: a fan-out in the background over all nodes; waits until it publishes.
begin() {
	start_command bench timeout 120 "$HAIL" bench fanout -c 90 --topics 3 --publishers 9 \
	    --rate 180 --drain 1s --out "$WORK/r.json" "$@"
	BENCH=$STARTED_PID
	wait_until file_has "$WORK/bench.err" running
}

# end: waits for the run; its status in $status.
end() {
	status=0
	wait "$BENCH" || status=$?
	output=$(cat "$WORK/bench.out") stderr=$(cat "$WORK/bench.err")
	node "$ROOT/tests/schema/validate.js" "$WORK/r.json" >&2
}

nothing_unexplained() {
	assert_json "$WORK/r.json" '.delivery as $d | $d.expected == $d.delivered + $d.lost
	    + $d.missed_while_away + $d.recovered + $d.lost_for_good'
}

# More messages than that have been published through node 1.
published() {
	[ "$(curl -fsS "${NODE_URLS[0]}/metrics" | sed -n 's/^hail_published_total //p')" -gt "$1" ]
}

start_three() {
	local i
	start_redis
	for i in 1 2 3; do
		start_node --node "n$i" --redis "$REDIS_URL"
	done
}

@test "a node is killed: its third is dropped, the others go on" {
	start_three
	begin -d 4s "${NODE_URLS[@]/#http/ws}"
	wait_until published 20
	kill -KILL "${NODE_PIDS[1]}"
	end
	assert_json "$WORK/r.json" '.connections.dropped == 30 and .connections.errors.closed == 30
	    and .messages.sent < .messages.scheduled and .rig.unsent_down > 0'
	nothing_unexplained
	[[ $output == *'30 dropped'* ]]
}

@test "all nodes are killed: the run ends at once" {
	start_three
	begin -d 1h "${NODE_URLS[@]/#http/ws}"
	wait_until published 20
	kill -KILL "${NODE_PIDS[@]}"
	end
	assert_json "$WORK/r.json" '.connections.dropped == 90'
	nothing_unexplained
}

@test "Redis is killed: connections stay, what is published then does not arrive" {
	start_three
	begin -d 3s "${NODE_URLS[@]/#http/ws}"
	wait_until published 20
	kill -KILL "$REDIS_PID"
	end
	assert_json "$WORK/r.json" '.connections.dropped == 0 and .delivery.lost > 0
	    and .delivery.expected == .delivery.delivered + .delivery.lost'
}

@test "Redis is killed and comes back: what was published meanwhile arrives, late, once" {
	start_three
	begin -d 4s --drain 5s "${NODE_URLS[@]/#http/ws}"
	wait_until published 20
	kill -KILL "$REDIS_PID"
	wait_until is_gone "$REDIS_PID"
	start_command redis-again redis-server --port "$REDIS_PORT" --bind 127.0.0.1 \
	    --dir "$WORK" --save '' --appendonly no
	end
	assert_json "$WORK/r.json" '.connections.dropped == 0 and .delivery.duplicate == 0
	    and .delivery.expected == .delivery.delivered + .delivery.lost'
}

@test "a node is stopped in order: 1001, said so" {
	start_three
	begin -d 3s "${NODE_URLS[@]/#http/ws}"
	wait_until published 20
	kill -TERM "${NODE_PIDS[2]}"
	end
	[[ $stderr == *'the server closed with 1001'* ]]
	assert_json "$WORK/r.json" '.connections.dropped == 30'
	nothing_unexplained
}

@test "HAProxy is killed: everything is dropped, and the run ends" {
	start_command cluster "$HAIL" cluster -n 3
	wait_until 20 file_has "$WORK/cluster.out" lb
	wait_until 20 grep -q 'lb .*pid' "$WORK/cluster.out"
	lb=$(grep -om1 'ws://[^ ]*' <(grep 'lb ' "$WORK/cluster.out"))
	pid=$(grep -m1 'lb ' "$WORK/cluster.out" | grep -o 'pid [0-9]*' | cut -d' ' -f2)
	begin -d 1h --node-from header:X-Served-By "$lb"
	wait_until file_has "$WORK/bench.err" running
	kill -KILL "$pid"
	end
	assert_json "$WORK/r.json" '.connections.dropped == 90'
	nothing_unexplained
}
