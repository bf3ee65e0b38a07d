# Fan-outs whose receivers are event streams and polls, and whose publishers send by requests: as
# exact as over WebSockets. Counts only, never times.

load helper

# start_nodes COUNT [CHAOS]: on one Redis; the last has the faults.
start_nodes() {
	local i
	start_redis
	for ((i = 1; i <= $1; i++)); do
		if [ "$i" -lt "$1" ]; then
			start_node --node "n$i" --redis "$REDIS_URL"
		else
			start_node --node "n$i" --redis "$REDIS_URL" ${2:+--chaos "$2"}
		fi
	done
}

# exactly SENT EXPECTED: in r.json, and that all of it came, once, in order, and nothing else.
exactly() {
	assert_json "$WORK/r.json" ".messages.sent == $1 and .messages.foreign == 0
	    and .messages.stray == 0 and .messages.unstamped == 0
	    and .delivery.expected == $2 and .delivery.delivered == $2 and .delivery.lost == 0
	    and .delivery.duplicate == 0 and .delivery.reordered == 0
	    and .delivery.missed_while_away == 0 and .connections.dropped == 0"
}

# posted REQUESTS REFUSED UNKNOWN
posted() {
	assert_json "$WORK/r.json" ".messages.post.requests == $1
	    and .messages.post.refused == $2 and .messages.post.unknown == $3"
}

# --- every way to receive, on nodes that share a Redis ----------------------------------------

# fan_out TRANSPORT ARG...: 60 messages in 3 topics of 10 members each.
fan_out() {
	run_bench fanout -t "$1" -c 30 --topics 3 --publishers 9 --rate 60 -d 1s \
	    --poll-interval 200ms "${@:2}" "${NODE_URLS[@]}"
	assert_status 0
	exactly 60 600
}

@test "event streams and POST over three nodes: all, once, in order" {
	start_nodes 3
	fan_out sse
	posted 60 0 0
	assert_json "$WORK/r.json" '.messages.post.connections == 9
	    and (.delivery.matrix | length) == 9'
}

@test "long polls and POST over three nodes: all, once, in order" {
	start_nodes 3
	fan_out longpoll --node-from header:X-Served-By
	posted 60 0 0
	assert_json "$WORK/r.json" '[.delivery.matrix[].from] | unique == ["n1", "n2", "n3"]'
}

@test "short polls and POST over two nodes: all, once, in order" {
	start_nodes 2
	fan_out poll
	posted 60 0 0
}

@test "WebSockets that only receive, when POST publishes" {
	start_nodes 2
	fan_out ws --publish 'POST /pub/{topic}'
	posted 60 0 0
}

@test "publishing over a WebSocket of one's own" {
	start_nodes 2
	fan_out sse --publish 'WS /ws/{topic}'
	assert_json "$WORK/r.json" '.messages.post == {connections: 9}'
	fan_out longpoll --publish 'WS /ws/{topic}'
}

@test "a message of one's own is the body, too" {
	start_nodes 1
	fan_out sse --publish '{"from": {conn}, "text": "{stamp}"}'
	fan_out ws --publish 'POST /pub/{topic}' --publish 'said {stamp}'
	posted 60 0 0
}

@test "a warm-up does not count, wherever it is sent" {
	start_nodes 2
	fan_out sse --warmup 1s
	posted 60 0 0
}

@test "a token goes with streams, requests and into paths" {
	local token
	start_foreign moody.js refuses 1000
	NODE_URLS=("http://127.0.0.1:$FOREIGN_PORT")
	for token in '--bearer s3cret' '--jwt-secret s3cret --jwt-claim sub=user{conn}'; do
		# shellcheck disable=SC2086
		fan_out sse $token --publish 'POST /pub/{topic}?token={token}' \
		    --subscribe '/sse/{topic}?token={token}'
	done
	run_bench fanout -c 2 -d 500ms --bearer s3cret --subscribe '/sse/{topic}?token=other' \
	    "${NODE_URLS[0]}"
	assert_json "$WORK/r.json" '.connections.opened == 0 and .connections.errors.http == 2'
}

@test "hold keeps event streams and polls" {
	start_nodes 1
	for transport in sse longpoll poll; do
		run_bench hold -t "$transport" -c 20 -d 500ms --poll-interval 100ms \
		    "${NODE_URLS[0]}"
		assert_status 0
		assert_json "$WORK/r.json" '.connections.opened == 20 and .connections.dropped == 0'
	done
}

# --- faults -----------------------------------------------------------------------------------

# injected KIND: how often the last node did it, whatever the messages' node.
injected() {
	curl -fsS "${NODE_URLS[-1]}/metrics" | awk -v kind="kind=\"$1\"" \
	    '/^hail_chaos_injected_total/ && index($0, kind) { sum += $2 } END { print sum + 0 }'
}

# under_chaos TRANSPORT SPEC KIND KEY: KEY of the ledger is what the node did, and nothing else.
under_chaos() {
	local told
	start_nodes 2 "$2"
	run --separate-stderr timeout 120 "$HAIL" bench fanout -t "$1" -c 40 --topics 2 \
	    --rate 100 -d 2s --out "$WORK/r.json" "${NODE_URLS[@]}"
	sound_document "$WORK/r.json"
	# once only: the nodes count on, and a slow generator counts as exactly
	[ "$status" -eq 0 ] || slow_generator "$WORK/r.json"
	told=$(injected "$3")
	[ "$told" -gt 0 ]
	assert_json "$WORK/r.json" ".delivery.$4 == $told and .delivery.expected == 4000
	    and .delivery.lost + .delivery.duplicate == $told and .delivery.reordered == 0
	    and .delivery.delivered + .delivery.lost == 4000 and .connections.dropped == 0"
}

@test "what a node drops from event streams is lost, to the message" {
	under_chaos sse drop=1/50 drop lost
}

@test "what a node doubles in event streams is duplicate, to the message" {
	under_chaos sse dup=1/50 dup duplicate
}

@test "what a node drops from long polls is lost, to the message" {
	under_chaos longpoll drop=1/50 drop lost
}

@test "what a node doubles in long polls is duplicate, to the message" {
	under_chaos longpoll dup=1/50 dup duplicate
}

@test "event streams that a node ends are dropped, and what they missed is not lost" {
	start_nodes 2 close=1/300
	run --separate-stderr timeout 120 "$HAIL" bench fanout -t sse -c 40 --topics 2 \
	    --rate 100 -d 2s --out "$WORK/r.json" "${NODE_URLS[@]}"
	sound_document "$WORK/r.json"
	told=$(injected close)
	[ "$told" -gt 0 ]
	assert_json "$WORK/r.json" ".connections.dropped == $told and .delivery.lost == 0
	    and .delivery.expected == .delivery.delivered + .delivery.missed_while_away"
}

# --- servers that do not publish, or do not say what they do ----------------------------------

# in_mood MOOD: 80 messages to 8 members, each tenth in that MOOD; MOODS: how many those were.
in_mood() {
	start_foreign moody.js "$1" 10
	run --separate-stderr timeout 120 "$HAIL" bench fanout -t sse -c 8 --publishers 4 \
	    --rate 80 -d 1s --drain 2s --out "$WORK/r.json" "http://127.0.0.1:$FOREIGN_PORT"
	sound_document "$WORK/r.json"
	MOODS=$(curl -fsS "http://127.0.0.1:$FOREIGN_PORT/count")
	[ "$MOODS" -eq 8 ]
	assert_json "$WORK/r.json" '.messages.scheduled == 80 and .delivery.duplicate == 0
	    and .messages.scheduled == .messages.sent + .rig.send_refused
	    and .delivery.expected == .messages.sent * 8
	    and .delivery.expected == .delivery.delivered + .delivery.lost'
}

@test "429 and 503 to some: those were not published, and nobody waits for them" {
	in_mood refuses
	posted 80 8 0
	exactly 72 576
	assert_json "$WORK/r.json" '.rig.send_refused == 8'
	assert_stderr_has '8 × not published, the first: the server answered 429 Too Many Requests'
}

@test "no answer to some: nobody knows, so they are expected, and lost" {
	in_mood cuts
	posted 80 0 8
	assert_json "$WORK/r.json" '.messages.sent == 80 and .delivery.lost == 64
	    and .messages.post.connections >= 8'
	assert_stderr_has '8 × perhaps published'
}

@test "no answer to some that were published all the same: nothing is lost" {
	in_mood cuts-late
	posted 80 0 8
	exactly 80 640
}

@test "a refusal of what everyone has already is not believed" {
	in_mood refuses-late
	posted 80 0 8
	exactly 80 640
}

@test "what arrives after it was refused is none of the run's" {
	in_mood lies
	posted 80 8 0
	assert_json "$WORK/r.json" '.messages.sent == 72 and .messages.foreign == 64
	    and .delivery.delivered == 576 and .delivery.lost == 0'
}

@test "requests that still wait for their turn at the end were not sent" {
	start_foreign moody.js slow 1
	run --separate-stderr timeout 120 "$HAIL" bench fanout -t sse -c 4 --publishers 1 \
	    --rate 40 -d 1s --drain 500ms --out "$WORK/r.json" "http://127.0.0.1:$FOREIGN_PORT"
	sound_document "$WORK/r.json"
	assert_json "$WORK/r.json" '.messages.scheduled == 40 and .messages.sent < 20
	    and .messages.sent + .rig.send_refused == 40 and .delivery.lost == 0
	    and .messages.post.requests == .messages.sent and .messages.post.unknown == 1
	    and .delivery.expected == .messages.sent * 4 and .rig.backlog_peak_bytes > 0'
}

@test "a publisher's own WebSocket that is refused: its messages are not sent" {
	start_nodes 1
	run_bench fanout -t sse -c 4 --rate 40 -d 500ms --publish 'WS /nowhere' "${NODE_URLS[0]}"
	assert_json "$WORK/r.json" '.messages.sent == 0 and .rig.unsent_down == .messages.scheduled
	    and .messages.scheduled == 20 and .connections.opened == 4'
	assert_stderr_has '1 × no WebSocket to publish by, the first: the server refused the'
}

# --- nchan ------------------------------------------------------------------------------------

# nchan TRANSPORT: subscribed so, published by POST. What is published first is not counted, since
# nchan does not say when a long poll has come.
nchan() {
	start_nchan
	run_bench fanout -t "$1" --dialect nchan -c 20 --topics 2 --publishers 4 --rate 60 -d 1s \
	    --warmup 500ms --poll-interval 200ms "http://127.0.0.1:$NCHAN_PORT"
	assert_status 0
	exactly 60 600
	posted 60 0 0
}

@test "nchan: subscribed by WebSocket, published by POST" {
	nchan ws
}

@test "nchan: event streams" {
	nchan sse
}

@test "nchan: long polls" {
	nchan longpoll
}

@test "nchan: short polls" {
	nchan poll
}

# --- what cannot be ---------------------------------------------------------------------------

# refused PART ARG...: exits 2 and says so, before anything is opened.
refused() {
	run --separate-stderr "$HAIL" bench "${@:2}"
	assert_status 2
	assert_stderr_has "$1"
}

@test "what makes no sense is found before anything is opened" {
	refused 'echo needs connections that go both ways: expected -t ws, not sse' \
	    echo http://127.0.0.1:1
	refused 'echo sends over each connection itself' \
	    echo --publish 'POST /x' ws://127.0.0.1:1
	refused "expected --publish 'POST /path'" fanout --dialect plain http://127.0.0.1:1
	refused "expected --publish 'POST /path'" fanout --dialect plain -t poll http://127.0.0.1:1
	refused 'expected one message, not two' \
	    fanout --publish 'a {stamp}' --publish 'b {stamp}' http://127.0.0.1:1
	refused 'expected one path, not two' \
	    fanout --publish 'POST /a' --publish 'PUT /b' http://127.0.0.1:1
	refused 'expected {stamp} in '"'DELETE /a'" fanout --publish 'DELETE /a' http://127.0.0.1:1
	refused 'only a WebSocket takes a message' fanout --subscribe join http://127.0.0.1:1
	refused 'only a WebSocket takes messages' fanout --on-open hello http://127.0.0.1:1
	refused '{last_id} is not known here' fanout --subscribe '/x?{last_id}' http://127.0.0.1:1
}
