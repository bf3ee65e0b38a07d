# The same fan-out over every transport, against a cluster of reference nodes. Counts are exact;
# times are never asserted.

load helper

setup_file() {
	start_redis
	start_node --node n1 --redis "$REDIS_URL"
	start_node --node n2 --redis "$REDIS_URL"
}

# compare ARG...: on both nodes, 20 connections in 2 topics, 100 messages each.
compare() {
	run_bench compare -c 20 --topics 2 --rate 50 -d 2s "$@" "${NODE_URLS[@]}"
}

# row NAME EXPRESSION: true of that row.
row() {
	assert_json "$WORK/r.json" "[.compare[] | select(.name == \$name)] | length == 1
	    and (.[0] | $2)" --arg name "$1"
}

@test "every transport delivers everything once, and asks as often as it must" {
	local pids=() pid
	for pid in "${NODE_PIDS[@]}"; do
		pids+=(--server-pid "$pid")
	done
	compare --intervals 200ms,1s "${pids[@]}" \
	    --require 'lost==0,compare.ws.duplicate==0,compare.poll-1s.delivered==100%'
	assert_status 0
	assert_json "$WORK/r.json" '[.compare[].name] == ["ws", "sse", "longpoll", "poll 200ms",
	    "poll 1s"] and .workload == "compare" and .transport == "compare"
	    and .config.publish_by == "request" and .config.intervals_ms == [200, 1000]'
	# 100 messages to the ten members of a topic each
	assert_json "$WORK/r.json" '.compare | all(.expected == 1000 and .delivered == 1000
	    and .lost == 0 and .duplicate == 0 and .reordered == 0 and .latency_ms.count == 1000)'
	assert_json "$WORK/r.json" '.delivery.expected == 5000 and .delivery.delivered == 5000
	    and .messages.sent == 500 and .messages.post.requests == 500
	    and .messages.post.refused == 0 and .messages.post.unknown == 0
	    and .connections.opened == 100 and .connections.peak == 20 and .rig.workers == 1
	    and (.delivery.matrix | length) == 4 and (has("latency_ms") | not)'
	row ws '.requests == 0 and .connections_opened == 20 and (has("wasted_pct") | not)'
	row sse '.requests == 20 and .connections_opened == 20 and (has("wasted_pct") | not)'
	# at most one answer for each message, besides the first, which says where it begins
	row longpoll '.requests >= 40 and .requests <= 1040 and .connections_opened == 20'
	# two seconds and what follows: each asks at least twice, and never more than it may
	row 'poll 200ms' '.requests >= 200 and .poll_interval_ms == 200
	    and .connections_opened == 20'
	row 'poll 1s' '.requests >= 40 and .wasted_pct <= 100'
	assert_json "$WORK/r.json" '.compare | map({key: .name, value: .}) | from_entries
	    | .["poll 200ms"].requests > .["poll 1s"].requests
	    and .["poll 200ms"].bytes_sent_per_delivery > .ws.bytes_sent_per_delivery'
	# the processes that were watched, in each row and in all
	assert_json "$WORK/r.json" '[.compare[].servers | map(.pid)] + [.rig.servers | map(.pid)]
	    | all(. == $pids)' --argjson pids "[${NODE_PIDS[0]}, ${NODE_PIDS[1]}]"
	assert_json "$WORK/r.json" '(.rig.servers | map(.cpu_ms) | add)
	    == ([.compare[].servers[].cpu_ms] | add) and .rig.servers[0].name == "hail"'
	assert_output_has 'longpoll'
	assert_output_has 'how stale'
	assert_output_has 'cpu of hail'
}

@test "its document is sound, and refused broken in any of many ways" {
	compare --transports ws,poll --intervals 200ms --server-pid "${NODE_PIDS[0]}"
	assert_status 0
	run node "$ROOT/tests/schema/refuses.js" "$WORK/r.json"
	assert_status 0
	assert_output_has 'ok 27'
	assert_output_lacks 'not ok'
}

@test "some transports only, in their own order; http:// and ws:// mean the same" {
	run_bench compare -c 4 --rate 20 -d 500ms --transports sse,ws "${NODE_URLS[0]/#http/ws}" \
	    "${NODE_URLS[1]}"
	assert_status 0
	assert_json "$WORK/r.json" '[.compare[].name] == ["ws", "sse"]
	    and (.compare | all(.expected == 40 and .delivered == 40 and (has("servers") | not)))
	    and .config.transports == ["ws", "sse"] and (.config | has("intervals_ms") | not)
	    and (.targets | map(split(":")[0])) == ["ws", "http"]'
	assert_output_lacks server
}

@test "a requirement of one row fails alone" {
	run_bench compare -c 4 --rate 20 -d 500ms --transports ws,poll --intervals 100ms \
	    --require 'compare.ws.lost==0,compare.poll-100ms.requests==0' "${NODE_URLS[@]}"
	assert_status 1
	assert_json "$WORK/r.json" '[.requirements[].ok] == [true, false]'
}

@test "a node that drops: every row finds it, and says so" {
	start_node --node n3 --chaos drop=1/10
	run_bench compare -c 10 --rate 50 -d 1s --drain 500ms --transports ws,sse \
	    --require 'compare.sse.lost==0' "${NODE_URLS[2]}"
	assert_status 1
	assert_json "$WORK/r.json" '.compare | all(.expected == 500 and .lost == 50
	    and .delivered == 450)'
}

@test "interrupted: the rows so far are written, the rest is left out" {
	start_command bench "$HAIL" bench compare -c 4 --rate 20 -d 30s \
	    --transports ws,sse --out "$WORK/r.json" "${NODE_URLS[@]}"
	bench=$STARTED_PID
	wait_until file_has "$WORK/bench.err" running
	kill -INT "$bench"
	status=0
	wait "$bench" || status=$?
	assert_status 130
	sound_document "$WORK/r.json"
	assert_json "$WORK/r.json" '[.compare[].name] == ["ws"]
	    and .config.transports == ["ws", "sse"]
	    and (.rig.warnings[0] | startswith("ws: interrupted"))'
}

@test "--server-pid with other workloads, and a server that ends meanwhile" {
	start_node --node short
	start_command other sleep 100
	other=$STARTED_PID
	start_command bench "$HAIL" bench fanout -c 4 --rate 50 -d 2s --out "$WORK/r.json" \
	    --server-pid "${NODE_PIDS[2]}" --server-pid "$other" "${NODE_URLS[2]}"
	bench=$STARTED_PID
	wait_until file_has "$WORK/bench.err" running
	kill "$other"
	status=0
	wait "$bench" || status=$?
	assert_status 0
	sound_document "$WORK/r.json"
	assert_json "$WORK/r.json" '(.rig.servers | map(.name)) == ["hail", "sleep"]
	    and .rig.servers[0].cpu_us_per_message >= 0 and .rig.servers[1].cpu_ms == 0
	    and (.rig.warnings | any(contains("(sleep) ended before the load did")))'
}

# refused SENTENCE ARG...: a usage error that says so, before anything is opened.
refused() {
	local sentence=$1
	shift
	run --separate-stderr "$HAIL" bench "$@"
	assert_status 2
	assert_stderr_has "$sentence"
	[ -z "$output" ] || fail "it ran: $*"
}

@test "usage errors, before anything runs" {
	local url=http://127.0.0.1:1
	refused '-t: compare speaks several' compare -t ws "$url"
	refused '--subscribe: each transport has its own' compare --subscribe /x "$url"
	refused 'only compare has several' fanout --transports ws "$url"
	refused 'only compare has several' echo --intervals 1s "$url"
	refused "--transports: 'socketio' is not one of" compare --transports ws,socketio "$url"
	refused "--transports: '' is not one of" compare --transports ws, "$url"
	refused "--transports: 'ws' is named twice" compare --transports ws,sse,ws "$url"
	refused '--transports: expected some of' compare --transports '' "$url"
	refused 'poll is not among --transports' compare --transports ws --intervals 1s "$url"
	refused "--intervals: '1x' is not a duration" compare --intervals 1s,1x "$url"
	refused "--intervals: '1000ms' is named twice" compare --intervals 1s,1000ms "$url"
	refused '--intervals: expected more than nothing' compare --intervals 0s "$url"
	refused 'the dialect plain has no path for ws' compare --dialect plain "$url"
	refused 'the dialect plain has no post: expected --publish' compare --dialect plain "$url/x"
	printf '{"name": "half", "path": "/ws", "post": {"path": "/pub"}}' >"$WORK/half.json"
	refused 'the dialect half has no path for sse' compare --dialect "$WORK/half.json" "$url"
	refused "--server-pid: 'me' is not the number" compare --server-pid me "$url"
	refused '--server-pid: there is no process 2147483646 here' fanout \
	    --server-pid 2147483646 "$url"
	refused 'poll 2s is not among what is compared' compare --require compare.poll-2s.lost==0 \
	    "$url"
	refused 'each row of a comparison has its own' compare --require 'p99<1s' "$url"
	refused 'only bench compare has rows' fanout --require compare.ws.lost==0 "$url"
}
