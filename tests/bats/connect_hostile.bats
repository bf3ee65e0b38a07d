# connect_hostile.bats: `hail connect` and whoever wishes it ill: servers, proxies, inputs, outputs
# and signals at the wrong moment. It ends in time, with the status of the manual, in bounded
# memory, and says once what was wrong.

load helper
load connect

unset http_proxy https_proxy all_proxy no_proxy HTTPS_PROXY ALL_PROXY NO_PROXY
ASAN_OPTIONS=$ASAN_OPTIONS:quarantine_size_mb=8

# hostile MODE [NUMBER...]: URL and HOST are those of a new server.
hostile() {
	start_server hostile "$@"
	HOST=127.0.0.1:$SERVER_PORT
	URL=ws://$HOST/
}

# meet SCHEME WAYS WANT [OPTION...]: each mode of the lines of input; see meet.py.
meet() {
	local scheme=$1 ways=$2 want=$3
	shift 3
	/usr/bin/python3 -B "$BATS_TEST_DIRNAME/meet.py" "$HAIL" "$BUILD/tests/servers/hostile" \
	    "$scheme" "$ways" "$want" "$(memory_limit 60)" "$@"
}

# --- the upgrade --------------------------------------------------------------------------------

@test "refusals" {
	meet ws all 3 <<-END
		refuse-401 401
		refuse-426 426
		refuse-500 500
		plain-200 200
		redirect 302
	END
}

@test "refusals whose body does not end" {
	meet ws all 3 <<-END
		refuse-endless 403
		refuse-unending 403
		refuse-chunked 403
		refuse-chunk-line 403
		refuse-trailers 403
		refuse-broken 403
	END
	meet ws all 3 --timeout 300ms <<-END
		refuse-stalled 403
	END
}

@test "answers that are none" {
	meet ws all 3 <<-END
		garbage not HTTP
		wrong-accept Sec-WebSocket-Accept
		no-upgrade-header Upgrade
		bad-subprotocol never-offered
		extension-not-offered x-never-offered
		close-at-once instead of answering the upgrade
		reset-at-once Connection reset by peer
		half-head instead of answering the upgrade
		endless-headers a response head of more than
		huge-header-line a response head of more than
		endless-1xx 103
	END
	meet ws all 3 --timeout 300ms <<-END
		silent not open within 0.3 s (still upgrading)
		stalled-head not open within 0.3 s (still upgrading)
		no-accept not open within 0.3 s (still connecting)
	END
}

# --- proxies and TLS ----------------------------------------------------------------------------

@test "HTTP proxies" {
	meet http all 3 <<-END
		garbage does not answer as one
		blunt-garbage does not answer as one
		blunt-endless does not answer as one
		refuse-403 403 Forbidden
		refuse-endless 403 Forbidden
		endless-headers does not answer as one
		huge-header-line does not answer as one
		endless-1xx at too great a length
		half-head without a whole answer
		close-at-once ended the connection without
		reset-at-once Connection reset by peer
	END
	meet http all 3 --timeout 300ms <<-END
		silent still waiting for the proxy
		stalled-head still waiting for the proxy
	END
}

@test "SOCKS5 proxies" {
	meet socks5 all 3 <<-END
		blunt-garbage does not answer as SOCKS5
		blunt-endless does not answer as SOCKS5
		socks-cut-reply without a whole answer
		socks-refuse not allowed by its rules
		socks-password does not answer as SOCKS5
		socks-endless not HTTP
		close-at-once ended the connection without
		reset-at-once Connection reset by peer
	END
	meet socks5 all 3 --timeout 300ms <<-END
		silent still waiting for the proxy
		socks-half still waiting for the proxy
		socks-half-reply still waiting for the proxy
	END
}

@test "TLS peers" {
	meet wss all 3 <<-END
		blunt-garbage TLS
		blunt-endless TLS
		tls-endless TLS
		tls-alert TLS
		tls-alerts TLS
		close-at-once TLS
		reset-at-once Connection reset by peer
	END
	meet wss all 3 --timeout 300ms <<-END
		silent still in the TLS handshake
		tls-half still in the TLS handshake
	END
}

# --- frames -------------------------------------------------------------------------------------

@test "frames that no server may send" {
	meet ws once 3 <<-END
		negative-length RFC 6455
		reserved-rsv RFC 6455
		reserved-rsv1 RFC 6455
		reserved-opcode RFC 6455
		masked RFC 6455
		bad-utf8 RFC 6455
		bad-utf8-split RFC 6455
		non-minimal RFC 6455
		fragmented-control RFC 6455
		long-control RFC 6455
		stray-continuation RFC 6455
		interleaved RFC 6455
		bad-close-code RFC 6455
		close-1-byte RFC 6455
		bad-close-reason RFC 6455
		deflate-garbage RFC 7692
	END
}

@test "messages without end, plain and compressed" {
	meet ws once 3 --max-message 1MiB <<-END
		oversize-frame a message of more than 1048576 bytes
		long-fragments a message of more than 1048576 bytes
	END
	meet ws once 3 <<-END
		deflate-bomb,4096 a message of more than 16777216 bytes, decompressed
	END
}

# --- the end of a conversation ------------------------------------------------------------------

# All of these wait for the server to end the connection, so they do it together.
@test "a close frame ends it in order, though the server keeps the connection" {
	meet ws once 0 <<-END 3>&- &
		bid-and-stay
		bid-and-flood
	END
	in_order=$!
	meet ws once 3 <<-END 3>&- &
		close-and-stay 1011
	END
	lost=$!
	wait "$in_order"
	wait "$lost"
}

# check NAME STATUS WANT WORDS: judges what $WORK/NAME.out and .err hold.
check() {
	local out err
	IFS= read -r -d '' -n 100000 out <"$WORK/$1.out" || true
	IFS= read -r -d '' -n 100000 err <"$WORK/$1.err" || true
	[ "$2" = "$3" ] && [[ ! $err =~ $SANITIZER && $err$out == *"$4"* ]] && return 0
	echo "$1: exit status $2, want $3 and '$4'" >&2
	echo "${err::2000}" >&2
	echo "${out::2000}" >&2
	return 1
}

# receive ARG...: in the background, its output and errors are in $WORK/client.
receive() {
	start_command client "$HAIL" connect "$@"
	CLIENT=$STARTED_PID
}

# ended WANT: the client has ended, with that status.
ended() {
	local rc=0
	wait_until is_gone "$CLIENT"
	wait "$CLIENT" || rc=$?
	check client "$rc" "$1" ''
}

# state MODE WANTED OPTION...: SIGINT to a client of that server, once the server has said WANTED;
# HOST in an option is where that is.
state() {
	local mode=$1 wanted=$2
	shift 2
	hostile "$mode"
	receive --receive --timeout 60s "${@//HOST/$HOST}"
	wait_until file_has "$SERVER_OUT" "$wanted"
	kill -INT "$CLIENT"
	ended 130
}

# connecting PORT: prints how many try to connect to it.
connecting() {
	awk -v port=":$(printf %04X "$1")" 'index($3, port) && $4 == "02"' /proc/net/tcp | wc -l
}

more_connecting() {
	[ "$(connecting "$1")" -gt "$2" ]
}

@test "SIGINT before it is open: connecting, proxy, TLS, upgrade, refusal" {
	hostile no-accept
	before=$(connecting "$SERVER_PORT")
	receive --receive --timeout 60s "$URL"
	wait_until more_connecting "$SERVER_PORT" "$before"
	kill -INT "$CLIENT"
	ended 130
	state silent connected -x HOST ws://peer.example/
	state silent connected -x socks5://HOST ws://peer.example/
	state silent connected wss://HOST/
	state silent request ws://HOST/
	state refuse-stalled request ws://HOST/
}

@test "SIGINT when it is open: idle, slow, flooded, within a message" {
	local mode
	for mode in echo slow-byte flood endless-fragments; do
		state "$mode" request ws://HOST/
	done
}

many_attempts() {
	[ "$(grep -c 'attempt 1' "$WORK/client.err")" -gt 20 ]
}

@test "SIGINT while it waits for another attempt, or makes them without end" {
	hostile close-at-once
	receive --receive --reconnect --backoff 5m..5m "$URL"
	wait_until file_has "$WORK/client.err" 'attempt 1'
	kill -INT "$CLIENT"
	ended 130
	hostile masked
	receive --receive --reconnect --backoff 1ms..1ms "$URL"
	wait_until many_attempts
	kill -INT "$CLIENT"
	ended 130
}

# --- floods, and outputs that are full ----------------------------------------------------------

# stuck REDIRECTION ARG...: as receive, with an output into $WORK/pipe, of which nobody reads but
# the test, from descriptor 8. Waits until the client reads nothing any more.
stuck() {
	local redirection=$1
	shift
	mkfifo "$WORK/pipe"
	exec 8<>"$WORK/pipe"
	start_command client bash -c "exec \"\$@\" $redirection'$WORK/pipe' 8>&-" bash \
	    "$HAIL" connect "$@"
	CLIENT=$STARTED_PID
	wait_until 20 held_back "$SERVER_PORT"
}

@test "as many messages as are wanted, out of a flood" {
	meet ws once 0 -n 1000 <<-END
		flood
	END
}

@test "what is echoed and not taken has a limit, which is told once" {
	hostile no-read-flood
	receive --echo -q "$URL"
	wait_until 20 file_has "$WORK/client.err" 'takes too little of what is echoed'
	interrupt "$CLIENT"
	ended 3
	[ "$(grep -c 'takes too little' "$WORK/client.err")" = 1 ]
}

@test "compressed messages are not unpacked before somebody reads them" {
	hostile deflate-bomb 4
	stuck '>' --json --receive --max-message 4MiB "$URL"
	within_memory "$CLIENT" 100
	timeout 20 head -c 60000000 <&8 >/dev/null     # some of them
	within_memory "$CLIENT" 100
	interrupt "$CLIENT"
	ended 130
}

@test "a server that floods on after our close frame is held back, too" {
	hostile flood-on
	stuck '>' -q -m x "$URL"
	wait_until file_has "$SERVER_OUT" 'close 1000'
	within_memory "$CLIENT" 30
	interrupt "$CLIENT"
	ended 130
}

@test "nobody reads the errors: nothing is blocked" {
	hostile flood
	stuck '2>' -vv --receive "$URL"
	within_memory "$CLIENT" 60
	timeout 20 head -c 3000000 <&8 >/dev/null
	within_memory "$CLIENT" 60
	interrupt "$CLIENT"
	ended 130
}

@test "the last message that is wanted fills the output: it is closed all the same" {
	hostile echo
	head -c 2000000 /dev/zero | tr '\0' x >"$WORK/in"
	mkfifo "$WORK/pipe"
	exec 8<>"$WORK/pipe"
	STDIN=$WORK/in start_command client bash -c 'exec "$@" >"$0" 8>&-' "$WORK/pipe" "$HAIL" \
	    connect -q -n 1 "$URL"
	CLIENT=$STARTED_PID
	wait_until file_has "$SERVER_OUT" gone
	timeout 20 head -c 2000001 <&8 | tail -c 2 | od -An -c | grep -q 'x *\\n'
	ended 0
}

@test "a reader that takes its time gets everything" {
	hostile echo
	head -c 600000 /dev/zero | tr '\0' x | fold -w 99 >"$WORK/in"
	{ timeout 20 "$HAIL" connect -q "$URL" <"$WORK/in"; echo $? >"$WORK/status"; } |
	    { sleep 2.5; wc -l; } >"$WORK/lines"
	[ "$(cat "$WORK/status" "$WORK/lines" | tr '\n' ' ')" = "0 6061 " ]
}

# --- descriptors --------------------------------------------------------------------------------

# fed ARG...: as connect -q, with what stands on stdin.
fed() {
	run --separate-stderr timeout 20 "$HAIL" connect -q "$@"
}

@test "standard files that are closed do not become sockets" {
	hostile echo
	run timeout 20 bash -c '"$@" <&-' bash "$HAIL" connect -q "$URL"
	assert_status 5
	assert_output_has 'cannot read the input: Bad file descriptor'
	run timeout 20 bash -c '"$@" <&-' bash "$HAIL" connect -q -m x "$URL"
	assert_status 0
	[ "$output" = x ]
	run timeout 20 bash -c '"$@" >&-' bash "$HAIL" connect -q -m x "$URL"
	assert_status 5
	assert_output_has 'cannot write to standard output: Bad file descriptor'
	run timeout 20 bash -c '"$@" 2>&-' bash "$HAIL" connect -vv -m x "$URL"
	assert_status 0
	[ "$output" = x ]
	run timeout 20 bash -c '"$@" <&- >&- 2>&-' bash "$HAIL" connect -vv -m x "$URL"
	assert_status 5
}

@test "an input that is a directory, or does not block; a full disk" {
	hostile echo
	fed "$URL" </
	assert_status 5
	assert_stderr_has 'cannot read the input: Is a directory'
	run timeout 20 /usr/bin/python3 -c 'import os, subprocess, sys
r, w = os.pipe()
os.set_blocking(r, False)
hail = subprocess.Popen(sys.argv[1:], stdin=r, stdout=subprocess.PIPE)
for text in (b"one\nt", b"wo\n"):
    os.write(w, text)
    print(hail.stdout.readline().decode(), end="", flush=True)
    if text == b"one\nt":
        continue
    os.close(w)
sys.exit(hail.wait())' "$HAIL" connect -q "$URL"
	assert_status 0
	[ "$output" = $'one\ntwo' ]
	for option in -q --json; do
		run timeout 20 bash -c '"$@" >/dev/full' bash "$HAIL" connect $option -m x "$URL"
		assert_status 5
		[ "$option" = --json ] || assert_output_has 'No space left'
	done
}

@test "SIGHUP ends it, but not behind nohup" {
	hostile echo
	start_command client bash -c 'trap "" HUP; exec "$@"' bash "$HAIL" connect --receive "$URL"
	CLIENT=$STARTED_PID
	wait_until file_has "$WORK/client.err" 'connected to'
	kill -HUP "$CLIENT"
	rm "$WORK/client.err"    # what the next one says is waited for
	receive --receive "$URL"
	wait_until file_has "$WORK/client.err" 'connected to'
	kill -HUP "$STARTED_PID"
	ended 130
	CLIENT=$(sed -n '2s/ .*//p' "$WORK/started")
	is_running "$CLIENT"
}

# --- lines --------------------------------------------------------------------------------------

@test "lines with NUL bytes, and with newlines" {
	hostile echo
	printf 'a\0b\n\0\n' >"$WORK/in"
	timeout 20 "$HAIL" connect -q "$URL" <"$WORK/in" >"$WORK/out"
	cmp "$WORK/in" "$WORK/out"
	printf 'a\nb\0\r\n\0\0c' >"$WORK/in"
	timeout 20 "$HAIL" connect -q -0 "$URL" <"$WORK/in" >"$WORK/out"
	printf '\0' | cat "$WORK/in" - | cmp - "$WORK/out"
}

@test "lines that are too long are told, and nothing waits for ever" {
	hostile echo
	fed "$URL" < <(head -c 70000000 /dev/zero)
	assert_status 2
	assert_stderr_has 'line 1 of the input is longer than 64 MiB'
	fed --fault fragmented "$URL" < <(head -c 18000000 /dev/zero)
	assert_status 2
	assert_stderr_has 'too much in fragments'
}

@test "--count goes on over a reconnect" {
	hostile drop-after 2
	echo one >"$WORK/in"
	fed -n 3 --reconnect --backoff 1ms..2ms --on-open hi "$URL" <"$WORK/in"
	assert_status 0
	[ "$output" = $'hi\none\nhi' ]
}
