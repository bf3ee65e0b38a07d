# serve_http.bats: the reference node's event streams and polls. The clients are curl, Python's
# http.client and bare sockets.

load helper
load node

# publish NODE DATA [TOPIC]: prints the id.
publish() {
	curl -sS -m 5 --data-binary "$2" "$(http_url "$1" "/pub/${3:-room}")" | jq -r .id
}

# flood NODE COUNT [SIZE]: m0 to mCOUNT-1, all from one WebSocket, so that they have an order.
flood() {
	run node "$ROOT/tests/foreign/talk.js" "open a ws://127.0.0.1:${NODE_PORTS[$1]}/ws/room" \
	    "repeat a $2 m" "skip a $2"
	assert_status 0
}

open_is() {
	metric_is 0 "hail_route_connections{route=\"$1\"}" "$2"
}

# start_two [CHAOS]: nodes on one Redis; the second has the chaos.
start_two() {
	start_redis
	start_node --node n1 --redis "$REDIS_URL"
	start_node --node n2 --redis "$REDIS_URL" ${1:+--chaos "$1"}
	wait_until all_redis_are up
}

# stream NAME NODE [CURL-ARG...]: curl on /sse/room in the background; returns once it is a member.
# Its output is $WORK/NAME.out, its status comes by ended.
stream() {
	local name=$1 node=$2
	shift 2
	start_command "$name" curl -sSN -m 60 "$@" -D "$WORK/$name.head" \
	    "$(http_url "$node" "${SSE_PATH:-/sse/room}")"
	wait_until file_has "$WORK/$name.head" 'text/event-stream'
}

# ended PID: waits for it, and gives its status.
ended() {
	local status=0
	wait_until 15 is_gone "$1"
	wait "$1" || status=$?
	[ "$status" = "$2" ] || fail "process $1 ended with $status, want $2"
}

# data_of FILE: the data lines of the events, without the field name.
data_of() {
	sed -n 's/^data: //p' "$1"
}

# count_is FILE PATTERN COUNT: so many lines match.
count_is() {
	[ "$(grep -c "$2" "$1")" = "$3" ]
}

# account COUNT: of the lines m0 to mCOUNT-1 on stdin, as the ledger counts; JSON in $WORK/sum.
account() {
	awk -v count="$1" '
		/^m[0-9]+$/ {
			n = substr($0, 2) + 0
			if (n in seen) { duplicate++; next }
			seen[n] = 1
			got++
			if (n < high) reordered++
			if (n > high) high = n
		}
		END { printf "{\"lost\":%d,\"duplicate\":%d,\"reordered\":%d}\n", count - got,
		    duplicate, reordered }' >"$WORK/sum"
}

injected() {
	metric 1 "hail_chaos_injected_total{kind=\"$1\",from=\"n1\"}" | grep . || echo 0
}

# poller NAME ARG...: the program below in the background; its output in $WORK/NAME.out.
poller() {
	local name=$1
	shift
	cat >"$WORK/poller.py" <<-'EOF'
		# poller.py LAST WAIT URL...: polls the URLs in turn from entity tag to entity tag,
		# each on a connection kept alive, and prints the data of every message. Ends
		# after the message LAST, or after an empty answer when LAST is empty.
		import http.client, json, sys, time
		from urllib.parse import urlsplit

		last, wait, urls = sys.argv[1], sys.argv[2], [urlsplit(u) for u in sys.argv[3:]]
		links = [http.client.HTTPConnection(u.netloc, timeout=30) for u in urls]
		tag, turn, cut, asked, opened = None, 0, 0, 0, 0
		print("polling", flush=True)
		while True:
		    i = turn % len(urls)
		    turn += 1
		    opened += links[i].sock is None
		    asked += 1
		    try:
		        path = urls[i].path + "?" + (urls[i].query or "x") + "&wait=" + wait
		        links[i].request("GET", path, headers={"If-None-Match": tag} if tag else {})
		        answer = links[i].getresponse()
		        body = answer.read()
		    except (http.client.RemoteDisconnected, ConnectionError):
		        links[i].close()
		        cut += 1
		        continue
		    if answer.status == 503:
		        time.sleep(0.05)
		        continue
		    tag = answer.headers["ETag"]
		    items = json.loads(body) if answer.status == 200 else []
		    for item in items:
		        print(item["data"], flush=True)
		    if items and items[-1]["data"] == last or not items and last == "":
		        break
		print(json.dumps({"asked": asked, "opened": opened, "cut": cut}))
	EOF
	start_command "$name" python3 "$WORK/poller.py" "$@"
	wait_until file_has "$WORK/$name.out" polling
}

# --- heads and refusals -------------------------------------------------------------------------

@test "statuses: what is refused, and how" {
	start_node
	local path
	for path in '/sse/' '/poll/' /sse/a%2Fb /poll/a%09b '/sse/a?since=x' '/poll/a?since=x' \
	    '/poll/a?since=1-2-3' '/poll/a?wait=x' '/poll/a?wait=' '/poll/a?wait=-1s' \
	    "/poll/a?since=$(printf %0200d 0)" "/poll/a?token=$(printf %0500d 0)&since=x"; do
		[ "$(status_of "$(http_url 0 "$path")")" = 400 ] || fail "$path was taken"
	done
	[ "$(status_of -H 'Last-Event-ID: x' "$(http_url 0 /sse/a)")" = 400 ]
	[ "$(status_of -H 'If-None-Match: 1-0' "$(http_url 0 /poll/a)")" = 400 ]
	[ "$(status_of -H 'If-None-Match: *' "$(http_url 0 /poll/a)")" = 400 ]
	[ "$(status_of -H 'If-None-Match: "x"' "$(http_url 0 /poll/a)")" = 400 ]
	for path in /sse/a /poll/a; do
		[ "$(status_of -I "$(http_url 0 $path)")" = 405 ]
		[ "$(status_of -d x "$(http_url 0 $path)")" = 405 ]
		run curl -s -m 5 -D - -d x "$(http_url 0 $path)"
		assert_output_has 'Allow: GET'
	done
	[ "$(status_of "$(http_url 0 /sse)")" = 404 ]
	# an empty cursor is none; a preference that is not understood is ignored
	[ "$(status_of "$(http_url 0 '/poll/a?since=')")" = 204 ]
	[ "$(status_of -H 'Prefer: wait=soon' "$(http_url 0 /poll/a)")" = 204 ]
	run timeout 5 "$HAIL" serve --heartbeat 1ms
	assert_status 2
	wait_until metric_is 0 hail_connections 0
}

@test "the head of a stream: fields, cookie, chunks to HTTP/1.1 and none to HTTP/1.0" {
	start_node --node n7
	stream new 0
	local field
	for field in 'HTTP/1.1 200' 'Content-Type: text/event-stream' 'Cache-Control: no-store' \
	    'X-Accel-Buffering: no' 'X-Served-By: n7' 'Set-Cookie: hail_node=n7; Path=/' \
	    'Transfer-Encoding: chunked'; do
		assert_file_has "$WORK/new.head" "$field"
	done
	stream old 0 -0
	assert_file_has "$WORK/old.head" 'HTTP/1.0 200'
	run ! grep -qi transfer-encoding "$WORK/old.head"
	publish 0 hello
	wait_until file_has "$WORK/old.out" 'data: hello'
	wait_until file_has "$WORK/new.out" 'data: hello'
	cmp "$WORK/old.out" "$WORK/new.out"
}

@test "the head of an answer to a poll" {
	start_node --node n7
	publish 0 hello
	run curl -s -m 5 -D - "$(http_url 0 '/poll/room?since=0')"
	local field
	for field in 'HTTP/1.1 200' 'application/json' 'Cache-Control: no-store' \
	    'X-Served-By: n7' 'Set-Cookie: hail_node=n7; Path=/' 'ETag: "'; do
		assert_output_has "$field"
	done
	run curl -s -m 5 -D - "$(http_url 0 /poll/room)"
	for field in 'HTTP/1.1 204' 'Cache-Control: no-store' 'X-Served-By: n7' 'ETag: "'; do
		assert_output_has "$field"
	done
	[[ ${output,,} != *content-length* ]] || fail '204 has a Content-Length'
}

# --- event streams ------------------------------------------------------------------------------

@test "a stream: first the position, then events with their ids, a field for each line" {
	start_node
	local before first second
	before=$(publish 0 earlier)
	stream s 0
	first=$(publish 0 hello)
	second=$(publish 0 $'one\r\ntwo\rthree\n')
	wait_until file_has "$WORK/s.out" three
	wait_until count_is "$WORK/s.out" '^$' 3
	printf '%s\n' "id: $before" '' "id: $first" 'data: hello' '' "id: $second" 'data: one' \
	    'data: two' 'data: three' 'data: ' '' | cmp - "$WORK/s.out"
}

@test "the position of a topic that nobody has published to is before everything" {
	start_node
	stream s 0
	wait_until file_has "$WORK/s.out" 'id: 0-0'
	publish 0 hello
	run curl -sN -m 1 -H 'Last-Event-ID: 0-0' "$(http_url 0 /sse/room)"
	assert_output_has 'data: hello'
}

@test "Last-Event-ID and since replay what came after, then live; the header wins" {
	start_node
	local a b
	a=$(publish 0 a)
	b=$(publish 0 b)
	publish 0 c
	stream header 0 -H "Last-Event-ID: $b"
	SSE_PATH="/sse/room?since=$a" stream query 0
	SSE_PATH="/sse/room?since=0" stream both 0 -H "last-event-id: $b"
	SSE_PATH="/sse/room?since=99999999999999" stream ahead 0
	publish 0 d
	wait_until count_is "$WORK/header.out" ^data: 2
	wait_until count_is "$WORK/query.out" ^data: 3
	wait_until count_is "$WORK/both.out" ^data: 2
	wait_until count_is "$WORK/ahead.out" ^data: 1
	[ "$(data_of "$WORK/header.out" | tr '\n' ' ')" = 'c d ' ]
	[ "$(data_of "$WORK/query.out" | tr '\n' ' ')" = 'b c d ' ]
	[ "$(data_of "$WORK/both.out" | tr '\n' ' ')" = 'c d ' ]
	[ "$(data_of "$WORK/ahead.out")" = d ]
}

@test "a long history is replayed whole while others publish, without a gap" {
	start_node
	flood 0 3000
	SSE_PATH='/sse/room?since=0' stream s 0
	flood 0 3000
	wait_until count_is "$WORK/s.out" ^data: 6000
	sed -n 's/^id: //p' "$WORK/s.out" >"$WORK/ids"
	sort -t- -k1,1n -k2,2n -u -c "$WORK/ids"
	(seq -f m%.0f 0 2999; seq -f m%.0f 0 2999) | cmp - <(data_of "$WORK/s.out")
}

@test "heartbeats in silence only" {
	start_node --heartbeat 200ms
	stream s 0
	wait_until count_is "$WORK/s.out" '^: $' 3
	local i before
	for i in {1..20}; do
		publish 0 "$i" >"$WORK/id"
	done
	before=$(grep -c '^: $' "$WORK/s.out")
	[ "$before" -lt 10 ] || fail 'heartbeats between messages'
	wait_until count_is "$WORK/s.out" '^: $' $((before + 2))
}

@test "Python reads a stream, and a message far larger than a socket takes" {
	start_node
	head -c 700000 /dev/zero | tr '\0' x >"$WORK/large"
	cat >"$WORK/read.py" <<-'EOF'
		import sys, urllib.request
		with urllib.request.urlopen(sys.argv[1], timeout=30) as stream:
		    print("reading", stream.headers["Content-Type"], flush=True)
		    for line in stream:
		        if line.startswith(b"data: "):
		            print(len(line) - 7, flush=True)
	EOF
	start_command reader python3 "$WORK/read.py" "$(http_url 0 /sse/room)"
	local reader=$STARTED_PID
	wait_until file_has "$WORK/reader.out" 'reading text/event-stream'
	publish 0 @"$WORK/large"
	publish 0 end
	wait_until count_is "$WORK/reader.out" '^[0-9]' 2
	kill "${NODE_PIDS[0]}"
	ended "$reader" 0
	printf '%s\n' 'reading text/event-stream' 700000 3 | cmp - "$WORK/reader.out"
}

@test "a reader that rests gets all of it afterwards; one that does not keep up is cut" {
	start_node --max-backlog 1MiB
	head -c 100000 /dev/zero | tr '\0' x >"$WORK/block"
	mkfifo "$WORK/rest" "$WORK/slow"
	local port=${NODE_PORTS[0]} name
	for name in rest slow; do
		start_command $name bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1" &&
		    printf "GET /sse/room HTTP/1.0\r\n\r\n" >&3 && read <"$2"; cat <&3' \
		    bash "$port" "$WORK/$name"
	done
	local slow=$STARTED_PID
	wait_until open_is sse 2
	for _ in {1..9}; do
		publish 0 @"$WORK/block"
	done >"$WORK/ids"
	echo go >"$WORK/rest"
	wait_until count_is "$WORK/rest.out" ^data: 9
	for _ in {1..150}; do
		publish 0 @"$WORK/block"
	done >"$WORK/ids"
	wait_until count_is "$WORK/rest.out" ^data: 159
	metric_is 0 hail_slow_closed_total 1
	echo go >"$WORK/slow"
	wait_until 15 is_gone "$slow"
	wait_until open_is sse 1
	[ "$(grep -c ^data: "$WORK/slow.out")" -lt 159 ]
}

# --- polls --------------------------------------------------------------------------------------

# etag_of: the entity tag of the answer whose head is in $output.
etag_of() {
	sed -n 's/^ETag: \(".*"\)\r$/\1/p' <<<"$output"
}

@test "short polls: an array of envelopes, the cursor as entity tag, 204 without news" {
	start_node
	local a b
	a=$(publish 0 a)
	b=$(publish 0 '"b"')
	curl -s -D "$WORK/head" "$(http_url 0 '/poll/room?since=0')" >"$WORK/all"
	assert_json "$WORK/all" "length == 2 and .[0] == {id: \"$a\", topic: \"room\",
	    node: \"n1\", data: \"a\"} and .[1].id == \"$b\" and .[1].data == \"\\\"b\\\"\""
	grep -q "^ETag: \"$b\"" "$WORK/head"
	curl -s "$(http_url 0 "/poll/room?since=$a")" >"$WORK/one"
	assert_json "$WORK/one" 'length == 1'
	# nothing new: where it stands; without a cursor: where the topic stands
	run curl -s -D - "$(http_url 0 "/poll/room?since=$b")"
	[ "$(etag_of)" = "\"$b\"" ]
	run curl -s -D - "$(http_url 0 /poll/room)"
	[ "$(etag_of)" = "\"$b\"" ]
	run curl -s -D - "$(http_url 0 '/poll/room?since=99999999999999-7')"
	assert_output_has ' 204'
	[ "$(etag_of)" = '"99999999999999-7"' ]
	run curl -s -D - "$(http_url 0 /poll/empty)"
	[ "$(etag_of)" = '"0-0"' ]
	# the entity tag goes before since, weak or not
	[ "$(status_of -H "If-None-Match: \"$b\"" "$(http_url 0 '/poll/room?since=0')")" = 204 ]
	[ "$(status_of -H "If-None-Match: W/\"$a\"" "$(http_url 0 /poll/room)")" = 200 ]
}

@test "long polls are held, and answered as soon as there is something" {
	start_node
	local url id name pids=()
	url=$(http_url 0 '/poll/room?wait=20s')
	for name in query prefer both; do
		case $name in
		query) start_command $name curl -sS -m 30 "$url" ;;
		prefer) start_command $name curl -sS -m 30 -H 'Prefer: respond-async, wait=20' \
			"$(http_url 0 /poll/room)" ;;
		both) start_command $name curl -sS -m 30 -H 'Prefer: wait=0' "$url&since=" ;;
		esac
		pids+=("$STARTED_PID")
	done
	wait_until open_is poll 3
	id=$(publish 0 hello)
	for name in query prefer both; do
		ended "${pids[0]}" 0
		pids=("${pids[@]:1}")
		assert_json "$WORK/$name.out" "length == 1 and .[0].id == \"$id\""
	done
	# what is there already is not waited for
	[ "$(status_of "$url&since=0")" = 200 ]
	wait_until open_is poll 0
}

@test "a wait that is over: 204, on time, and no later than asked" {
	start_node
	local query took
	for query in 'wait=500ms' 'wait=500ms&since=0' 'since=&wait=500ms'; do
		took=$(curl -s -o "$WORK/body" -m 5 -w '%{http_code} %{time_total}' \
		    "$(http_url 0 "/poll/room?$query")")
		[[ $took =~ ^204\ (0\.[5-9]|1\.) ]] || fail "$query: $took"
	done
	took=$(curl -s -o "$WORK/body" -m 5 -w '%{http_code} %{time_total}' \
	    -H 'Prefer: wait=1' "$(http_url 0 /poll/room)")
	[[ $took =~ ^204\ [12]\. ]] || fail "Prefer: $took"
}

@test "polls outlast what libwebsockets lets a request take" {
	start_node
	run curl -s -o "$WORK/body" -m 30 -w '%{http_code} %{num_connects} ' \
	    "$(http_url 0 '/poll/room?wait=13')" -o "$WORK/body" \
	    "$(http_url 0 '/poll/room?wait=10ms')"
	[ "$output" = '204 1 204 0 ' ] || fail 'it was not held, or its connection not kept'
}

@test "polls keep their connection, whatever the answer" {
	start_node
	publish 0 hello
	run curl -s -m 5 -w '%{http_code} %{num_connects}\n' \
	    -o "$WORK/1" "$(http_url 0 '/poll/room?since=0')" \
	    -o "$WORK/2" "$(http_url 0 /poll/room)" \
	    -o "$WORK/3" "$(http_url 0 '/poll/room?wait=200ms')" \
	    -o "$WORK/4" "$(http_url 0 '/poll/room?since=0&wait=5s')" \
	    -o "$WORK/5" "$(http_url 0 /healthz)"
	printf '%s\n' '200 1' '204 0' '204 0' '200 0' '200 0' | cmp - <(echo "$output")
}

@test "an answer is bounded, and the next one goes on from there" {
	start_node
	head -c 30000 /dev/zero | tr '\0' x >"$WORK/block"
	local i
	for i in {1..40}; do
		publish 0 @"$WORK/block"
	done >"$WORK/ids"
	[ "$(curl -s "$(http_url 0 '/poll/room?since=0')" | jq length)" -lt 25 ]
	poller p '' 0 "$(http_url 0 '/poll/room?since=0')"
	ended "$STARTED_PID" 0
	[ "$(grep -c ^xxx "$WORK/p.out")" = 40 ]
}

@test "from poll to poll nothing is lost and nothing comes twice, over two nodes" {
	start_two
	poller both m1999 20s "$(http_url 0 /poll/room)" "$(http_url 1 /poll/room)"
	local both=$STARTED_PID
	wait_until metric_is 0 'hail_route_connections{route="poll"}' 1
	poller short m1999 0 "$(http_url 1 '/poll/room?since=0')"
	local short=$STARTED_PID
	flood 0 2000
	ended "$both" 0
	ended "$short" 0
	seq -f m%.0f 0 1999 | cmp - <(grep ^m "$WORK/both.out")
	seq -f m%.0f 0 1999 | cmp - <(grep ^m "$WORK/short.out")
	tail -n 1 "$WORK/both.out" >"$WORK/sum"
	assert_json "$WORK/sum" '.cut == 0 and .opened <= 2'
	tail -n 1 "$WORK/short.out" >"$WORK/sum"
	assert_json "$WORK/sum" '.cut == 0 and .opened == 1'
}

# --- several nodes, and Redis -------------------------------------------------------------------

@test "streams and polls on two nodes have the same ids" {
	start_two
	local id
	publish 0 earlier
	stream s1 0
	stream s2 1
	start_command p1 curl -sS -m 20 "$(http_url 0 '/poll/room?wait=15s')"
	start_command p2 curl -sS -m 20 "$(http_url 1 '/poll/room?wait=15s')"
	wait_until metric_is 0 'hail_route_connections{route="poll"}' 1
	wait_until metric_is 1 'hail_route_connections{route="poll"}' 1
	# the position is known before the poll is: it asks Redis for the same
	id=$(publish 1 hello)
	wait_until file_has "$WORK/s1.out" 'data: hello'
	wait_until file_has "$WORK/s2.out" 'data: hello'
	cmp "$WORK/s1.out" "$WORK/s2.out"
	assert_file_has "$WORK/s1.out" "id: $id"
	wait_until file_has "$WORK/p1.out" "$id"
	wait_until file_has "$WORK/p2.out" "$id"
	cmp "$WORK/p1.out" "$WORK/p2.out"
	curl -s "$(http_url 1 '/poll/room?since=0')" >"$WORK/all"
	assert_json "$WORK/all" "length == 2 and .[1].id == \"$id\" and .[1].node == \"n2\""
}

@test "a stream resumes on the other node after the first is gone" {
	start_two
	stream s1 0
	local first=$STARTED_PID last
	publish 1 one
	wait_until file_has "$WORK/s1.out" 'data: one'
	last=$(sed -n 's/^id: //p' "$WORK/s1.out" | tail -n 1)
	kill "${NODE_PIDS[0]}"
	ended "$first" 0
	publish 1 two
	stream s2 1 -H "Last-Event-ID: $last"
	publish 1 three
	wait_until file_has "$WORK/s2.out" three
	[ "$(data_of "$WORK/s2.out" | tr '\n' ' ')" = 'two three ' ]
}

@test "Redis goes away and comes back: streams go on, polls say so" {
	start_redis --appendonly yes
	start_node --node n1 --redis "$REDIS_URL"
	start_node --node n2 --redis "$REDIS_URL"
	wait_until all_redis_are up
	publish 0 before
	stream s 1
	start_command p curl -sS -m 20 -D - "$(http_url 1 '/poll/room?wait=15s')"
	local poll=$STARTED_PID
	wait_until metric_is 1 'hail_route_connections{route="poll"}' 1
	kill -KILL "$REDIS_PID"
	ended "$poll" 0
	assert_file_has "$WORK/p.out" ' 204'
	assert_file_has "$WORK/p.out" 'ETag: "'
	wait_until all_redis_are down
	run curl -s -D - "$(http_url 1 '/poll/room?wait=15s')"
	assert_output_has ' 503'
	assert_output_has 'Retry-After: 1'
	[ "$(status_of "$(http_url 1 '/poll/room?since=0')")" = 503 ]
	# a stream can begin nonetheless
	stream late 1
	poller q during 5s "$(http_url 1 '/poll/room?since=0')"
	start_command pub curl -sS -m 20 -d during "$(http_url 0 /pub/room)"
	redis_restart --appendonly yes
	wait_until all_redis_are up
	wait_until file_has "$WORK/s.out" 'data: during'
	wait_until file_has "$WORK/late.out" 'data: during'
	wait_until file_has "$WORK/q.out" '"cut": 0'
	grep -q before "$WORK/q.out"
	[ "$(data_of "$WORK/s.out")" = during ]
}

@test "Redis is not there at first: a stream waits for what comes" {
	start_redis --appendonly yes
	kill_redis
	start_node --redis "$REDIS_URL"
	wait_until redis_is 0 down
	stream s 0
	[ "$(status_of "$(http_url 0 /poll/room)")" = 503 ]
	redis_restart --appendonly yes
	wait_until redis_is 0 up
	publish 0 hello
	wait_until file_has "$WORK/s.out" 'data: hello'
}

# --- the end ------------------------------------------------------------------------------------

@test "the node stops: streams end in order, held polls are answered" {
	start_node
	stream s 0
	local stream=$STARTED_PID poll
	start_command p curl -sS -m 20 -D - "$(http_url 0 '/poll/room?wait=1h')"
	poll=$STARTED_PID
	wait_until open_is poll 1
	kill "${NODE_PIDS[0]}"
	# 18 would be: the last chunk is missing
	ended "$stream" 0
	ended "$poll" 0
	assert_file_has "$WORK/p.out" ' 204'
	ended "${NODE_PIDS[0]}" 0
}

@test "a node that is killed cuts its streams, and that can be told" {
	start_node
	stream s 0
	local stream=$STARTED_PID
	kill -KILL "${NODE_PIDS[0]}"
	ended "$stream" 18
}

# --- chaos --------------------------------------------------------------------------------------

# chaos_stream SPEC COUNT: 1,000 messages from n1 to a stream on n2, COUNT of which arrive;
# accounted for in $WORK/sum.
chaos_stream() {
	start_two "$1"
	stream s 1
	flood 0 1000
	wait_until metric_is 1 'hail_route_deliveries_total{route="sse"}' "$2"
	data_of "$WORK/s.out" | account 1000
}

@test "chaos on a stream: lost, duplicate and reordered as told, to the message" {
	# each 60th is dropped and not doubled
	chaos_stream drop=1/20,dup=1/30 967
	[ "$(injected drop)" = 50 ]
	[ "$(injected dup)" = 17 ]
	assert_json "$WORK/sum" '.lost == 50 and .duplicate == 17 and .reordered == 0'
}

@test "chaos swap on a stream" {
	chaos_stream swap=1/7 1000
	assert_json "$WORK/sum" ".lost == 0 and .duplicate == 0 and .reordered == $(injected swap)"
	assert_json "$WORK/sum" '.reordered > 100'
}

@test "chaos close cuts a stream" {
	start_node --chaos close=1/5
	stream s 0
	local stream=$STARTED_PID i
	for i in 1 2 3 4 5; do
		publish 0 "$i"
	done >"$WORK/ids"
	ended "$stream" 18
	[ "$(data_of "$WORK/s.out" | tr '\n' ' ')" = '1 2 3 4 ' ]
	metric_is 0 'hail_chaos_injected_total{kind="close",from="n1"}' 1
}

# chaos_poll SPEC: the same by long polls.
chaos_poll() {
	start_two "$1"
	poller p '' 2s "$(http_url 1 /poll/room)"
	local poller=$STARTED_PID
	wait_until metric_is 1 'hail_route_connections{route="poll"}' 1
	flood 0 1000
	ended "$poller" 0
	account 1000 <"$WORK/p.out"
}

@test "chaos on polls: lost and duplicate as told, to the message" {
	chaos_poll drop=1/20,dup=1/30
	[ "$(injected drop)" = 50 ]
	[ "$(injected dup)" = 17 ]
	assert_json "$WORK/sum" '.lost == 50 and .duplicate == 17 and .reordered == 0'
}

@test "chaos swap on polls" {
	chaos_poll swap=1/7
	assert_json "$WORK/sum" ".lost == 0 and .duplicate == 0 and .reordered == $(injected swap)"
	[ "$(injected swap)" -gt 0 ]
}

@test "chaos close on a poll: the connection is closed instead of an answer" {
	start_node --chaos close=1/1
	local poll
	publish 0 hello
	run curl -s -m 5 "$(http_url 0 '/poll/room?since=0')"
	assert_status 52
	start_command p curl -s -m 20 "$(http_url 0 '/poll/room?wait=15s')"
	poll=$STARTED_PID
	wait_until open_is poll 1
	publish 0 again
	ended "$poll" 52
}

@test "chaos close on polls: what was to be sent before is, and nothing is lost" {
	chaos_poll close=1/100
	assert_json "$WORK/sum" '.lost == 0 and .duplicate == 0 and .reordered == 0'
	[ "$(injected close)" -ge 10 ]
	tail -n 1 "$WORK/p.out" >"$WORK/sum"
	assert_json "$WORK/sum" ".cut == $(injected close)"
}

@test "chaos counts what a poll replays, and a dropped message is not asked for again" {
	start_node --chaos drop=1/2
	local i
	for i in 1 2 3 4; do
		publish 0 "$i"
	done >"$WORK/ids"
	poller p '' 0 "$(http_url 0 '/poll/room?since=0')"
	ended "$STARTED_PID" 0
	[ "$(grep -x '[0-9]' "$WORK/p.out" | tr '\n' ' ')" = '1 3 ' ]
}

@test "chaos delay and stall: streams and polls, too" {
	start_node --chaos delay=300ms,stall=1s@500ms
	local took
	publish 0 hello
	start_command p curl -s -o "$WORK/answer" -m 10 -w '%{time_total}' \
	    "$(http_url 0 '/poll/room?wait=10s')"
	local poll=$STARTED_PID
	wait_until open_is poll 1
	publish 0 again
	ended "$poll" 0
	took=$(cat "$WORK/p.out")
	[[ $took =~ ^(0\.[3-9]|[1-9]) ]] || fail "after $took s"
	took=$(curl -s -o "$WORK/body" -m 10 -w '%{time_total}' \
	    "$(http_url 0 '/poll/room?wait=1s')")
	[[ $took =~ ^[12] ]] || fail "after $took s"
}

# --- clients that do what they should not -------------------------------------------------------

# busy_for NODE COMMAND...: the processor time that the node used meanwhile, in ticks.
busy_for() {
	local before after pid=${NODE_PIDS[$1]}
	shift
	before=$(awk '{print $14 + $15}' "/proc/$pid/stat")
	"$@"
	after=$(awk '{print $14 + $15}' "/proc/$pid/stat")
	echo $((after - before))
}

talk_behind() {
	timeout 2 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1" && printf "$2" >&3 && sleep "$4" &&
	    printf "$3" >&3 && cat <&3' bash "${NODE_PORTS[0]}" "$@" >"$WORK/talked" || true
}

@test "a client that goes on talking does not keep the node busy" {
	start_node
	local sse='GET /sse/a HTTP/1.1\r\nHost: x\r\n\r\n' again ticks
	local poll='GET /poll/a?wait=1s HTTP/1.1\r\nHost: x\r\n\r\n'
	for again in "$sse" '\r\n' garbage; do
		ticks=$(busy_for 0 talk_behind "$sse$again" '' 0)
		[ "$ticks" -lt 40 ] || fail "busy for $ticks ticks: stream, at once"
		ticks=$(busy_for 0 talk_behind "$sse" "$again" 0.2)
		[ "$ticks" -lt 40 ] || fail "busy for $ticks ticks: stream, later"
	done
	# requests in a row are in order
	ticks=$(busy_for 0 talk_behind "$poll$poll" '' 0)
	[ "$ticks" -lt 40 ] || fail "busy for $ticks ticks: polls at once"
	[ "$(grep -c ' 204' "$WORK/talked")" -ge 1 ]
	ticks=$(busy_for 0 talk_behind "$poll" 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n' 0.2)
	[ "$ticks" -lt 40 ] || fail "busy for $ticks ticks: poll, later"
	assert_file_has "$WORK/talked" '"status":"ok"'
	wait_until metric_is 0 hail_connections 0
}

@test "clients that vanish leave nothing behind, even if nothing is published" {
	start_node
	local i before after
	for i in {1..10}; do
		start_command "s$i" curl -sN "$(http_url 0 /sse/room)"
		start_command "p$i" curl -s "$(http_url 0 '/poll/room?wait=5m')"
	done
	wait_until metric_is 0 hail_connections 20
	while read -r pid name; do
		case $name in [sp]*) kill -KILL "$pid" ;; esac
	done <"$WORK/started"
	wait_until metric_is 0 hail_connections 0
	publish 0 hello
	before=$(awk '{print $14 + $15}' "/proc/${NODE_PIDS[0]}/stat")
	[ "$(status_of "$(http_url 0 '/poll/room?wait=500ms')")" = 204 ]
	after=$(awk '{print $14 + $15}' "/proc/${NODE_PIDS[0]}/stat")
	[ $((after - before)) -lt 10 ]
}

@test "TLS: streams and polls as without" {
	make_certificates
	start_node --tls-cert "$WORK/server.pem" --tls-key "$WORK/server.pem"
	stream s 0 --cacert "$WORK/ca.pem"
	local stream=$STARTED_PID
	start_command p curl -sS -m 20 --cacert "$WORK/ca.pem" "$(http_url 0 '/poll/room?wait=15s')"
	CURL_CA_BUNDLE=$WORK/ca.pem wait_until open_is poll 1
	head -c 300000 /dev/zero | tr '\0' x >"$WORK/large"
	curl -sS --cacert "$WORK/ca.pem" --data-binary "@$WORK/large" "$(http_url 0 /pub/room)"
	wait_until file_has "$WORK/p.out" xxxx
	wait_until file_has "$WORK/s.out" xxxx
	kill "${NODE_PIDS[0]}"
	ended "$stream" 0
	[ "$(data_of "$WORK/s.out" | wc -c)" = 300001 ]
}

@test "metrics and healthz count by route" {
	start_node
	stream s 0
	start_command p curl -sS -m 20 "$(http_url 0 '/poll/room?wait=15s')"
	wait_until open_is poll 1
	open_is sse 1
	open_is ws 0
	metric_is 0 hail_connections 2
	[ "$(curl -s "$(http_url 0 /healthz)" | jq .connections)" = 2 ]
	publish 0 hello
	wait_until metric_is 0 'hail_route_deliveries_total{route="sse"}' 1
	wait_until metric_is 0 'hail_route_deliveries_total{route="poll"}' 1
	metric_is 0 hail_deliveries_total 2
	wait_until open_is poll 0
}
