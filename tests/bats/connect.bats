# connect.bats: `hail connect` in a pipe: what goes in comes out, once, and the exit status says
# why it ended.

load helper
load connect

setup_file() {
	start_node --node n1
	start_node --node deaf --chaos drop=1/1
	export ECHO=ws://127.0.0.1:${NODE_PORTS[0]}/echo
	export TOPIC=ws://127.0.0.1:${NODE_PORTS[0]}/ws
	export PUBLISH=http://127.0.0.1:${NODE_PORTS[0]}/pub
	export SILENT=ws://127.0.0.1:${NODE_PORTS[1]}/ws/x
}

hostile() {
	start_server hostile "$@"
	URL=ws://127.0.0.1:$SERVER_PORT/
}

# --- in and out ---------------------------------------------------------------------------------

@test "a line in is a message out, and the answer is a line" {
	piped 'hello\nworld\n' "$ECHO"
	assert_status 0
	[ "$output" = $'hello\nworld' ]
	assert_stderr_has 'connected to'
	assert_stderr_has '1000'
}

@test "connect is what hail does when it is given a URL" {
	run --separate-stderr timeout 20 "$HAIL" -q -m hello "$ECHO"
	assert_status 0
	[ "$output" = hello ]
	[ -z "$stderr" ]
}

@test "a last line without its newline, CRLF, and empty lines" {
	piped 'a\r\n\nb' -q "$ECHO"
	assert_status 0
	[ "$output" = $'a\n\nb' ]
}

@test "twenty thousand lines, none lost, none doubled, in order" {
	seq 20000 >"$WORK/in"
	timeout 30 "$HAIL" -q "$ECHO" <"$WORK/in" >"$WORK/out"
	cmp "$WORK/in" "$WORK/out"
}

@test "the same through a pipe that is slower than the socket" {
	seq 20000 >"$WORK/in"
	timeout 30 "$HAIL" -q "$ECHO" < <(cat "$WORK/in") | cat >"$WORK/out"
	cmp "$WORK/in" "$WORK/out"
}

@test "lines that are piped before anyone listens arrive once the server is there" {
	local port
	port=$(free_ports 1)
	seq 100 >"$WORK/in"
	STDIN=$WORK/in start_command client "$HAIL" -q --reconnect --backoff 10ms..50ms \
	    "ws://127.0.0.1:$port/echo"
	wait_until test -s "$WORK/client.err"       # the first attempt has failed
	start_command late "$HAIL" serve --listen "127.0.0.1:$port"
	client=$(sed -n 's/ client$//p' "$WORK/started")
	wait_until is_gone "$client"
	wait "$client"
	cmp "$WORK/in" "$WORK/client.out"
}

@test "one long line, longer than any buffer" {
	head -c 3000000 /dev/zero | tr '\0' x >"$WORK/in"
	echo >>"$WORK/in"
	hostile echo
	timeout 30 "$HAIL" -q "$URL" <"$WORK/in" >"$WORK/out"
	cmp "$WORK/in" "$WORK/out"
}

@test "NUL instead of newline" {
	printf 'a\nb\0c\0' >"$WORK/in"
	timeout 20 "$HAIL" -q -0 "$ECHO" <"$WORK/in" >"$WORK/out"
	cmp "$WORK/in" "$WORK/out"
}

@test "binary: bytes that are not UTF-8" {
	printf '\377\376\n' >"$WORK/in"
	timeout 20 "$HAIL" -q --binary "$ECHO" <"$WORK/in" >"$WORK/out"
	cmp "$WORK/in" "$WORK/out"
}

@test "text that is not UTF-8 is refused by its line, what came before was sent" {
	piped 'good\n\377\n' "$ECHO"
	assert_status 2
	assert_stderr_has 'line 2 of the input is not UTF-8'
	connect -m $'\377' "$ECHO"
	assert_status 2
	assert_stderr_has '--message'
}

@test "messages as options, in order, after those for opening" {
	connect -q -m two -m three --on-open one "$ECHO"
	assert_status 0
	[ "$output" = $'one\ntwo\nthree' ]
}

@test "the input stays with --on-open" {
	piped 'two\n' -q --on-open one "$ECHO"
	assert_status 0
	[ "$output" = $'one\ntwo' ]
}

@test "no input: closes at once, which says that one can connect" {
	connect -q "$ECHO"
	assert_status 0
	[ -z "$output" ]
}

# --- when it ends -------------------------------------------------------------------------------

@test "--wait limits how long a reply is waited for" {
	connect -q -m hello --wait 100ms "$SILENT"
	assert_status 0
	[ -z "$output" ]
}

@test "a greeting is no answer" {
	start_foreign server.js '{"greets":true}'
	connect -q -m hello "ws://127.0.0.1:$FOREIGN_PORT/"
	assert_status 0
	[ "$output" = $'welcome\nhello' ]
}

@test "messages that got no reply are told" {
	connect -q -m hello --wait 100ms "$SILENT"
	assert_stderr_has '1 of 1 messages had no reply in time'
	hostile drop-after 1
	piped 'a\nb\nc\n' --reconnect=1 --backoff 1ms..2ms "$URL"
	assert_stderr_has 'had no reply when the connection was lost'
}

@test "--receive with limits" {
	connect --receive --linger 200ms "$ECHO"
	assert_status 0
	connect --receive --wait 200ms "$ECHO"
	assert_status 0
	connect --receive --wait 200ms -n 1 "$ECHO"
	assert_status 1
}

@test "the URL may stand behind --" {
	connect -q -m hello -- "$ECHO"
	assert_status 0
	[ "$output" = hello ]
	connect -q -- "$ECHO" other
	assert_status 2
}

@test "no control character of a server reaches a terminal" {
	run env SHELL=/bin/sh script -qec "'$HAIL' -m \$(printf 'a\\033[31mb\\007c') '$ECHO'" \
	    "$WORK/screen" </dev/null
	assert_status 0
	assert_file_has "$WORK/screen" '[31mb'
	[ "$(grep -c "$(printf '\033\[31mb')" "$WORK/screen")" = 0 ]
	[ "$(grep -c "$(printf '\007')" "$WORK/screen")" = 0 ]
}

@test "--count ends after so many messages, and fewer are a failure" {
	hostile flood
	connect -q -n 3 --receive "$URL"
	assert_status 0
	[ "${#lines[@]}" = 3 ]
	connect -q -n 2 -m hello --wait 100ms "$SILENT"
	assert_status 1
	assert_stderr_has '0 of 2 messages came'
}

@test "--linger stays open though everything was answered" {
	start_command client "$HAIL" -q -m first --linger 60s "$TOPIC/linger?raw=1"
	wait_until file_has "$WORK/client.out" first
	curl -sf -d second "$PUBLISH/linger" >"$WORK/published"
	wait_until file_has "$WORK/client.out" second
	kill -INT "$STARTED_PID"
	wait_until is_gone "$STARTED_PID"
}

@test "--receive reads no input and stays until the peer closes" {
	hostile close-after 1000 0
	start_command client "$HAIL" --receive "$TOPIC/receive?raw=1"
	wait_until file_has "$WORK/client.err" 'connected to'
	curl -sf -d news "$PUBLISH/receive" >"$WORK/published"
	wait_until file_has "$WORK/client.out" news
	is_running "$STARTED_PID"
}

@test "--echo sends back what comes" {
	start_command client "$HAIL" --echo "$TOPIC/mirror?raw=1"
	wait_until file_has "$WORK/client.err" 'connected to'
	connect -q -n 3 -m ball "$TOPIC/mirror?raw=1"      # its own, and two that came back
	assert_status 0
	[ "$output" = $'ball\nball\nball' ]
}

@test "exit status: closed by the server with 1000, with another code, not at all, lost" {
	hostile close-after 1000 1
	connect -m x "$URL"
	assert_status 0
	hostile close-after 1011 1
	connect -m x "$URL"
	assert_status 3
	assert_stderr_has 1011
	hostile drop-after 1
	connect -n 5 -m x "$URL"
	assert_status 3
	hostile reset-after 1
	connect -n 5 -m x "$URL"
	assert_status 3
}

@test "input that is left when the server closes is not passed over in silence" {
	hostile close-after 1000 1
	yes | head -n 200000 >"$WORK/in"
	run --separate-stderr bash -c "cat '$WORK/in' | timeout 20 '$HAIL' -q '$URL'"
	assert_stderr_has 'before all of the input was sent'
}

@test "SIGINT closes in order, exit status 130" {
	hostile echo
	start_command client "$HAIL" --receive "$URL"
	wait_until file_has "$WORK/client.err" 'connected to'
	kill -INT "$STARTED_PID"
	wait_until is_gone "$STARTED_PID"
	rc=0
	wait "$STARTED_PID" || rc=$?
	[ "$rc" = 130 ]
	wait_until file_has "$SERVER_OUT" 'close 1000'
}

@test "a second SIGINT does not wait for a server that never closes" {
	hostile never-close
	start_command client "$HAIL" --receive "$URL"
	wait_until file_has "$WORK/client.err" 'connected to'
	kill -INT "$STARTED_PID"
	wait_until file_has "$SERVER_OUT" 'close 1000'
	kill -INT "$STARTED_PID"
	wait_until 2 is_gone "$STARTED_PID"
	rc=0
	wait "$STARTED_PID" || rc=$?
	[ "$rc" = 130 ]
}

@test "a reader that has seen enough ends it quietly" {
	hostile flood
	run bash -c "timeout 20 '$HAIL' -q --receive '$URL' | head -n 2"
	assert_status 0
	[ "${#lines[@]}" = 2 ]
}

@test "an output that is full is told" {
	hostile flood
	run bash -c "timeout 20 '$HAIL' -q --receive '$URL' >/dev/full"
	assert_status 5
	assert_output_has 'No space left'
}

@test "a reader that does not read holds the server back, not the memory" {
	hostile flood
	mkfifo "$WORK/pipe"
	exec 8<>"$WORK/pipe"
	"$HAIL" -q --receive "$URL" >"$WORK/pipe" 2>"$WORK/client.err" 3>&- 8>&- &
	client=$!
	echo "$client client" >>"$WORK/started"
	wait_until 30 held_back "$SERVER_PORT"
	[ "$(awk '/^VmRSS:/ { print $2 }' "/proc/$client/status")" -lt 65536 ]
	timeout 20 head -c 3000000 <&8 >"$WORK/some"   # more than was held: it goes on
	[ "$(stat -c %s "$WORK/some")" = 3000000 ]
	exec 8>&-                                      # and nobody reads any more
	wait_until is_gone "$client"
}

# --- what is told -------------------------------------------------------------------------------

@test "--json: every event is an object, and messages are in it" {
	piped 'hello\n' --json "$ECHO"
	assert_status 0
	[ -z "$stderr" ]
	echo "$output" >"$WORK/events"
	assert_json "$WORK/events" '[.[].type] == ["request","open","message","message","close"]' -s
	assert_json "$WORK/events" '[.[].t] | . == sort' -s
	assert_json "$WORK/events" '.[1].phases_ms.upgrade > 0 and .[1].status == 101' -s
	assert_json "$WORK/events" '.[2] | .dir == "out" and .kind == "text" and .data == "hello"
	    and .size == 5' -s
	assert_json "$WORK/events" '.[3] | .dir == "in" and .data == "hello"' -s
	assert_json "$WORK/events" '.[4] | .code == 1000 and .dir == "out"' -s
}

@test "--json: bytes that are not UTF-8 are base64, pings are told, a refusal has its status" {
	printf '\377\376\n' >"$WORK/in"
	timeout 20 "$HAIL" --json --binary "$ECHO" <"$WORK/in" >"$WORK/events"
	assert_json "$WORK/events" 'map(select(.type == "message" and .base64 == "//4=")) |
	    length == 2' -s
	hostile ping-flood
	timeout 1 "$HAIL" --json --receive "$URL" >"$WORK/events" || true
	assert_json "$WORK/events" 'map(select(.type == "ping" and .dir == "in")) | length > 1' -s
	assert_json "$WORK/events" 'map(select(.type == "pong" and .dir == "out")) | length > 1' -s
	hostile refuse-429
	connect --json "$URL"
	assert_status 3
	echo "$output" >"$WORK/events"
	assert_json "$WORK/events" 'map(select(.type == "error")) |
	    .[0].status == 429 and .[0].class == "http"' -s
}

@test "--json: attempts are told" {
	hostile close-at-once
	connect --json --reconnect=2 --backoff 1ms..2ms "$URL"
	assert_status 3
	echo "$output" >"$WORK/events"
	assert_json "$WORK/events" '[.[] | select(.type == "retry") | .attempt] == [1, 2]' -s
}

@test "a server that asks to wait is waited for" {
	hostile refuse-429
	connect --json --reconnect=1 --backoff 1ms..2ms "$URL"
	assert_status 3
	echo "$output" >"$WORK/events"
	assert_json "$WORK/events" '[.[] | select(.type == "retry") | .wait_ms] == [1000]' -s
}

@test "cookies may be given one by one" {
	connect -v --cookie a=1 --cookie b=2 -m x "$ECHO"
	assert_status 0
	assert_stderr_has 'Cookie: a=1; b=2'
}

@test "-v shows both heads and the phases, -vv frames" {
	connect -v -m hello "$ECHO"
	assert_status 0
	[ "$output" = hello ]
	assert_stderr_has 'GET /echo HTTP/1.1'
	assert_stderr_has '101'
	assert_stderr_has upgrade
	connect -vv --no-compress -m hello "$ECHO"
	assert_status 0
	assert_stderr_has text
	assert_stderr_has 'close'
	assert_stderr_has 68
}

@test "-v tells what compression was good for" {
	start_foreign server.js '{}'
	connect -v -m "$(head -c 2000 /dev/zero | tr '\0' x)" "ws://127.0.0.1:$FOREIGN_PORT/"
	assert_status 0
	assert_stderr_has 'deflate   out 1.95 KiB became'
	assert_stderr_has 'deflate   in 1.95 KiB became'
}

@test "refusals: status, body and the likely cause" {
	local mode want
	while read -r mode want; do
		hostile "$mode"
		connect "$URL"
		assert_status 3
		assert_stderr_has "$want"
	done <<-'END'
	refuse-401 401
	refuse-403 Forbidden
	refuse-404 404
	refuse-426 426
	refuse-429 Retry-After
	plain-200 200
	wrong-accept Sec-WebSocket-Accept
	redirect -L
	END
}

@test "a refused upgrade of the node shows what it said" {
	connect "${ECHO%/echo}/nowhere"
	assert_status 3
	assert_stderr_has 404
}

@test "a first message is sent again after a reconnect" {
	hostile drop-after 2
	connect -q --reconnect=2 --backoff 1ms..2ms --on-open hi -m there -n 9 "$URL"
	assert_status 3
	[ "$(grep -c '^message' "$SERVER_OUT")" -ge 4 ]
	[ "$(grep -c '^request' "$SERVER_OUT")" -ge 2 ]
}

@test "a script is recorded" {
	piped 'hello\n' -q --record "$WORK/r.hail" "$ECHO"
	assert_status 0
	assert_file_has "$WORK/r.hail" "$ECHO"
	assert_file_has "$WORK/r.hail" '> hello'
	assert_file_has "$WORK/r.hail" '< text'
}

# --- what is refused ----------------------------------------------------------------------------

# refused WORDS ARG...: exit status 2, and the complaint has WORDS.
refused() {
	local words=$1
	shift
	connect "$@"
	assert_status 2
	assert_stderr_has "$words"
}

@test "usage errors name what is wrong" {
	refused 'expected a URL'
	refused 'one URL' "$ECHO" "$ECHO"
	refused 'expected ws://' ftp://127.0.0.1/
	refused 'fragment' "$ECHO#here"
	refused '--count' -n 0 "$ECHO"
	refused '--message and --echo' -m x --echo "$ECHO"
	refused '--backoff needs' --backoff 1s..2s "$ECHO"
	refused '--backoff' --reconnect --backoff 3s..2s "$ECHO"
	refused '--fault' --fault everything "$ECHO"
	refused '--reconnect' --reconnect=often "$ECHO"
}

@test "nothing can be smuggled into a request" {
	refused '--header' -H $'X: a\r\nY: b' "$ECHO"
	refused '--header' -H $'X: a\nY: b' "$ECHO"
	refused '--cookie' --cookie $'a=b\r\nX: y' "$ECHO"
	refused '--bearer' --bearer $'t\r\nX: y' "$ECHO"
	refused '--origin' --origin $'http://x\r\nX: y' "$ECHO"
	refused '--subprotocol' -s $'a\r\nX: y' "$ECHO"
	refused '' "$ECHO"$'\r\nX:y'
	refused '' "$ECHO with space"
}

# --- completion ---------------------------------------------------------------------------------

# completed WORD...: what bash offers for the last of these words.
completed() {
	bash -c '
		source <("$1" --completion bash)
		shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_hail
		printf "%s\n" "${COMPREPLY[@]}"' bash "$HAIL" "$@"
}

@test "completion: bash offers commands, options and their values" {
	[[ $(completed hail be) == bench ]]
	[[ $(completed hail connect --rec) == *--receive*--reconnect* ]]
	[[ $(completed hail --rec) == *--receive* ]]
	[[ $(completed hail bench --connect-r) == --connect-rate ]]
	[[ $(completed hail bench --arrival p) == poisson ]]
	[[ $(completed hail connect --fault uns) == '' ]]
	[[ $(completed hail connect --fault unm) == unmasked ]]
}

@test "completion: fish offers the same, zsh accepts its script" {
	"$HAIL" --completion fish >"$WORK/hail.fish"
	run fish --no-config -c "source $WORK/hail.fish; complete -C 'hail bench --connect-r'"
	assert_output_has '--connect-rate'
	run fish --no-config -c "source $WORK/hail.fish; complete -C 'hail connect --fault unm'"
	assert_output_has unmasked
	"$HAIL" --completion zsh >"$WORK/_hail"
	zsh -n "$WORK/_hail"
	[ "$(grep -c -- "'--connect-rate\[" "$WORK/_hail")" = 1 ]
	run "$HAIL" --completion tcsh
	assert_status 2
}

@test "make install puts the completion scripts where the shells look, and uninstall removes all" {
	local make=(env -u MAKEFLAGS -u MAKELEVEL make -C "$ROOT" BUILD="$BUILD"
	    DESTDIR="$WORK/root" PREFIX=/usr)
	"${make[@]}" install
	"$HAIL" --completion bash | cmp - "$WORK/root/usr/share/bash-completion/completions/hail"
	"$HAIL" --completion zsh | cmp - "$WORK/root/usr/share/zsh/site-functions/_hail"
	"$HAIL" --completion fish | cmp - "$WORK/root/usr/share/fish/vendor_completions.d/hail.fish"
	[ -f "$WORK/root/usr/share/man/man1/hail-connect.1" ]
	"${make[@]}" uninstall
	[ -z "$(find "$WORK/root" -type f)" ]
}
