# serve_auth.bats: who may use the reference node, and how often: --auth-secret and --rate-limit.
# Tokens are made by OpenSSL or by `hail connect`, never by the node.

load helper
load node

SECRET='a secret between friends'
GOOD_HEADER='{"typ":"JWT","alg":"HS256"}'

base64url() {
	openssl base64 -A | tr '+/' '-_' | tr -d '='
}

# token CLAIMS [HEADER [SECRET]]: prints a token, signed with HMAC and SHA-256 in any case.
token() {
	local input
	input=$(printf %s "${2:-$GOOD_HEADER}" | base64url).$(printf %s "$1" | base64url)
	printf '%s.%s' "$input" "$(printf %s "$input" |
	    openssl dgst -sha256 -hmac "${3:-$SECRET}" -binary | base64url)"
}

# expiring SECONDS: prints a token that is good for so long, or up to a second less.
expiring() {
	token "{\"exp\":$(($(date +%s) + $1))}"
}

# ask PATH [CURL-ARG...]: head and body of the answer into $output.
ask() {
	local path=$1
	shift
	run curl -sS -i -m 10 "$@" "$(http_url 0 "$path")"
	assert_status 0
	output=${output//$'\r'/}
}

# answered STATUS TEXT...: so was what ask asked, with these texts in head or body.
answered() {
	local text
	[[ $output == "HTTP/1.1 $1 "* ]] || fail "not $1"
	shift
	for text in "$@"; do
		assert_output_has "$text"
	done
}

# connect ARG...: `hail connect`, its stdout in $output and its stderr in $stderr.
connect() {
	run --separate-stderr timeout 20 "$HAIL" connect "$@" </dev/null
}

# --- starting -----------------------------------------------------------------------------------

@test "options that make no sense: exit 2 and a sentence; a secret that cannot be read: exit 5" {
	local bad
	: >"$WORK/empty"
	for bad in --auth-secret= "--auth-secret=@$WORK/empty" --rate-limit=-1 --rate-limit=x \
	    --rate-limit=2m/s --rate-limit=1/x --rate-limit=0.5/h; do
		run timeout 5 "$HAIL" serve --listen 127.0.0.1:0 "$bad"
		assert_status 2
		assert_output_has "hail: ${bad%%=*}: "
		[ "${#lines[@]}" = 1 ] || fail "more than a line for $bad"
	done
	run timeout 5 "$HAIL" serve --listen 127.0.0.1:0 --auth-secret "@$WORK/nothing"
	assert_status 5
	assert_output_has "hail: --auth-secret: cannot read '$WORK/nothing': No such file"
}

# --- tokens -------------------------------------------------------------------------------------

@test "without a token: 401, a challenge and why; only healthz and metrics are open" {
	start_node --auth-secret "$SECRET"
	local path
	for path in /poll/room /sse/room /ws/room /echo '/poll/room?token=' \
	    '/poll/room?tokens=x'; do
		ask "$path"
		answered 401 'a token is needed, in Authorization: Bearer or ?token='
		grep -qx 'WWW-Authenticate: Bearer realm="hail"' <<<"$output"
	done
	ask /pub/room -d hello
	answered 401 'WWW-Authenticate: Bearer' 'X-Served-By: n1' 'Set-Cookie: hail_node=n1'
	ask /poll/room -u "user:$(token '{}')"
	answered 401 'WWW-Authenticate: Bearer'
	[ "$(status_of "$(http_url 0 /healthz)")" = 200 ]
	[ "$(status_of -I "$(http_url 0 /metrics)")" = 200 ]
	[ "$(status_of "$(http_url 0 /nothing)")" = 404 ]
	[ "$(status_of "$(http_url 0 /pub/room)")" = 405 ]
	talk "open a $(ws_url 0 /ws/room)" "open b $(ws_url 0 /echo)"
	said 'a refused 401' 'b refused 401'
	metric_is 0 hail_unauthorized_total 10
	metric_is 0 hail_published_total 0
}

@test "a token in the field or in the query opens every route" {
	start_node --auth-secret "$SECRET"
	local good field
	good=$(token '{"sub":"ann","exp":1e300}')
	field="Authorization: Bearer $good"
	ask /pub/room -H "$field" -d one
	answered 202
	ask "/pub/room?token=$good" -d two
	answered 202
	ask "/poll/room?since=0&token=$good"
	answered 200 one two
	ask "/poll/room?token=${good//./%2e}&since=0"
	answered 200 one
	ask '/poll/room?since=0' -H "authorization:  bEARER   $good  "
	answered 200 one
	# the field is the one that counts, unless it is not for us
	ask '/poll/room?token=x' -H "$field"
	answered 204
	ask "/poll/room?token=$good" -H 'Authorization: Bearer x'
	answered 401
	ask "/poll/room?token=$good" -H 'Authorization: Basic dTpw'
	answered 204
	start_command stream curl -sSN -m 20 "$(http_url 0 "/sse/room?since=0&token=$good")"
	wait_until file_has "$WORK/stream.out" 'data: one'
	talk "open a $(ws_url 0 "/ws/room?raw=1&token=$good")" 'send a hello' 'next a' \
	    "open b $(ws_url 0 "/echo?token=$good")" 'send b hello' 'next b'
	said 'a text hello' 'b text hello'
	ask "/echo?token=$good"
	answered 426
	metric_is 0 hail_unauthorized_total 1
}

@test "what is wrong with a token is told" {
	start_node --auth-secret "$SECRET"
	local good unsigned
	good=$(token '{}')
	unsigned=${good%.*}
	local no_array='the topics of the token are not an array of strings'
	local -A bad=(
		["$(token '{"exp":1}')"]='the token has expired'
		["$(token '{"nbf":1e10}')"]='the token is not valid yet'
		["$(token '{"exp":"1e10"}')"]='the exp of the token is not a number'
		["$(token '{}' '{"alg":"none"}')"]='the alg of the token is not HS256'
		["$(printf '{"alg":"none"}' | base64url).e30."]='the alg of the token is not HS256'
		["$(token '{}' '{"alg":"RS256"}')"]='the alg of the token is not HS256'
		["$(token '{}' "$GOOD_HEADER" other)"]='the signature of the token is not right'
		["$unsigned."]='the signature of the token is not right'
		["$unsigned"]='the token is not three parts with dots between them'
		["$(token '{"topics":"room"}')"]=$no_array
		["$(token '[]')"]='the claims of the token are no JSON object in base64url'
	)
	for text in "${!bad[@]}"; do
		ask /poll/room -H "Authorization: Bearer $text"
		answered 401 "error=\"invalid_token\", error_description=\"${bad[$text]}\""
		[ "$(tail -n 1 <<<"$output")" = "${bad[$text]}" ] || fail "not: ${bad[$text]}"
		talk "open a $(ws_url 0 "/ws/room?token=$text")"
		said 'a refused 401'
	done
}

@test "the claim topics: 403 for all others" {
	start_node --auth-secret "$SECRET"
	local some
	some=$(token '{"topics":["news","room-*"]}')
	ask "/pub/news?token=$some" -d hello
	answered 202
	ask "/poll/room-7?token=$some"
	answered 204
	for path in /poll/new /poll/newsroom /sse/room; do
		ask "$path?token=$some"
		answered 403 'error="insufficient_scope"' 'the token is not for this topic'
	done
	ask "/pub/room?token=$some" -d hello
	answered 403
	talk "open a $(ws_url 0 "/ws/room?token=$some")" \
	    "open b $(ws_url 0 "/ws/room-1?raw=1&token=$some")" 'send b hello' 'next b' \
	    "open c $(ws_url 0 "/echo?token=$some")" 'send c hello' 'next c'
	said 'a refused 403' 'b text hello' 'c text hello'
	metric_is 0 hail_unauthorized_total 5
	metric_is 0 hail_published_total 2
}

@test "a secret from a file, for the node and for the client, by every transport" {
	printf '%s\r\nanother line\n' "$SECRET" >"$WORK/secret"
	start_node --auth-secret "@$WORK/secret"
	local url=${NODE_URLS[0]} sign=(--jwt-secret "@$WORK/secret" --jwt-claim exp=+1h)
	connect -q "${sign[@]}" -m hello -n 1 "$(ws_url 0 /echo)"
	assert_status 0
	[ "$output" = hello ]
	connect -q "${sign[@]}" -m hello -n 1 --publish 'POST /pub/room' "$url/sse/room"
	assert_status 0
	[ "$output" = hello ]
	connect -q "${sign[@]}" -t longpoll -n 1 "$url/poll/room?since=0"
	assert_status 0
	assert_output_has '"data":"hello"'
	connect -q "${sign[@]}" -t poll -n 1 "$url/poll/room?since=0"
	assert_status 0
	assert_output_has '"data":"hello"'
	connect -q --bearer "$(token '{}')" -t poll -n 1 "$url/poll/room?since=0"
	assert_status 0
	metric_is 0 hail_unauthorized_total 0
}

@test "a client without the token is told, by every transport" {
	start_node --auth-secret "$SECRET"
	local url=${NODE_URLS[0]} try
	for try in "$(ws_url 0 /echo)" "$url/sse/room" "-t longpoll $url/poll/room" \
	    "-t poll $url/poll/room"; do
		# shellcheck disable=SC2086 # several words
		connect -n 1 $try
		assert_status 3
		assert_stderr_has '401 Unauthorized'
		# shellcheck disable=SC2086
		connect -n 1 --jwt-secret wrong $try
		assert_status 3
		assert_stderr_has 'the signature of the token is not right'
	done
	metric_is 0 hail_unauthorized_total 8
}

# --- expiry -------------------------------------------------------------------------------------

@test "a token expires: open WebSockets close with 1008, a stream ends, a held poll is answered" {
	start_node --auth-secret "$SECRET"
	local soon stays stream poll
	soon=$(expiring 3) stays=$(token '{}')
	start_command stream curl -sSN -m 20 "$(http_url 0 "/sse/room?token=$soon")"
	stream=$STARTED_PID
	start_command poll curl -sS -i -m 20 "$(http_url 0 "/poll/room?wait=60s&token=$soon")"
	poll=$STARTED_PID
	start_command stays curl -sSN -m 20 "$(http_url 0 "/sse/room?token=$stays")"
	wait_until metric_is 0 hail_connections 3
	talk "open a $(ws_url 0 "/ws/room?token=$soon")" "open b $(ws_url 0 "/echo?token=$soon")" \
	    'send b hello' 'next b' 'next a' 'next b'
	said 'b text hello' 'a closed 1008' 'b closed 1008'
	wait_until is_gone "$stream"
	wait "$stream"       # with 0: it ended in order
	grep -qx 'id: 0-0' "$WORK/stream.out"
	wait_until is_gone "$poll"
	wait "$poll"
	output=$(tr -d '\r' <"$WORK/poll.out")
	answered 401 'error="invalid_token"' 'the token has expired'
	wait_until metric_is 0 hail_connections 1
	metric_is 0 hail_unauthorized_total 4
	is_running "$STARTED_PID"
}

@test "the close says why; who comes again with another token is let in" {
	start_node --auth-secret "$SECRET"
	connect --json --receive --bearer "$(expiring 2)" "$(ws_url 0 /echo)"
	assert_status 3
	[ "$(jq -c 'select(.type == "close") | [.dir, .code, .reason]' <<<"$output")" = \
	    '["in",1008,"token expired"]' ]
	# one that is minted for each connection
	connect -q --reconnect --backoff 1ms..1ms --on-open hello -n 2 --jwt-secret "$SECRET" \
	    --jwt-claim exp=+2s "$(ws_url 0 '/ws/room?raw=1')"
	assert_status 0
	[ "$output" = $'hello\nhello' ]
}

@test "a token that expires does not keep the node from stopping" {
	start_node --auth-secret "$SECRET"
	start_command stream curl -sSN -m 20 \
	    "$(http_url 0 "/sse/room?token=$(token '{"exp":99999999999}')")"
	wait_until metric_is 0 hail_connections 1
	kill -TERM "${NODE_PIDS[0]}"
	wait_until is_gone "${NODE_PIDS[0]}"
	wait "${NODE_PIDS[0]}"
}

# --- hostile tokens -----------------------------------------------------------------------------

@test "hostile tokens: refused, and the node is what it was" {
	start_node --auth-secret "$SECRET"
	local deep long text
	deep=$(printf '%02000d' 0 | tr 0 '[')
	long=$(printf '%07000d' 0)
	for text in "$long" "$long.$long" '....' '.' '%00' "$(token '{}')%00" '%ff%fe' 'a b c' \
	    "$(token "{\"a\":$deep")" "$(token '{}' "{\"alg\":$deep")" \
	    "$(token '{"exp":1,"exp":9999999999}')" "$(token '{"exp":-1e300}')" \
	    "$(token '{"exp":1e999}')" "$(token $'{"a":"\xff"}')" "$(token '{"a":"\u0000"}')"; do
		run curl -s -o /dev/null -w '%{http_code}' -m 5 -G \
		    "$(http_url 0 "/poll/room?token=${text// /%20}")"
		[[ $output == 401 || $output == 000 ]] || fail "${text:0:60}: not refused"
		run curl -s -o /dev/null -w '%{http_code}' -m 5 "$(http_url 0 /poll/room)" \
		    -H "Authorization: Bearer $text"
		[[ $output == 401 || $output == 000 ]] || fail "${text:0:60}: not refused"
	done
	raw 0 'GET /poll/room HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\0b\r\n\r\n' \
	    >"$WORK/raw" || true
	run ! grep -q 'HTTP/1.1 2' "$WORK/raw"
	ask /poll/room -H "Authorization: Bearer $(token '{}')"
	answered 204
}

# --- rates --------------------------------------------------------------------------------------

@test "a WebSocket that sends too much is closed with 1008, after what was in time" {
	start_node --rate-limit 1/h
	talk "open a $(ws_url 0 /echo)" 'send a one' 'send a two' 'next a' 'next a' \
	    "open b $(ws_url 0 '/ws/room?raw=1')" "open c $(ws_url 0 '/ws/room?raw=1')" \
	    'repeat b 3 m' 'next b' 'next b' 'next c' 'send c last' 'next c'
	said 'a text one' 'a closed 1008' 'b text m0' 'b closed 1008' 'c text m0' 'c text last'
	metric_is 0 hail_rate_limited_total 2
	metric_is 0 hail_published_total 2
	connect --json -m one -m two -n 2 "$(ws_url 0 /echo)"
	assert_status 3
	[ "$(jq -c 'select(.type == "close") | [.dir, .code, .reason]' <<<"$output")" = \
	    '["in",1008,"rate limit"]' ]
}

@test "a client that floods sees the close all the same" {
	start_node --rate-limit 100/s
	talk "open a $(ws_url 0 /echo)" 'big a 20000 1000' 'skip a 100' 'closed a'
	said 'a closed 1008'
	metric_is 0 hail_rate_limited_total 1
	wait_until metric_is 0 hail_connections 0
}

@test "too many requests: 429 and Retry-After, for each address by itself" {
	start_node --rate-limit 1/h
	ask /pub/room -d one
	answered 202
	ask /pub/room -d two
	answered 429 'more requests than --rate-limit allows' 'X-Served-By: n1'
	local after
	after=$(sed -n 's/^Retry-After: //p' <<<"$output")
	[ "$after" -ge 1 ] && [ "$after" -le 3600 ]
	ask '/poll/room?since=0'
	answered 429
	ask /sse/room
	answered 429
	ask '/poll/room?since=0' --interface 127.0.0.2
	answered 200 '"data":"one"'
	ask '/poll/room?since=0' --interface 127.0.0.2
	answered 429
	[ "$(status_of "$(http_url 0 /healthz)")" = 200 ]
	[ "$(status_of "$(http_url 0 /nothing)")" = 404 ]
	talk "open a $(ws_url 0 '/ws/room?raw=1&since=0')" 'next a'
	said 'a text one'
	metric_is 0 hail_rate_limited_total 4
	metric_is 0 hail_published_total 1
}

@test "both: a request beyond the rate is refused before its token is looked at" {
	start_node --auth-secret "$SECRET" --rate-limit 1/h
	ask '/poll/room?token=x'
	answered 401
	ask "/poll/room?token=$(token '{}')"
	answered 429
	metric_is 0 hail_unauthorized_total 1
	metric_is 0 hail_rate_limited_total 1
}

@test "no limit unless it is asked for" {
	start_node --rate-limit 0
	for _ in 1 2 3; do
		ask /poll/room
		answered 204
	done
	talk "open a $(ws_url 0 /echo)" 'repeat a 5000 m' 'skip a 4999' 'next a'
	said 'a text m4999'
}
