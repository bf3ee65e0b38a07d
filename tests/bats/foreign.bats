# Servers, proxies and gates that we did not write: what hail connect does with each of them.

load helper

setup_file() {
	start_node
	make_certificates
	start_tls_proxy "${NODE_URLS[0]}"
	many_lines >"$WORK/lines"
}

# Lines of many sizes and scripts, an empty one too.
many_lines() {
	seq 1000
	echo 'κόσμε, 世界 😀'
	echo
	echo '{"op":"say","text":"the quick brown fox"}'
	printf 'x%.0s' {1..126}
	echo
	seq -s ' ' 20000
	echo last
}

# echoes ARG...: every line sent comes back as it was, as text and as binary.
echoes() {
	local kind
	for kind in '' --binary; do
		run --separate-stderr bash -c 'timeout 30 "$0" connect "${@:2}" <"$1" >"$1.back"' \
		    "$HAIL" "$BATS_FILE_TMPDIR/lines" $kind "$@"
		assert_status 0
		cmp "$BATS_FILE_TMPDIR/lines" "$BATS_FILE_TMPDIR/lines.back" ||
			fail 'not the same lines'
	done
}

# connect ARG...: `hail connect ARG...`, with a limit.
connect() {
	run --separate-stderr timeout 30 "$HAIL" connect "$@"
}

# says_hello ARG...: the answer to one message is the message.
says_hello() {
	connect -m hello "$@"
	assert_status 0
	[ "$output" = hello ] || fail 'the echo is not the message'
}

# refuses TEXT ARG...: exit 3, with TEXT in the sentences.
refuses() {
	connect -m hello "${@:2}"
	assert_status 3
	[ -z "$output" ] || fail 'something was received'
	assert_stderr_has "$1"
}

# --- servers ------------------------------------------------------------------------------------

@test "Node's ws without compression" {
	start_foreign server.js
	echoes "ws://127.0.0.1:$FOREIGN_PORT/"
	wait_until file_has "$FOREIGN_OUT" 'closed 1000'
	run cat "$FOREIGN_OUT"
	assert_output_lacks permessage-deflate
}

@test "Node's ws with compression, whatever it agrees to" {
	local options
	for options in '{}' '{"serverNoContextTakeover":true}' '{"clientNoContextTakeover":true}' \
	    '{"serverNoContextTakeover":true,"clientNoContextTakeover":true}' \
	    '{"serverMaxWindowBits":9,"clientMaxWindowBits":9}' '{"clientMaxWindowBits":8}' \
	    '{"serverMaxWindowBits":8,"clientNoContextTakeover":true}'; do
		start_foreign server.js "$options"
		echoes "ws://127.0.0.1:$FOREIGN_PORT/"
		assert_file_has "$FOREIGN_OUT" 'extensions permessage-deflate'
		stop_process "$FOREIGN_PID"
	done
}

@test "--no-compress offers nothing" {
	start_foreign server.js '{}'
	says_hello --no-compress "ws://127.0.0.1:$FOREIGN_PORT/"
	run cat "$FOREIGN_OUT"
	assert_output_lacks permessage-deflate
}

@test "python3-websockets, which compresses" {
	start_foreign server.py
	echoes "ws://127.0.0.1:$FOREIGN_PORT/"
	connect -v -m hello "ws://127.0.0.1:$FOREIGN_PORT/"
	assert_status 0
	assert_stderr_has 'permessage-deflate'
}

@test "the node, by libwebsockets: echo" {
	echoes "${NODE_URLS[0]/http/ws}/echo"
}

@test "the node, by libwebsockets: a topic" {
	says_hello "${NODE_URLS[0]/http/ws}/ws/room?raw=1"
	start_command member "$HAIL" connect --receive -n 2 "${NODE_URLS[0]/http/ws}/ws/news?raw=1"
	wait_until file_has "$WORK/member.err" connected
	curl -sS --fail -d first "${NODE_URLS[0]}/pub/news"
	curl -sS --fail -d second "${NODE_URLS[0]}/pub/news"
	wait_until is_gone "$STARTED_PID"
	[ "$(cat "$WORK/member.out")" = $'first\nsecond' ] || fail "$(cat "$WORK/member.out")"
}

@test "nchan: what is published arrives" {
	start_nchan
	start_command reader "$HAIL" connect -v --receive -n 3 "ws://127.0.0.1:$NCHAN_PORT/sub/news"
	wait_until file_has "$WORK/reader.err" connected
	# what makes it a server worth testing with
	assert_file_has "$WORK/reader.err" 'Content-Length: 0'
	assert_file_has "$WORK/reader.err" 'Connection: upgrade'
	for text in first 'second, κόσμε' third; do
		curl -sS --fail --data-raw "$text" "http://127.0.0.1:$NCHAN_PORT/pub/news"
	done
	wait_until is_gone "$STARTED_PID"
	[ "$(cat "$WORK/reader.out")" = $'first\nsecond, κόσμε\nthird' ] ||
		fail "$(cat "$WORK/reader.out")"
	assert_file_has "$WORK/reader.err" 'closed: 1000'
}

@test "mosquitto: an MQTT session is accepted" {
	local packet='\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04hail'
	start_mosquitto
	# CONNECT, answered by CONNACK 20 02 00 00
	# shellcheck disable=SC2059 # the packet is written as a format
	printf "$packet\n" >"$WORK/packets"
	run --separate-stderr bash -c 'timeout 30 "$0" connect --binary -n 1 -s mqtt "$1" <"$2"' \
	    "$HAIL" "ws://127.0.0.1:$MOSQUITTO_PORT/mqtt" "$WORK/packets"
	assert_status 0
	STDIN=$WORK/packets start_command mqtt "$HAIL" connect --binary --json -n 1 -s mqtt \
	    "ws://127.0.0.1:$MOSQUITTO_PORT/mqtt"
	wait_until is_gone "$STARTED_PID"
	assert_json "$WORK/mqtt.out" 'any(.[]; .type == "open" and .subprotocol == "mqtt")' --slurp
	assert_json "$WORK/mqtt.out" 'any(.[]; .type == "message" and .dir == "in"
	    and .kind == "binary" and .data == " \u0002\u0000\u0000")' --slurp
}

@test "a unix socket" {
	start_foreign server.js "{\"path\":\"$WORK/socket\"}"
	says_hello --unix-socket "$WORK/socket" ws://anything.invalid/
	refuses "$WORK/none" --unix-socket "$WORK/none" ws://anything.invalid/
}

# --- TLS ----------------------------------------------------------------------------------------

@test "TLS: the certificate is verified" {
	local ca=$BATS_FILE_TMPDIR/ca.pem
	echoes --cacert "$ca" "wss://localhost:$TLS_PORT/echo"
	says_hello --cacert "$ca" "wss://127.0.0.1:$TLS_PORT/echo"
	refuses "'localhost'" "wss://localhost:$TLS_PORT/echo"
	assert_stderr_has --cacert
	refuses 'is not among the trusted authorities' --cacert "$BATS_FILE_TMPDIR/other-ca.pem" \
	    "wss://localhost:$TLS_PORT/echo"
	says_hello -k "wss://localhost:$TLS_PORT/echo"
	says_hello -k --cacert "$BATS_FILE_TMPDIR/other-ca.pem" "wss://localhost:$TLS_PORT/echo"
}

@test "TLS: -v says what was agreed" {
	connect -v -m hello --cacert "$BATS_FILE_TMPDIR/ca.pem" "wss://localhost:$TLS_PORT/echo"
	assert_status 0
	assert_stderr_has TLSv1.3
	assert_stderr_has CN=server
	assert_stderr_has CN=ca
	connect -v -m hello -k "wss://localhost:$TLS_PORT/echo"
	assert_stderr_has 'not verified'
}

@test "TLS: the name" {
	local ca=$BATS_FILE_TMPDIR/ca.pem
	says_hello --cacert "$ca" --servername node.example "wss://localhost:$TLS_NAMED_PORT/echo"
	refuses servername --cacert "$ca" "wss://localhost:$TLS_NAMED_PORT/echo"
	# the server tells its certificate, but it is for another name
	refuses other.example --cacert "$ca" --servername other.example \
	    "wss://127.0.0.1:$TLS_PORT/echo"
}

@test "TLS: a client certificate" {
	local ca=$BATS_FILE_TMPDIR/ca.pem url=wss://localhost:$TLS_CLIENT_PORT/echo
	refuses --cert --cacert "$ca" "$url"
	says_hello --cacert "$ca" --cert "$BATS_FILE_TMPDIR/client.pem" "$url"
	says_hello --cacert "$ca" --cert "$BATS_FILE_TMPDIR/client.crt" \
	    --key "$BATS_FILE_TMPDIR/client.key" "$url"
	openssl ec -in "$BATS_FILE_TMPDIR/client.key" -aes128 -passout pass:secret \
	    -out "$WORK/locked.key" 2>/dev/null
	echo secret >"$WORK/passphrase"
	says_hello --cacert "$ca" --cert "$BATS_FILE_TMPDIR/client.crt" --key "$WORK/locked.key" \
	    --key-passphrase "$WORK/passphrase" "$url"
	# one that the server does not trust
	refuses localhost --cacert "$ca" --cert "$BATS_FILE_TMPDIR/other-ca.pem" \
	    --key "$BATS_FILE_TMPDIR/other-ca.key" "$url"
}

@test "TLS where there is none, and none where there is TLS" {
	refuses TLS "wss://127.0.0.1:${NODE_PORTS[0]}/echo"
	refuses 'hail:' "ws://127.0.0.1:$TLS_PORT/echo"
}

# --- proxies ------------------------------------------------------------------------------------

@test "an HTTP proxy looks up the name" {
	start_foreign proxy.js http
	echoes -x "http://127.0.0.1:$FOREIGN_PORT" "ws://node.invalid:${NODE_PORTS[0]}/echo"
	assert_file_has "$FOREIGN_OUT" "connect node.invalid:${NODE_PORTS[0]}"
	refuses 403 -x "http://127.0.0.1:$FOREIGN_PORT" "ws://refused.invalid:80/echo"
	assert_stderr_has "127.0.0.1:$FOREIGN_PORT"
}

@test "an HTTP proxy that wants a password" {
	local url=ws://node.invalid:${NODE_PORTS[0]}/echo
	start_foreign proxy.js http user:secret
	says_hello -x "http://user:secret@127.0.0.1:$FOREIGN_PORT" "$url"
	refuses 407 -x "http://127.0.0.1:$FOREIGN_PORT" "$url"
	refuses 407 -x "http://user:wrong@127.0.0.1:$FOREIGN_PORT" "$url"
	run cat "$FOREIGN_OUT"
	[ "$(grep -c '^connect' <<<"$output")" = 1 ] || fail 'one got through, not more'
	[ "$(grep -c '^refused 407' <<<"$output")" = 2 ] || fail 'two were refused'
}

@test "a SOCKS5 proxy looks up the name" {
	start_foreign proxy.js socks5
	echoes -x "socks5://127.0.0.1:$FOREIGN_PORT" "ws://node.invalid:${NODE_PORTS[0]}/echo"
	assert_file_has "$FOREIGN_OUT" "connect node.invalid:${NODE_PORTS[0]}"
	says_hello -x "socks5h://127.0.0.1:$FOREIGN_PORT" "${NODE_URLS[0]/http/ws}/echo"
	assert_file_has "$FOREIGN_OUT" "connect 127.0.0.1:${NODE_PORTS[0]}"
	refuses 'not allowed' -x "socks5://127.0.0.1:$FOREIGN_PORT" "ws://refused.invalid:80/echo"
}

@test "a SOCKS5 proxy that wants a password" {
	local url=ws://node.invalid:${NODE_PORTS[0]}/echo
	start_foreign proxy.js socks5 user:secret
	says_hello -x "socks5://user:secret@127.0.0.1:$FOREIGN_PORT" "$url"
	refuses "127.0.0.1:$FOREIGN_PORT" -x "socks5://user:wrong@127.0.0.1:$FOREIGN_PORT" "$url"
	assert_file_has "$FOREIGN_OUT" 'refused password'
	refuses "127.0.0.1:$FOREIGN_PORT" -x "socks5://127.0.0.1:$FOREIGN_PORT" "$url"
	assert_file_has "$FOREIGN_OUT" 'refused method'
}

@test "TLS with a client certificate through each kind of proxy" {
	local kind
	for kind in http socks5; do
		start_foreign proxy.js $kind
		echoes -x "$kind://127.0.0.1:$FOREIGN_PORT" --cacert "$BATS_FILE_TMPDIR/ca.pem" \
		    --cert "$BATS_FILE_TMPDIR/client.pem" "wss://localhost:$TLS_CLIENT_PORT/echo"
		assert_file_has "$FOREIGN_OUT" "connect localhost:$TLS_CLIENT_PORT"
	done
}

@test "proxies from the environment" {
	local url=ws://node.invalid:${NODE_PORTS[0]}/echo
	start_foreign proxy.js http
	export http_proxy=http://127.0.0.1:$FOREIGN_PORT no_proxy=
	says_hello "$url"
	assert_file_has "$FOREIGN_OUT" 'connect node.invalid'
	no_proxy=localhost,127.0.0.1 says_hello "${NODE_URLS[0]/http/ws}/echo"
	says_hello -x '' "${NODE_URLS[0]/http/ws}/echo"
	run cat "$FOREIGN_OUT"
	assert_output_lacks 127.0.0.1
	export https_proxy=http://127.0.0.1:$FOREIGN_PORT
	says_hello --cacert "$BATS_FILE_TMPDIR/ca.pem" "wss://localhost:$TLS_PORT/echo"
	assert_file_has "$FOREIGN_OUT" "connect localhost:$TLS_PORT"
}

@test "a proxy that is none" {
	start_foreign gate.js
	refuses "127.0.0.1:$FOREIGN_PORT" -x "socks5://127.0.0.1:$FOREIGN_PORT" ws://node.invalid/
	refuses 'hail:' -x "http://127.0.0.1:$FOREIGN_PORT" ws://node.invalid/
	stop_process "$FOREIGN_PID"
	refuses "127.0.0.1:$FOREIGN_PORT" -x "http://127.0.0.1:$FOREIGN_PORT" ws://node.invalid/
}

# --- gates --------------------------------------------------------------------------------------

@test "redirects are followed when asked for" {
	start_foreign gate.js
	refuses 302 "ws://127.0.0.1:$FOREIGN_PORT/chain/1"
	assert_stderr_has -L
	says_hello -L "ws://127.0.0.1:$FOREIGN_PORT/chain/1"
	assert_stderr_has "redirected to ws://127.0.0.1:$FOREIGN_PORT/echo"
	says_hello -L "ws://127.0.0.1:$FOREIGN_PORT/chain/9"
	refuses redirects -L "ws://127.0.0.1:$FOREIGN_PORT/chain/10"
	refuses redirects -L "ws://127.0.0.1:$FOREIGN_PORT/loop"
	refuses 302 -L "ws://127.0.0.1:$FOREIGN_PORT/nowhere"
	refuses '' -L "ws://127.0.0.1:$FOREIGN_PORT/to/1/echo"
}

@test "credentials stay with their origin" {
	local first other shown='authorization=Bearer token cookie=a=b'
	start_foreign gate.js
	other=$FOREIGN_PORT
	start_foreign gate.js
	first=$FOREIGN_PORT
	says_hello -L --bearer token --cookie a=b "ws://127.0.0.1:$first/chain/0"
	assert_file_has "$FOREIGN_OUT" "request /echo $shown"
	says_hello -L --bearer token --cookie a=b "ws://127.0.0.1:$first/to/$other/echo"
	assert_file_has "$FOREIGN_OUT" "request /to/$other/echo $shown"
	says_hello -L -u name:word -H 'Cookie: c=d' "ws://127.0.0.1:$first/to/$other/chain/1"
	says_hello -L "ws://name:word@127.0.0.1:$first/to/$other/echo"
	run grep -h request "$WORK"/foreign-gate-1.out
	assert_output_has 'request /echo'
	assert_output_lacks authorization
	assert_output_lacks cookie
}

@test "a refused upgrade shows status, fields, body and the likely cause" {
	start_foreign gate.js
	local url=ws://127.0.0.1:$FOREIGN_PORT
	refuses '401 Unauthorized' "$url/status/401"
	assert_stderr_has 'WWW-Authenticate: Bearer realm="gate"'
	assert_stderr_has '{"gate":"says 401"}'
	assert_stderr_has --bearer
	refuses '403 Forbidden' "$url/status/403"
	assert_stderr_has --origin
	refuses '404 Not Found' "$url/status/404"
	assert_stderr_has path
	refuses '426 Upgrade Required' "$url/status/426"
	assert_stderr_has 'version 99'
	refuses '429 Too Many Requests' "$url/status/429"
	assert_stderr_has '7 s'
	refuses '503 Service Unavailable' "$url/status/503"
	assert_stderr_has '{"gate":"says 503"}'
	refuses '200 OK' "$url/page"
	assert_stderr_has '<html><body>a page</body></html>'
	refuses Sec-WebSocket-Accept "$url/accept"
}

@test "a refused upgrade as JSON" {
	start_foreign gate.js
	connect --json -m hello "ws://127.0.0.1:$FOREIGN_PORT/status/429"
	assert_status 3
	echo "$output" >"$WORK/events"
	assert_json "$WORK/events" 'any(.[]; .type == "close" or .type == "error") and
	    any(.[]; .status == 429)' --slurp
}

@test "a server of HTTP/2 only" {
	start_foreign h2.js
	refuses HTTP/2 "ws://127.0.0.1:$FOREIGN_PORT/"
	start_foreign h2.js "$BATS_FILE_TMPDIR/server.crt" "$BATS_FILE_TMPDIR/server.key"
	refuses localhost --cacert "$BATS_FILE_TMPDIR/ca.pem" "wss://localhost:$FOREIGN_PORT/"
}
