# serve.bats: the reference node, against real Redis servers and Node's ws as the client.

load helper
load node

# Memory is measured here: what a sanitizer keeps back should not count.
export ASAN_OPTIONS=$ASAN_OPTIONS:quarantine_size_mb=4

upgrade='GET /echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
upgrade+='Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'

# begin SCRIPT ARG...: tests/foreign/SCRIPT.js in the background; go sends it a line, and finish
# SCRIPT waits for its end and leaves $output and $status as run does.
begin() {
	local name=$1
	shift
	mkfifo "$WORK/$name.in"
	exec 9<>"$WORK/$name.in"
	STDIN=$WORK/$name.in start_command "$name" node "$ROOT/tests/foreign/$name.js" "$@"
}

go() {
	echo go >&9
}

finish() {
	wait_until 30 is_gone "$STARTED_PID"
	exec 9>&-
	output=$(cat "$WORK/$1.out")
	status=0
	wait "$STARTED_PID" || status=$?
}

# --- starting -----------------------------------------------------------------------------------

@test "the first line on stdout says where it listens" {
	start_node --node alpha
	[ "$(head -n 1 "$WORK/node-0.out")" = "hail serve: alpha listening on ${NODE_URLS[0]}" ]
	[ "$(status_of "${NODE_URLS[0]}/healthz")" = 200 ]
}

@test "it listens on IPv6, too" {
	start_command six "$HAIL" serve --listen '[::1]:0'
	wait_announced six '^hail serve: n1 listening on (http://\[::1\]:[0-9]+)$'
	[ "$(status_of "${BASH_REMATCH[1]}/healthz")" = 200 ]
}

@test "usage errors exit with 2 and a sentence" {
	local bad
	for bad in --listen=nowhere --listen=127.0.0.1 --listen=::1:80 --listen=127.0.0.1:99999 \
	    --listen=127.0.0.1:x '--node=' '--node=a b' --node=a/b --redis=http://x \
	    --redis=redis://127.0.0.1/x --history=0 --max-message=0 --max-backlog=1 \
	    --chaos=drop --chaos=drop=1/0 --chaos=stall=1s --no-such-option operand; do
		run timeout 5 "$HAIL" serve "$bad"
		assert_status 2
		assert_output_has 'hail: '
		[ "${#lines[@]}" = 1 ] || fail "more than a line for $bad"
	done
}

@test "a port that is taken: exit 5, and why" {
	start_node
	run timeout 5 "$HAIL" serve --listen "127.0.0.1:${NODE_PORTS[0]}"
	assert_status 5
	[ "$output" = "hail: cannot listen on 127.0.0.1:${NODE_PORTS[0]}: Address already in use" ]
}

@test "an address that is not ours: exit 5" {
	run timeout 5 "$HAIL" serve --listen 192.0.2.1:9001
	assert_status 5
	assert_output_has 'Cannot assign requested address'
}

# --- HTTP ---------------------------------------------------------------------------------------

@test "routes and statuses" {
	start_node
	[ "$(status_of "$(http_url 0 /healthz)")" = 200 ]
	[ "$(status_of "$(http_url 0 /metrics)")" = 200 ]
	[ "$(status_of -I "$(http_url 0 /healthz)")" = 200 ]
	[ "$(status_of -d hello "$(http_url 0 /pub/room)")" = 202 ]
	[ "$(status_of -d '' "$(http_url 0 /pub/room)")" = 202 ]
	[ "$(status_of "$(http_url 0 /)")" = 404 ]
	[ "$(status_of "$(http_url 0 /nothing)")" = 404 ]
	[ "$(status_of "$(http_url 0 /healthz/x)")" = 404 ]
	[ "$(status_of -d x "$(http_url 0 /nothing)")" = 404 ]
	[ "$(status_of -d x "$(http_url 0 /healthz)")" = 405 ]
	[ "$(status_of -X DELETE "$(http_url 0 /metrics)")" = 405 ]
	[ "$(status_of "$(http_url 0 /pub/room)")" = 405 ]
	[ "$(status_of -d x "$(http_url 0 /ws/room)")" = 405 ]
	[ "$(status_of "$(http_url 0 /ws/room)")" = 426 ]
	[ "$(status_of "$(http_url 0 /echo)")" = 426 ]
}

@test "several requests on one connection" {
	start_node
	run curl -s -m 5 -w '%{http_code} %{num_connects}\n' -o /dev/null -d a \
	    "$(http_url 0 /pub/a)" -o /dev/null "$(http_url 0 /pub/b)"
	assert_status 0
	[ "$output" = $'202 1\n202 0' ] || fail 'not one connection'
}

@test "every answer says who served it and sets the sticky cookie" {
	start_node --node n7
	local path
	for path in /healthz /metrics /nothing /ws/room /echo /pub/room; do
		run curl -s -m 5 -D - -o /dev/null "$(http_url 0 $path)"
		assert_output_has 'X-Served-By: n7'
		assert_output_has 'Set-Cookie: hail_node=n7; Path=/'
	done
	talk "open a $(ws_url 0 /ws/room)" 'header a x-served-by' 'header a set-cookie'
	said 'a x-served-by: n7' 'a set-cookie: hail_node=n7; Path=/'
}

@test "405 names the method, 426 the protocol" {
	start_node
	run curl -s -m 5 -D - -o /dev/null "$(http_url 0 /pub/room)"
	assert_output_has 'Allow: POST'
	run curl -s -m 5 -D - -o /dev/null "$(http_url 0 /echo)"
	assert_output_has 'Upgrade: websocket'
}

@test "healthz and metrics without Redis" {
	start_node
	curl -s "$(http_url 0 /healthz)" >"$WORK/healthz"
	assert_json "$WORK/healthz" '.status == "ok" and .redis == "none" and .node == "n1"'
	assert_json "$WORK/healthz" '.connections == 0 and .uptime_s >= 0'
	curl -s "$(http_url 0 /metrics)" >"$WORK/metrics"
	local name
	for name in hail_connections hail_published_total hail_deliveries_total \
	    hail_slow_closed_total hail_chaos_injected_total hail_process_cpu_seconds_total \
	    hail_resident_bytes; do
		grep -q "^# HELP $name " "$WORK/metrics" || fail "no HELP of $name"
		grep -qE "^# TYPE $name (counter|gauge)$" "$WORK/metrics" || fail "no TYPE of $name"
	done
	assert_file_has "$WORK/metrics" 'hail_connections 0'
	run ! grep -q hail_redis "$WORK/metrics"
}

@test "POST: id, UTF-8, size, Content-Length" {
	start_node --max-message 100
	curl -s -d hello "$(http_url 0 /pub/room)" >"$WORK/answer"
	assert_json "$WORK/answer" '.id | test("^[0-9]+-[0-9]+$")'
	[ "$(status_of --data-binary $'\xff\xfe' "$(http_url 0 /pub/room)")" = 400 ]
	[ "$(status_of -d "$(printf %0100d 0)" "$(http_url 0 /pub/room)")" = 202 ]
	[ "$(status_of -d "$(printf %0101d 0)" "$(http_url 0 /pub/room)")" = 413 ]
	[ "$(status_of -H 'Transfer-Encoding: chunked' -d x "$(http_url 0 /pub/room)")" = 411 ]
	metric_is 0 hail_published_total 2
}

@test "topic names: visible UTF-8, 1 to 200 bytes, percent-decoded, no slash" {
	start_node
	local name
	name=$(printf %0200d 0)
	[ "$(status_of -d x "$(http_url 0 "/pub/$name")")" = 202 ]
	[ "$(status_of -d x "$(http_url 0 "/pub/0$name")")" = 400 ]
	[ "$(status_of -d x "$(http_url 0 /pub/caf%C3%A9)")" = 202 ]
	for name in '' a%20b a%09b a%2Fb a%7Fb %ff%fe a%c2%85b a%0db; do
		[ "$(status_of -d x "$(http_url 0 "/pub/$name")")" = 400 ] ||
			fail "'$name' was taken"
	done
	talk "open a $(ws_url 0 /ws/)" "open b $(ws_url 0 /ws/a%2Fb)" \
	    "open c $(ws_url 0 '/ws/a?since=x')" "open d $(ws_url 0 '/ws/a?since=1-2-3')" \
	    "open e $(ws_url 0 '/ws/a?since=99999999999999999999-0')" \
	    "open f $(ws_url 0 /nothing)" "open g $(ws_url 0 /healthz)"
	said 'a refused 400' 'b refused 400' 'c refused 400' 'd refused 400' 'e refused 400' \
	    'f refused 404' 'g refused 400'
}

# --- WebSocket ----------------------------------------------------------------------------------

@test "a message goes to every member, the sender too, as JSON or raw" {
	start_node
	talk "open a $(ws_url 0 /ws/room)" "open b $(ws_url 0 '/ws/room?raw=1')" \
	    "open c $(ws_url 0 /ws/other)" 'send a hello "there"' 'field a data' 'next b' \
	    'send b again' 'field a topic' 'next b' 'send b again' 'field a node' \
	    'send c elsewhere' 'field c data'
	said 'a hello "there"' 'b text hello "there"' 'a room' 'b text again' 'a n1' 'c elsewhere'
}

@test "what a topic's name and data need quoted is quoted" {
	start_node
	talk "open a $(ws_url 0 '/ws/%22%5C%C3%A9')" $'send a \x01\t"\\\xc3\xa9' 'next a'
	assert_status 0
	[[ $output =~ ^'a text '(.*)$ ]]
	echo "${BASH_REMATCH[1]}" >"$WORK/json"
	assert_json "$WORK/json" '.topic == "\"\\é" and .data == "\u0001\t\"\\é"'
}

@test "POST reaches the members, with the id that it answered" {
	start_node
	begin talk "open a $(ws_url 0 /ws/room)" 'say ready' line 'field a id'
	wait_until file_has "$WORK/talk.out" ready
	local id
	id=$(curl -s -d hello "$(http_url 0 /pub/room)" | jq -r .id)
	go
	finish talk
	said ready "a $id"
}

@test "a binary message ends a member with 1003, one too long with 1009, bad text with 1007" {
	start_node --max-message 1000
	talk "open a $(ws_url 0 /ws/room)" 'hex a 00ff' 'closed a' \
	    "open b $(ws_url 0 /ws/room)" 'big b 1 1001' 'closed b' \
	    "open c $(ws_url 0 /echo)" 'zeros c 1001' 'closed c'
	said 'a closed 1003' 'b closed 1009' 'c closed 1009'
	run raw 0 "$upgrade"'\x81\x82\0\0\0\0\xff\xfe'
	[[ $(od -An -tx1 <<<"$output" | tr -d ' \n') == *03ef* ]] || fail 'not 1007'
}

@test "echo: text, binary, fragments, nothing, and a large one" {
	start_node
	talk "open a $(ws_url 0 /echo)" 'send a hello' 'next a' 'hex a 00ff7f' 'next a' \
	    'pieces a one two three' 'next a' 'send a ' 'next a' 'zeros a 1048576' 'length a' \
	    'close a 1000' 'closed a'
	said 'a text hello' 'a binary 00ff7f' 'a text onetwothree' 'a text ' 'a 1048576' \
	    'a closed 1000'
}

@test "echo: a client that does not read is not read from, and nothing is lost" {
	start_node
	talk "open a $(ws_url 0 /echo)" 'pause a' 'big a 400 100000' 'resume a' 'skip a 400' \
	    'say all of it'
	said 'all of it'
	[ "$(metric 0 hail_resident_bytes)" -lt 100000000 ]
}

@test "a subprotocol, an extension and a query that nobody knows do no harm" {
	start_node
	run curl -s -m 1 -D - -o /dev/null -H 'Connection: Upgrade' -H 'Upgrade: websocket' \
	    -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' \
	    -H 'Sec-WebSocket-Extensions: x-unknown' "$(http_url 0 '/ws/room?x=1&y')"
	assert_output_has 'HTTP/1.1 101'
	assert_output_has 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='
	assert_output_lacks x-unknown
}

@test "since: history first, then live, nothing twice" {
	start_node
	talk "open a $(ws_url 0 /ws/room)" 'send a one' 'id a first' \
	    'repeat a 300 old' 'skip a 300' \
	    "open b $(ws_url 0 '/ws/room?raw=1&since=')"'${first}' 'repeat a 20 new' \
	    'next b' 'skip b 298' 'next b' 'next b' 'skip b 18' 'next b' 'send a end' 'next b'
	said 'b text old0' 'b text old299' 'b text new0' 'b text new19' 'b text end'
	talk "open c $(ws_url 0 '/ws/room?raw=1&since=0')" 'next c' 'skip c 320' 'next c' \
	    "open d $(ws_url 0 '/ws/room?raw=1&since=99999999999999-0')" 'send d live' 'next d' \
	    'next c'
	said 'c text one' 'c text end' 'd text live' 'c text live'
}

@test "since while others publish at full speed: no gap, no duplicate, in order" {
	start_node
	start_redis
	start_node --node n2 --redis "$REDIS_URL"
	local node
	wait_until redis_is 1 up
	for node in 0 1; do
		talk "open a $(ws_url $node '/ws/busy?raw=1')" 'repeat a 3000 x' 'skip a 100' \
		    "open b $(ws_url $node '/ws/busy?raw=1&since=0')" 'repeat a 3000 y' \
		    'next b' 'skip b 2998' 'next b' 'next b' 'skip b 2998' 'next b'
		said 'b text x0' 'b text x2999' 'b text y0' 'b text y2999'
	done
}

@test "--history bounds what is kept" {
	start_node --history 10
	talk "open a $(ws_url 0 '/ws/room?raw=1')" 'repeat a 100 m' 'skip a 100' \
	    "open b $(ws_url 0 '/ws/room?raw=1&since=0')" 'next b' 'skip b 8' 'next b'
	said 'b text m90' 'b text m99'
}

@test "a receiver that does not keep up is closed with 1013, the others are not" {
	start_node --max-backlog 1MiB
	local _ steps=()
	for _ in {1..40}; do
		steps+=('big a 10 65536' 'skip a 10')
	done
	talk "open slow $(ws_url 0 '/ws/room?raw=1')" "open a $(ws_url 0 '/ws/room?raw=1')" \
	    'pause slow' "${steps[@]}" 'resume slow' 'closed slow' 'send a still here' 'next a'
	said 'slow closed 1013' 'a text still here'
	metric_is 0 hail_slow_closed_total 1
	[ "$(metric 0 hail_resident_bytes)" -lt 150000000 ]
}

@test "metrics count connections, publications and deliveries" {
	start_node
	begin talk "open a $(ws_url 0 /ws/room)" "open b $(ws_url 0 /ws/room)" \
	    "open c $(ws_url 0 /echo)" 'repeat a 10 m' 'skip a 10' 'skip b 10' 'say ready' line
	wait_until file_has "$WORK/talk.out" ready
	metric_is 0 hail_connections 3
	metric_is 0 hail_published_total 10
	metric_is 0 hail_deliveries_total 20
	go
	finish talk
	wait_until metric_is 0 hail_connections 0
}

# --- the end ------------------------------------------------------------------------------------

@test "SIGTERM and SIGINT close everyone with 1001 and exit with 0" {
	local signal
	for signal in TERM INT; do
		NODE_PIDS=() NODE_URLS=() NODE_PORTS=()
		start_node
		begin talk "open a $(ws_url 0 /ws/room)" "open b $(ws_url 0 /echo)" 'say ready' \
		    'closed a' 'closed b'
		wait_until file_has "$WORK/talk.out" ready
		kill -s $signal "${NODE_PIDS[0]}"
		finish talk
		said ready 'a closed 1001' 'b closed 1001'
		wait_until is_gone "${NODE_PIDS[0]}"
		wait "${NODE_PIDS[0]}"
		# what the first round said must not pass for the second's
		rm "$WORK"/talk.* "$WORK"/node-0.*
	done
}

@test "the end is not put off by a client that does not answer" {
	start_node
	begin talk "open a $(ws_url 0 '/ws/room?raw=1')" "open b $(ws_url 0 '/ws/room?raw=1')" \
	    'pause a' 'big b 12 65536' 'skip b 12' 'say ready' line
	wait_until file_has "$WORK/talk.out" ready
	kill "${NODE_PIDS[0]}"
	wait_until 4 is_gone "${NODE_PIDS[0]}"
	wait "${NODE_PIDS[0]}"
}

# --- several nodes ------------------------------------------------------------------------------

@test "members of three nodes get the same messages with the same ids" {
	start_redis
	start_node --node n1 --redis "$REDIS_URL"
	start_node --node n2 --redis "$REDIS_URL"
	start_node --node n3 --redis "$REDIS_URL"
	wait_until all_redis_are up
	talk "open a $(ws_url 0 /ws/room)" "open b $(ws_url 1 /ws/room)" \
	    "open c $(ws_url 2 /ws/room)" 'send b hello' 'next a' 'next b' 'next c'
	assert_status 0
	[ "${#lines[@]}" = 3 ]
	[ "${lines[0]#a }" = "${lines[1]#b }" ] || fail 'n1 and n2 differ'
	[ "${lines[0]#a }" = "${lines[2]#c }" ] || fail 'n1 and n3 differ'
	assert_output_has '"node":"n2"'
	curl -s "$(http_url 0 /healthz)" >"$WORK/healthz"
	assert_json "$WORK/healthz" '.status == "ok" and .redis == "up"'
	metric_is 0 hail_redis_up 1
}

@test "history is shared: a node that starts later replays it" {
	start_redis
	start_node --redis "$REDIS_URL"
	wait_until redis_is 0 up
	talk "open a $(ws_url 0 '/ws/room?raw=1')" 'repeat a 700 m' 'skip a 700'
	start_node --node n2 --redis "$REDIS_URL"
	wait_until redis_is 1 up
	talk "open b $(ws_url 1 '/ws/room?raw=1&since=0')" 'next b' 'skip b 698' 'next b' \
	    "open a $(ws_url 0 '/ws/room?raw=1')" 'send a live' 'next b'
	said 'b text m0' 'b text m699' 'b text live'
}

@test "a node restarts: its members resume elsewhere and miss nothing" {
	start_redis
	start_node --node n1 --redis "$REDIS_URL"
	start_node --node n2 --redis "$REDIS_URL"
	wait_until all_redis_are up
	begin talk "open a $(ws_url 0 /ws/room)" "open b $(ws_url 1 /ws/room)" 'send b one' \
	    'id a last' 'skip b 1' 'say ready' 'closed a' 'repeat b 50 away' 'skip b 50' \
	    "open a2 $(ws_url 1 '/ws/room?raw=1&since=')"'${last}' 'next a2' 'skip a2 48' 'next a2'
	wait_until file_has "$WORK/talk.out" ready
	kill -KILL "${NODE_PIDS[0]}"
	finish talk
	said ready 'a closed 1006' 'a2 text away0' 'a2 text away49'
}

@test "a password and a database in the URL" {
	start_redis --requirepass secret
	start_node --redis "redis://:secret@127.0.0.1:$REDIS_PORT/3"
	wait_until redis_is 0 up
	[ "$(status_of -d hello "$(http_url 0 /pub/room)")" = 202 ]
	[ "$(redis-cli -p "$REDIS_PORT" -a secret --no-auth-warning -n 3 \
	    xlen hail:topic:room)" = 1 ]
	start_node --redis "$REDIS_URL"
	wait_until file_has "$WORK/node-1.err" NOAUTH
	redis_is 1 down
}

# stream_over_a_kill stream|hold OPTION...: two nodes stream; Redis, with those options, is killed
# and comes back; nothing may be lost, doubled or reordered. With "hold" all is delivered before the
# kill, and more is published before Redis is back: what it took and forgot would be lost.
stream_over_a_kill() {
	local how=$1
	shift
	start_redis "$@"
	start_node --node n1 --redis "$REDIS_URL"
	start_node --node n2 --redis "$REDIS_URL"
	wait_until all_redis_are up
	begin stream "$(ws_url 0 '/ws/room?raw=1')" "$(ws_url 1 '/ws/room?raw=1')"
	stream_pid=$STARTED_PID
	wait_until file_has "$WORK/stream.out" streaming
	if [ "$how" = hold ]; then
		echo hold >&9
		wait_until file_has "$WORK/stream.out" held
	fi
	kill_redis
	wait_until all_redis_are down
	if [ "$how" = hold ]; then
		echo on >&9
	fi
	[ "$(curl -s "$(http_url 0 /healthz)" | jq -r .status)" = degraded ]
	[ "$(status_of "$(http_url 0 /healthz)")" = 200 ]
	metric_is 1 hail_redis_up 0
	redis_restart "$@"
	wait_until all_redis_are up
	go
	STARTED_PID=$stream_pid
	finish stream
	assert_status 0
	tail -n 1 "$WORK/stream.out" >"$WORK/sum"
	assert_json "$WORK/sum" '.sent > 100 and .received == 4 * .sent'
	assert_json "$WORK/sum" '.lost == 0 and .duplicate == 0 and .reordered == 0'
	assert_json "$WORK/sum" '.closed == 0'
	metric_is 0 hail_redis_reconnects_total 1
	assert_file_has "$WORK/node-0.err" 'n1: Redis is lost'
	assert_file_has "$WORK/node-0.err" 'n1: Redis is back'
}

@test "Redis is killed in mid-stream and comes back with its data" {
	stream_over_a_kill stream --appendonly yes --appendfsync always
}

@test "Redis is killed in mid-stream and comes back empty" {
	stream_over_a_kill hold --appendonly no
}

@test "connections to Redis are cut again and again in mid-stream" {
	start_redis
	start_node --node n1 --redis "$REDIS_URL"
	start_node --node n2 --redis "$REDIS_URL"
	wait_until all_redis_are up
	begin stream "$(ws_url 0 '/ws/room?raw=1')" "$(ws_url 1 '/ws/room?raw=1')"
	wait_until file_has "$WORK/stream.out" streaming
	local kind
	for _ in 1 2 3; do
		for kind in normal pubsub; do
			redis-cli -p "$REDIS_PORT" client kill type $kind >"$WORK/killed"
			wait_until all_redis_are up
		done
		redis-cli -p "$REDIS_PORT" script flush >"$WORK/flushed"
	done
	go
	finish stream
	assert_status 0
	tail -n 1 "$WORK/stream.out" >"$WORK/sum"
	assert_json "$WORK/sum" '.lost == 0 and .duplicate == 0 and .reordered == 0'
	assert_json "$WORK/sum" '.closed == 0'
}

@test "ids that go back (a failover) do not silence a topic" {
	start_redis
	start_node --redis "$REDIS_URL"
	wait_until redis_is 0 up
	# a message numbered far ahead, as by a clock that was wrong
	local origin=n9/0/1/1
	begin talk "open a $(ws_url 0 '/ws/room?raw=1')" 'say ready' 'next a' 'say ahead' line \
	    'send a after' 'next a'
	wait_until file_has "$WORK/talk.out" ready
	redis-cli -p "$REDIS_PORT" publish hail:live:room "99999999999999-0 $origin future"
	wait_until file_has "$WORK/talk.out" ahead
	go
	finish talk
	said ready 'a text future' ahead 'a text after'
	assert_file_has "$WORK/node-0.err" 'went back'
}

@test "what others put on our channels and streams does no harm" {
	start_redis
	start_node --redis "$REDIS_URL"
	wait_until redis_is 0 up
	begin talk "open a $(ws_url 0 '/ws/room?raw=1&since=0')" 'say ready' line 'next a' \
	    "open b $(ws_url 0 '/ws/room?raw=1&since=0')" 'next b' \
	    "open c $(ws_url 0 '/ws/text?raw=1&since=0')" 'send a end' 'next a' 'next b'
	wait_until file_has "$WORK/talk.out" ready
	local junk
	for junk in '' x '1-0' '1-0 n1' '1-0 n1 x' '1-0 n1/2/3 x' 'z n1/2/3/4 x' '1-0 /2/3/4 x' \
	    '99999999999999999999-0 n1/2/3/4 x' $'1-0 n1/2/3/4 \xff'; do
		redis-cli -p "$REDIS_PORT" publish hail:live:room "$junk"
		redis-cli -p "$REDIS_PORT" xadd hail:topic:room '*' o "$junk" d x
		redis-cli -p "$REDIS_PORT" publish hail:live: "$junk"
	done >"$WORK/junk"
	redis-cli -p "$REDIS_PORT" set hail:topic:text notastream >>"$WORK/junk"
	[ "$(status_of -d good "$(http_url 0 /pub/room)")" = 202 ]
	go
	finish talk
	said ready 'a text good' 'b text good' 'a text end' 'b text end'
}

@test "publications wait for Redis, up to a bound; then they are refused" {
	start_node --redis redis://127.0.0.1:1
	wait_until redis_is 0 down
	assert_file_has "$WORK/node-0.err" 'Redis is not there: Connection refused'
	talk "open a $(ws_url 0 /ws/room)" 'repeat a 10000 m' 'send a one too many' 'closed a'
	said 'a closed 1013'
	[ "$(status_of -d x "$(http_url 0 /pub/room)")" = 503 ]
	metric_is 0 hail_published_total 10000
}

@test "a node that starts before Redis sends what waited" {
	start_redis
	local port=$REDIS_PORT
	kill_redis
	start_node --redis "$REDIS_URL"
	wait_until redis_is 0 down
	begin talk "open a $(ws_url 0 '/ws/room?raw=1')" 'repeat a 500 m' 'say waiting' 'next a' \
	    'skip a 498' 'next a'
	local talk_pid=$STARTED_PID
	wait_until file_has "$WORK/talk.out" waiting
	wait_until metric_is 0 hail_published_total 500
	redis_restart
	STARTED_PID=$talk_pid
	finish talk
	said waiting 'a text m0' 'a text m499'
	[ "$(redis-cli -p "$port" xlen hail:topic:room)" = 500 ]
}

@test "-q keeps stderr empty" {
	start_node -q --redis redis://127.0.0.1:1
	wait_until redis_is 0 down
	[ ! -s "$WORK/node-0.err" ]
}

# --- chaos --------------------------------------------------------------------------------------

# chaos SPEC RECEIVERS MESSAGES: from n1 to receivers on n2, whose chaos it is; into $WORK/sum.
chaos() {
	start_redis
	start_node --node n1 --redis "$REDIS_URL"
	start_node --node n2 --redis "$REDIS_URL" --chaos "$1"
	wait_until all_redis_are up
	node "$ROOT/tests/foreign/count.js" "$(ws_url 0 '/ws/room?raw=1')" \
	    "$(ws_url 1 '/ws/room?raw=1')" "$2" "$3" "$(http_url 1 /metrics)" >"$WORK/sum"
	[ -z "$(metric 0 'hail_chaos_injected_total.*')" ] || fail 'n1 has no chaos'
}

injected_is() {
	metric_is 1 "hail_chaos_injected_total{kind=\"$1\",from=\"n1\"}" "$2"
}

@test "chaos drop: each 100th delivery" {
	chaos drop=1/100 5 1000
	injected_is drop 50
	assert_json "$WORK/sum" '.lost == 50 and .duplicate == 0 and .reordered == 0'
}

@test "chaos dup: each 50th delivery" {
	chaos dup=1/50 5 1000
	injected_is dup 100
	assert_json "$WORK/sum" '.lost == 0 and .duplicate == 100 and .reordered == 0'
}

@test "chaos swap: as many are reordered as are counted" {
	chaos swap=1/7 3 1000
	local swapped
	swapped=$(metric 1 'hail_chaos_injected_total{kind="swap",from="n1"}')
	[ "$swapped" -gt 400 ]
	assert_json "$WORK/sum" ".lost == 0 and .duplicate == 0 and .reordered == $swapped"
}

@test "chaos swap: what has no successor comes after a second and is not counted" {
	start_node --chaos swap=1/1
	talk "open a $(ws_url 0 '/ws/room?raw=1')" 'send a alone' 'lag a'
	assert_status 0
	[ "${output#a }" -ge 990 ] || fail 'too early'
	[ -z "$(metric 0 'hail_chaos_injected_total.*')" ] || fail 'it was counted'
}

@test "chaos swap: only with the same publisher connection" {
	start_node --chaos swap=1/3
	# deliveries to r: 1 a1, 2 b1, 3 a2 (held), 4 b2, 5 a3 (releases a2), 6 b3 (held), 7 b4
	talk "open r $(ws_url 0 '/ws/room?raw=1')" \
	    "open a $(ws_url 0 '/ws/other')" 'close a 1000' 'closed a' \
	    'send r a1' 'next r' 'send r b1' 'next r' 'send r a2' 'send r a3' 'next r' 'next r'
	said 'a closed 1000' 'r text a1' 'r text b1' 'r text a3' 'r text a2'
}

@test "chaos close: each 100th delivery closes its receiver with 1011" {
	chaos close=1/100 5 100
	local closed
	closed=$(metric 1 'hail_chaos_injected_total{kind="close",from="n1"}')
	[ "$closed" -ge 1 ]
	assert_json "$WORK/sum" ".closed == $closed and .duplicate == 0 and .reordered == 0"
}

@test "chaos together: the figures still add up" {
	chaos drop=1/20,dup=1/30,swap=1/7 4 1000
	local dropped doubled swapped
	dropped=$(metric 1 'hail_chaos_injected_total{kind="drop",from="n1"}')
	doubled=$(metric 1 'hail_chaos_injected_total{kind="dup",from="n1"}')
	swapped=$(metric 1 'hail_chaos_injected_total{kind="swap",from="n1"}')
	[ "$dropped" = 200 ] && [ "$doubled" = 67 ] && [ "$swapped" -gt 300 ]
	assert_json "$WORK/sum" \
	    ".lost == $dropped and .duplicate == $doubled and .reordered == $swapped"
}

@test "chaos delay holds every delivery" {
	start_node --chaos delay=300ms
	talk "open a $(ws_url 0 '/ws/room?raw=1')" 'send a one' 'lag a' 'send a two' 'lag a'
	assert_status 0
	local line
	for line in "${lines[@]}"; do
		[ "${line#a }" -ge 295 ] && [ "${line#a }" -lt 1000 ] || fail "$line ms"
	done
}

slow_answer() {
	local took
	took=$(curl -s -o /dev/null -m 5 -w '%{time_total}' "$(http_url 0 /healthz)")
	[[ $took =~ ^(0\.[5-9]|[1-9]) ]]
}

@test "chaos stall: the node stands still once, counted from the first connection" {
	start_node --chaos stall=1s@1s
	begin talk "open a $(ws_url 0 '/ws/room?raw=1')" 'say ready' line 'send a after' 'next a'
	wait_until file_has "$WORK/talk.out" ready
	wait_until slow_answer
	go
	finish talk
	said ready 'a text after'
}

# --- hostile clients ----------------------------------------------------------------------------

@test "garbage, half a request, huge headers: the node lives on" {
	start_node
	run raw 0 'complete garbage\r\n\r\n'
	run raw 0 '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'
	run raw 0 'GET / HTTP/9.9\r\n\r\n'
	run raw 0 'GET  HTTP/1.1\r\n\r\n'
	run raw 0 "GET /%%00%%zz%%2 HTTP/1.1\r\nHost: x\r\n\r\n"
	run raw 0 "GET / HTTP/1.1\r\nX: $(head -c 100000 /dev/zero | tr '\0' x)\r\n\r\n"
	run raw 0 "GET /$(head -c 100000 /dev/zero | tr '\0' x) HTTP/1.1\r\nHost: x\r\n\r\n"
	run raw 0 'POST /pub/a HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\nhello'
	run raw 0 'POST /pub/a HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n'
	run raw 0 'POST /pub/a HTTP/1.1\r\nHost: x\r\nContent-Length: 5x\r\n\r\nhello'
	is_running "${NODE_PIDS[0]}"
	[ "$(status_of "$(http_url 0 /healthz)")" = 200 ]
	metric_is 0 hail_published_total 0
}

@test "half a request is given up after a while" {
	start_node
	run raw 0 'GET / HT'
	assert_status 0
}

@test "broken frames end their connection and no other" {
	start_node
	local frame
	# reserved bits; unknown opcode; a long ping; a fragmented ping; a length beyond 2^63
	for frame in '\xf1\x80\0\0\0\0' '\x83\x80\0\0\0\0' \
	    '\x89\xfe\0\x80\0\0\0\0' '\x09\x80\0\0\0\0' \
	    '\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0'; do
		run raw 0 "$upgrade$frame"
		assert_status 0
	done
	# libwebsockets takes a frame without a mask; it must do no harm. The second is a close.
	run raw 0 "$upgrade"'\x81\x05hello\x88\x80\0\0\0\0'
	assert_status 0
	is_running "${NODE_PIDS[0]}"
	talk "open a $(ws_url 0 /echo)" 'send a fine' 'next a'
	said 'a text fine'
}

@test "clients that vanish in every state leave nothing behind" {
	start_node
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0"; printf "$1" >&3' \
		    "${NODE_PORTS[0]}" "$upgrade"'\x81\xfe\x10\0\0\0\0\0half'
		bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0"; printf "$1" >&3' "${NODE_PORTS[0]}" \
		    'POST /pub/a HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nhalf'
		bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0"' "${NODE_PORTS[0]}"
	done
	wait_until metric_is 0 hail_connections 0
	metric_is 0 hail_published_total 0
}
