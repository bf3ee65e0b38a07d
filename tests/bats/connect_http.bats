# connect_http.bats: `hail connect` where messages come by HTTP: event streams, long polling and
# polling, and what is published by requests.

load helper
load connect

unset http_proxy https_proxy all_proxy no_proxy HTTPS_PROXY ALL_PROXY NO_PROXY

setup_file() {
	start_foreign feed.js
	export FEED_PORT=$FOREIGN_PORT FEED_OUT=$FOREIGN_OUT FEED=http://127.0.0.1:$FOREIGN_PORT
	start_foreign feed.js
	export OTHER_PORT=$FOREIGN_PORT OTHER_OUT=$FOREIGN_OUT
}

# output_is LINE...: exit status 0, and these lines.
output_is() {
	assert_status 0
	[ "$output" = "$(printf '%s\n' "$@")" ] || fail "the output is not: $*"
}

# fails STATUS WORDS ARG...
fails() {
	connect "${@:3}"
	assert_status "$1"
	assert_stderr_has "$2"
}

# errors CLASS ARG...: what --json says, and exit status 3.
errors() {
	connect --json "${@:2}"
	assert_status 3
	[ "$(jq -r 'select(.type == "error") | .class' <<<"$output")" = "$1" ] ||
		fail "no error, or not one, of the class $1"
}

# requests PATH [FILE]: what the server saw of the requests for it, without "request GET".
requests() {
	sed -n "s|^request [A-Z]* $1 ||p" "${2:-$FEED_OUT}"
}

# --- event streams ------------------------------------------------------------------------------

@test "an event stream: a line for each event; its end is the end" {
	connect "$FEED/events/3"
	output_is 'message 1' 'message 2' 'message 3'
	assert_stderr_has 'connected to http://'
	assert_stderr_has 'the server ended the stream'
	connect -q -t sse "ws://127.0.0.1:$FEED_PORT/events/2"
	output_is 'message 1' 'message 2'
	[ -z "$stderr" ]
}

@test "no terminal and no input is needed, and none is read" {
	run --separate-stderr timeout 20 bash -c '"$@" <&-' bash "$HAIL" connect -q "$FEED/events/2"
	output_is 'message 1' 'message 2'
	mkfifo "$WORK/pipe"
	exec 8<>"$WORK/pipe"
	run --separate-stderr timeout 20 "$HAIL" connect -q "$FEED/events/2" <"$WORK/pipe"
	output_is 'message 1' 'message 2'
}

@test "what is asked for" {
	connect -q -H 'X-Own: yes' "$FEED/seen"
	assert_status 0
	assert_json <(echo "$output") '.accept == "text/event-stream" and ."x-own" == "yes"
	    and ."cache-control" == "no-cache" and ."accept-encoding" == "gzip, deflate"
	    and (has("last-event-id") | not) and (has("content-length") | not)'
	connect -q --no-compress -H 'Accept: x/y' -H 'Last-Event-ID: 7' "$FEED/seen"
	assert_json <(echo "$output") '.accept == "x/y" and ."last-event-id" == "7"
	    and (has("accept-encoding") | not)'
}

@test "--json: names, ids, the close" {
	connect --json "$FEED/events/2"
	assert_status 0
	[ "$(json '[.type, .dir, .kind, .event, .id, .data, .size, .status, .code]')" = \
	    '["request","out",null,null,null,null,null,null,null]
["open",null,null,null,null,null,null,200,null]
["message","in","text","tick","1","message 1",9,null,null]
["message","in","text","tick","2","message 2",9,null,null]
["close","in",null,null,null,null,null,null,null]' ] || fail 'other lines'
}

@test "-v shows the heads and the times" {
	connect -v "$FEED/events/1"
	assert_status 0
	assert_stderr_has 'GET /events/1 HTTP/1.1'
	assert_stderr_has 'Accept: text/event-stream'
	assert_stderr_has 'HTTP/1.1 200 OK'
	assert_stderr_has 'Content-Type: text/event-stream'
	assert_stderr_has connect
	connect -v --json "$FEED/events/1"
	[ "$(json 'select(.type == "request") | .dir')" = $'"out"\n"in"' ]
	json 'select(.dir == "out") | .data' | grep -q 'GET /events/1 HTTP'
}

@test "--count: a stream that has ended goes on behind the last event" {
	connect -q -n 5 "$FEED/events/2"
	output_is 'message 1' 'message 2' 'message 3' 'message 4' 'message 5'
	connect -n 3 "$FEED/events/1?x"
	output_is 'message 1' 'message 2' 'message 3'
	assert_stderr_has 'attempt 1 follows in 20'
	[ "$(requests '/events/1?x' | grep -o 'last-event-id=[0-9]*')" = \
	    $'last-event-id=1\nlast-event-id=2' ]
}

@test "--count: a server that has no more says so, which is a failed check" {
	fails 1 '4 of 5 messages came' -n 5 "$FEED/events/2?total=4"
	connect --json -n 5 "$FEED/events/2?total=4"
	assert_status 1
	[ "$(json '.type' | tr -d '"' | tr '\n' ' ')" = 'request open message message retry'\
' request open message message retry request close error ' ] || fail 'other lines'
}

@test "--reconnect goes on, too; --reconnect=0 does not" {
	connect -q --reconnect "$FEED/events/2?total=5"
	output_is 'message 1' 'message 2' 'message 3' 'message 4' 'message 5'
	connect -q --reconnect=0 "$FEED/events/2"
	output_is 'message 1' 'message 2'
	fails 1 '2 of 3 messages came' --reconnect=0 -n 3 "$FEED/events/2"
}

@test "a stream that broke is lost, but with --reconnect" {
	errors closed "$FEED/cut"
	json 'select(.type == "error") | .message' | grep -q 'in the middle of an event'
	[ "$(json 'select(.type == "message") | .data')" = '"message 1"' ]
	errors closed "$FEED/reset"
	errors closed -n 9 "$FEED/cut"
	connect --reconnect=2 --backoff 1ms..2ms --json "$FEED/cut?again"
	assert_status 3
	[ "$(json 'select(.type == "retry") | [.attempt, .class]')" = \
	    $'[1,"closed"]\n[2,"closed"]' ]
	[ "$(requests '/cut?again' | grep -c last-event-id=1)" = 2 ]
}

@test "answers that are no event stream" {
	errors http "$FEED/status/404"
	fails 3 'says 404' "$FEED/status/404"
	errors http --reconnect --backoff 1ms..1ms "$FEED/status/401"
	errors handshake "$FEED/mime/text%2Fplain"
	errors handshake --reconnect --backoff 1ms..1ms "$FEED/mime/application%2Fjson"
	fails 3 "expected text/event-stream" "$FEED/mime/text%2Fhtml"
	errors http "$FEED/status/500"
	connect --json --reconnect=1 --backoff 1ms..1ms "$FEED/status/500"
	assert_status 3
	[ "$(json 'select(.type == "retry" or .type == "error") | [.type, .status]')" = \
	    $'["retry",500]\n["error",500]' ]
}

@test "204 is the end for good" {
	connect "$FEED/status/204"
	output_is ''
	connect --reconnect "$FEED/status/204"
	output_is ''
	fails 1 '0 of 1 messages came' -n 1 "$FEED/status/204"
}

@test "SIGINT" {
	start_command held "$HAIL" connect "$FEED/hold"
	wait_until file_has "$WORK/held.out" 'message 1'
	kill -INT "$STARTED_PID"
	wait_until is_gone "$STARTED_PID"
	status=0
	wait "$STARTED_PID" || status=$?
	assert_status 130
}

@test "--wait and --linger limit how long one listens" {
	connect -q --wait 200ms "$FEED/hold"
	output_is 'message 1'
	connect -q --linger 200ms "$FEED/hold?every=20"
	output_is 'message 1'
}

@test "--idle-timeout: silence loses the server, comments keep it" {
	errors timeout --idle-timeout 200ms "$FEED/hold"
	json 'select(.type == "error") | .message' | grep -q 'nothing came within 0.2 s'
	[ "$(json 'select(.type == "close") | .code')" = null ]
	connect -q --idle-timeout 200ms --linger 600ms "$FEED/hold?every=30"
	output_is 'message 1'
	connect -q --idle-timeout 100ms --reconnect=1 --backoff 1ms..1ms "$FEED/hold?x"
	assert_status 3
	[ "$(requests '/hold?x' | wc -l)" = 2 ]
}

@test "--timeout: no answer" {
	errors timeout --timeout 200ms "$FEED/never"
	fails 3 'waiting for the answer' --timeout 200ms "$FEED/never"
}

@test "compressed streams, with flushes" {
	local coding
	for coding in gzip deflate; do
		connect -q "$FEED/$coding/3"
		assert_status 0
		[ "${lines[*]:0:3}" = 'message 1 message 2 message 3' ]
		[ "${#lines[3]}" = 100000 ]
	done
	connect -q -n 1 "$FEED/gzip-hold"
	output_is 'message 1'
}

# --- redirects, cookies, authorization ----------------------------------------------------------

@test "redirects are followed, with what authorizes where it may go" {
	connect --bearer secret "$FEED/chain/3"
	assert_status 0
	assert_stderr_has 'redirected to http'
	assert_json <(echo "$output") '.authorization == "Bearer secret"'
	connect -q --bearer secret --cookie a=b -H 'X-Own: 1' "$FEED/to/$OTHER_PORT/seen"
	assert_status 0
	assert_json <(echo "$output") '(has("authorization") or has("cookie") | not)
	    and ."x-own" == "1"'
	connect -q -u name:word "$FEED/name/$FEED_PORT/seen"
	assert_json <(echo "$output") 'has("authorization") | not'
	fails 3 '10 redirects in a row' "$FEED/loop"
	[ "$(requests /loop | wc -l)" = 11 ]
	connect -q -t poll -n 1 "$FEED/chain/1"
	assert_status 0
}

@test "cookies that a server sets come back" {
	connect -q "$FEED/login"
	assert_status 0
	assert_json <(echo "$output") '.cookie == "session=abc"'
	connect -q --cookie own=1 "$FEED/login"
	assert_json <(echo "$output") '.cookie == "own=1; session=abc"'
}

@test "a token is minted, a URL has a user" {
	connect -q --jwt-secret s --jwt-claim sub=me "$FEED/seen"
	assert_json <(echo "$output") '.authorization | startswith("Bearer ey")'
	connect -q "http://me:word@127.0.0.1:$FEED_PORT/seen"
	assert_json <(echo "$output") '.authorization == "Basic bWU6d29yZA=="'
}

# --- publishing ---------------------------------------------------------------------------------

@test "--publish: lines of the input are posted in their order, and come back" {
	seq 300 >"$WORK/in"
	run --separate-stderr timeout 30 "$HAIL" connect -q --publish 'POST /pub' -n 300 \
	    "$FEED/room" <"$WORK/in"
	assert_status 0
	echo "$output" | cmp - "$WORK/in"
	[ "$(requests /pub | grep -o 'connection=[0-9]*' | sort -u | wc -l)" = 1 ]
	requests /pub | grep -q 'content-type=text/plain; charset=utf-8 content-length=3'
}

@test "--publish: messages as options; the talk ends when all have come back" {
	connect -q --publish 'POST /slow' -m one -m two -m 'three, κόσμε' "$FEED/room"
	output_is one two 'three, κόσμε'
	connect -q --publish "POST $FEED/pub" --on-open first -m second "$FEED/room"
	output_is first second
	connect --json --publish 'PUT /pub' -m x "$FEED/room"
	assert_status 0
	[ "$(json 'select(.type == "message") | [.dir, .data]')" = $'["out","x"]\n["in","x"]' ]
	[ "$(json 'select(.type == "request") | .dir' | sort -u)" = '"out"' ]
}

@test "--publish: what is refused is shown, those behind it go on, exit status 3" {
	connect --publish 'POST /deny' -m one -m no -m three "$FEED/room"
	assert_status 3
	[ "$output" = $'one\nthree' ]
	assert_stderr_has '403'
	assert_stderr_has 'not allowed here'
	connect --json --publish 'POST /deny' -m one -m no -m three "$FEED/room"
	assert_status 3
	[ "$(json 'select(.type == "error") | [.class, .status, .data]')" = \
	    '["http",403,"{\"error\":\"not allowed here\"}\n"]' ]
}

@test "--publish: what nobody knows the fate of is told, and not sent again" {
	connect --publish 'POST /vanish' -m lonely "$FEED/room"
	assert_status 3
	assert_stderr_has 'instead of answering'
	[ "$(grep -c 'posted lonely' "$FEED_OUT")" = 1 ]
}

@test "--publish: binary messages and long ones" {
	head -c 3000000 /dev/zero | tr '\0' y >"$WORK/in"
	run --separate-stderr timeout 30 "$HAIL" connect -q --publish 'POST /pub' -n 1 \
	    "$FEED/room" <"$WORK/in"
	assert_status 0
	[ "${#output}" = 3000000 ]
	connect -q --binary --publish 'POST /pub' -m bytes "$FEED/room"
	output_is bytes
	requests /pub | grep -q 'content-type=application/octet-stream content-length=5'
	connect -q -H 'Content-Type: a/b' --publish 'POST /pub' -m typed "$FEED/room"
	requests /pub | grep -q 'content-type=a/b content-length=5'
}

@test "--publish with polls" {
	connect -q -t poll --poll-interval 20ms --publish 'POST /pub' -m polled \
	    -n 3 "$FEED/list/pub"
	assert_status 0
	assert_file_has "$FEED_OUT" 'posted polled'
}

# refused WORDS ARG...: exit status 2, and the complaint has WORDS.
refused() {
	fails 2 "$@"
}

@test "usage errors" {
	refused '--message: sse only receives; --publish' -m x "$FEED/room"
	refused '--echo: poll only receives' -t poll --echo "$FEED/list/x"
	refused 'expected POST, PUT or PATCH' --publish 'GET /pub' "$FEED/room"
	refused 'expected POST, PUT or PATCH' --publish '/pub' "$FEED/room"
	refused "begins with '/'" --publish 'POST pub' "$FEED/room"
	refused '--fault' --fault rsv "$FEED/room"
	refused '--poll-cursor' -t poll --poll-cursor next "$FEED/cursor"
	refused '--poll-interval' -t poll --poll-interval x "$FEED/list/x"
}

# --- polls --------------------------------------------------------------------------------------

# polled ARG...: three messages, with polls that follow at once.
polled() {
	connect -q -t poll --poll-interval 5ms -n 3 "$@"
}

THREE=('{"id":1,"text":"message 1"}' '{"id":2,"text":"message 2"}' '{"id":3,"text":"message 3"}')
TEXTS=('message 1' 'message 2' 'message 3')

@test "poll: a list that grows tells each item once" {
	polled "$FEED/list/grows"
	output_is "${THREE[@]}"
	[ "$(requests /list/grows | grep -o 'connection=[0-9]*' | sort -u | wc -l)" = 1 ]
	polled --poll-data /text "$FEED/list/texts"
	output_is "${TEXTS[@]}"
	connect --json -t poll --poll-interval 5ms -n 3 "$FEED/list/json"
	[ "$(json 'select(.type == "message") | [.id, .data]')" = \
	    '["1","{\"id\":1,\"text\":\"message 1\"}"]
["2","{\"id\":2,\"text\":\"message 2\"}"]
["3","{\"id\":3,\"text\":\"message 3\"}"]' ]
	[ "$(json 'select(.type == "request")' | wc -l)" = 1 ]
}

@test "poll: without ids the whole list is told each time" {
	connect -q -t poll --poll-interval 5ms -n 6 "$FEED/plain/x"
	output_is 'message 1' 'message 1' 'message 2' 'message 1' 'message 2' 'message 3'
}

@test "poll: gaps are told, in numbers and in a list that does not reach back" {
	connect -t poll --poll-interval 5ms -n 7 --poll-data /id "$FEED/gap/x"
	output_is 1 2 3 4 7 8 9
	assert_stderr_has '2 missing before the message with id 7'
	[ "$(grep -c missing <<<"$stderr")" = 1 ]
	connect -t poll --poll-interval 5ms -n 4 --poll-data /id "$FEED/window/x"
	output_is 1 2 3 4
	assert_stderr_has 'no message of the answer before is in this one'
}

@test "poll: {last_id}, ETag, Last-Modified, a cursor in the body" {
	polled --poll-data /text "$FEED/after?id={last_id}"
	output_is "${TEXTS[@]}"
	polled "$FEED/etag"
	output_is "${TEXTS[@]}"
	[ "$(requests /etag | grep -o 'if-none-match=.*')" = \
	    $'if-none-match="v1"\nif-none-match="v2"' ]
	polled "$FEED/modified"
	output_is "${TEXTS[@]}"
	polled "$FEED/both"
	output_is "${TEXTS[@]}"
	[ "$(requests /both | grep -c 'if-none-match=.* if-modified-since=')" = 2 ]
	polled --poll-items /data/items --poll-cursor /data/next --poll-data /text \
	    "$FEED/cursor?c={last_id}"
	output_is "${TEXTS[@]}"
	assert_file_has "$FEED_OUT" 'request GET /cursor?c=c%2F2 '
}

@test "poll: 304 and 204 are nothing new, other answers end it" {
	connect -q -t poll --poll-interval 5ms --linger 150ms "$FEED/etag"
	output_is "${TEXTS[@]}"
	connect -q -t poll --poll-interval 5ms -n 2 "$FEED/empty/204/x"
	assert_status 0
	errors http -t poll "$FEED/status/404"
	fails 3 'says 500' -t poll "$FEED/status/500"
	errors protocol -t poll --poll-items /items "$FEED/list/x"
	errors timeout -t poll --timeout 200ms "$FEED/never"
	errors timeout -t poll --timeout 200ms --poll-interval 1ms "$FEED/never-again/poll"
}

@test "poll: 429 with Retry-After is obeyed, and told" {
	connect -t poll --poll-interval 5ms -n 3 --poll-data /text "$FEED/busy/x"
	output_is "${TEXTS[@]}"
	assert_stderr_has 'the server answered 429: asked again in 1 s'
	errors http -t poll "$FEED/status/429"
}

@test "poll: connections that the server ends are opened anew" {
	polled --poll-data /text "$FEED/short/x"
	output_is "${TEXTS[@]}"
	[ "$(requests /short/x | grep -o 'connection=[0-9]*' | sort -u | wc -l)" = 3 ]
	connect -q -t poll --poll-interval 100ms -n 3 --poll-data /text "$FEED/idle/x"
	output_is "${TEXTS[@]}"
	[ "$(requests /idle/x | grep -o 'connection=[0-9]*' | sort -u | wc -l)" = 3 ]
}

@test "poll: the interval is from one request to the next" {
	read_clock
	begun=$NOW
	connect -q -t poll --poll-interval 150ms -n 3 "$FEED/list/interval"
	output_is "${THREE[@]}"
	read_clock
	[ $((NOW - begun)) -ge 29 ] && [ $((NOW - begun)) -lt 200 ]
}

@test "longpoll: the first request is not held, those after it are" {
	connect -q -t longpoll --poll-wait 300ms --poll-data /text -n 3 \
	    "$FEED/after?id={last_id}&wait={wait}&ms={wait_ms}"
	output_is "${TEXTS[@]}"
	assert_file_has "$FEED_OUT" 'request GET /after?id=&wait=0&ms=0 '
	assert_file_has "$FEED_OUT" 'request GET /after?id=2&wait=1&ms=300 '
	[ "$(requests '/after?id=&wait=0&ms=0' | grep -c prefer)" = 0 ]
	requests '/after?id=1&wait=1&ms=300' | grep -q prefer=wait=1
}

@test "longpoll: no answer is no end, but to the first request" {
	connect -q -t longpoll --poll-wait 50ms --timeout 100ms --linger 500ms "$FEED/never-again/x"
	assert_status 0
	[ "$(requests /never-again/x | wc -l)" -ge 3 ]
	errors timeout -t longpoll --poll-wait 100ms --timeout 100ms "$FEED/never"
}

@test "longpoll: a server that does not hold is not hammered" {
	connect -q -t longpoll --linger 700ms "$FEED/after?id={last_id}&hammer"
	assert_status 0
	[ "$(grep -c 'request GET /after?id=3&hammer' "$FEED_OUT")" -le 4 ]
	local status
	for status in 204 408 504; do
		connect -q -t longpoll -n 2 --poll-data /id "$FEED/empty/$status/held"
		output_is 1 2
	done
}

@test "poll: compressed, conditions of its own, --json -v" {
	connect -q -t poll -n 1 -H 'If-None-Match: "own"' "$FEED/head/x"
	assert_json <(echo "$output") '."if-none-match" == "\"own\"" and .accept == "*/*"
	    and ."accept-encoding" == "gzip, deflate"'
	connect --json -v -t poll --poll-interval 5ms -n 2 "$FEED/list/v"
	assert_status 0
	[ "$(json 'select(.type == "request") | .dir' | sort | uniq -c | tr -s ' \n' ' ')" = \
	    ' 2 "in" 2 "out" ' ]
}

# --- ways there ---------------------------------------------------------------------------------

@test "a unix socket" {
	start_foreign feed.js "$WORK/socket"
	connect -q --unix-socket "$WORK/socket" http://anything.invalid/events/2
	output_is 'message 1' 'message 2'
	connect -q -t poll --poll-interval 5ms -n 3 --poll-data /text --unix-socket "$WORK/socket" \
	    http://anything.invalid/list/x
	output_is "${TEXTS[@]}"
	connect -q --publish 'POST /pub' -m hello --unix-socket "$WORK/socket" \
	    http://anything.invalid/room
	output_is hello
	errors connect --unix-socket "$WORK/none" http://anything.invalid/events/2
}

@test "proxies" {
	local kind
	for kind in http socks5; do
		start_foreign proxy.js "$kind"
		connect -q -x "$kind://127.0.0.1:$FOREIGN_PORT" \
		    "http://node.invalid:$FEED_PORT/events/2"
		output_is 'message 1' 'message 2'
		connect -q -x "$kind://127.0.0.1:$FOREIGN_PORT" --publish 'POST /pub' -m hello \
		    "http://node.invalid:$FEED_PORT/room"
		output_is hello
	done
}

@test "TLS" {
	make_certificates
	start_tls_proxy "$FEED"
	connect -q --cacert "$WORK/ca.pem" "https://localhost:$TLS_PORT/events/3"
	output_is "${TEXTS[@]}"
	connect -q --cacert "$WORK/ca.pem" -n 5 "https://localhost:$TLS_PORT/events/2"
	assert_status 0
	connect -q --cacert "$WORK/ca.pem" --publish 'POST /pub' -m hello \
	    "https://localhost:$TLS_PORT/room"
	output_is hello
	connect -q --cacert "$WORK/ca.pem" -t poll --poll-interval 5ms -n 3 --poll-data /text \
	    "https://localhost:$TLS_PORT/list/tls"
	output_is "${TEXTS[@]}"
	connect --json --cacert "$WORK/ca.pem" "https://localhost:$TLS_PORT/gzip/1"
	assert_status 0
	json 'select(.type == "open") | .tls.protocol' | grep -q TLSv1
	errors tls "https://localhost:$TLS_PORT/events/3"
	errors tls "https://127.0.0.1:$FEED_PORT/events/3"
	fails 3 'if it speaks TLS, the URL is https://' "http://localhost:$TLS_PORT/events/3" ||
		assert_stderr_has 400     # HAProxy may answer in plain
}

# --- other people's servers ---------------------------------------------------------------------

# As write_nginx_config, with subscribers by HTTP, and files in gzip.
write_nchan_http_config() {
	local config more
	write_nginx_config "$1" && mkdir -p "$WORK/nginx/files" || return 1
	config=$(<"$WORK/nginx/nginx.conf")
	more='location ~ ^/http/(\w+)$ {
			nchan_subscriber eventsource longpoll intervalpoll;
			nchan_channel_id $1;
		}
		location /files { root '$WORK'/nginx; gzip on; gzip_min_length 1; gzip_types *; }'
	echo "${config/location/"$more location"}" >"$WORK/nginx/nginx.conf"
}

start_nchan_http() {
	start_daemon nginx 1 write_nchan_http_config nginx -p "$WORK/nginx" \
	    -c "$WORK/nginx/nginx.conf" -e stderr || return 1
	NCHAN=http://127.0.0.1:$PORT
}

@test "nchan: event stream, long polls and polls tell what is published, once and in order" {
	local way
	start_nchan_http
	for text in first 'second, κόσμε' third; do
		curl -sS --fail --data-raw "$text" "$NCHAN/pub/news"
	done
	for way in 'sse' 'longpoll --poll-wait 2s' 'poll --poll-interval 5ms'; do
		# shellcheck disable=SC2086
		connect -q -t $way -n 3 "$NCHAN/http/news"
		output_is first 'second, κόσμε' third
	done
}

@test "nchan: publishing, and receiving by a long poll that is held" {
	start_nchan_http
	connect -q -t longpoll --poll-wait 5s --publish 'POST /pub/talk' -m one -m two \
	    "$NCHAN/http/talk"
	output_is one two
}

@test "nginx: a file in gzip is polled" {
	start_nchan_http
	echo '[{"id":1,"a":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},{"id":2}]' \
	    >"$WORK/nginx/files/list.json"
	connect -v -t poll -n 2 --poll-data /id "$NCHAN/files/list.json"
	output_is 1 2
	assert_stderr_has 'Content-Encoding: gzip'
}
