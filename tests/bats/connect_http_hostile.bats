# connect_http_hostile.bats: `hail connect` by HTTP and servers that wish it ill. It ends in time,
# with the status of the manual and one error of the right class, in bounded memory.

load helper
load connect

unset http_proxy https_proxy all_proxy no_proxy HTTPS_PROXY ALL_PROXY NO_PROXY
ASAN_OPTIONS=$ASAN_OPTIONS:quarantine_size_mb=8

setup_file() {
	start_foreign cheat.js
	export CHEAT_PORT=$FOREIGN_PORT CHEAT_OUT=$FOREIGN_OUT CHEAT=http://127.0.0.1:$FOREIGN_PORT
}

# meet TRANSPORT STATUS CLASS [OPTION...]: each mode of the lines of input; see meet_http.py.
meet() {
	/usr/bin/python3 -B "$BATS_TEST_DIRNAME/meet_http.py" "$HAIL" "$CHEAT_PORT" \
	    "$(memory_limit 40)" "$@"
}

# --- framing ------------------------------------------------------------------------------------

# Modes that event streams and polls have in common, with a prefix.
protocol_breaches() {
	sed "s/^/$1-/" <<-END
		length-twice Content-Length
		length-list Content-Length
		length-negative Content-Length
		length-plus Content-Length
		length-hex Content-Length
		length-huge Content-Length
		length-empty Content-Length
		both-framings Content-Length
		coding-twice Transfer-Encoding
		coding-unknown Transfer-Encoding
		coding-1.0 Transfer-Encoding
		chunk-garbage chunk
		chunk-negative chunk
		chunk-lf chunk
		chunk-unended chunk
		gzip-garbage gzip
		gzip-cut gzip
		gzip-wrong-sum gzip
		gzip-more gzip
		gzip-twice Content-Encoding
		brotli br
		head-garbage HTTP
		head-nothing HTTP
		head-status HTTP
		head-version HTTP
		head-fold head
		head-space head
		head-null head
		interim-upgrade 101
	END
}

cut_answers() {
	sed "s/^/$1-/" <<-END
		length-long within the body
		chunk-cut within the body
		chunk-none within the body
		gzip-cut-open closed
		head-cut within the head
		interim-only before the answer
	END
}

limits() {
	sed "s/^/$1-/" <<-END
		chunk-huge chunk
		chunk-size-endless chunk
		chunk-extension-endless chunk
		trailers-endless trailer
		head-line-endless a response head of more than
		head-endless head
		head-status-endless a response head of more than
		interim-endless 1xx
	END
}

@test "event streams: what is no HTTP, or framed in two ways" {
	protocol_breaches sse | meet sse 3 protocol
}

@test "event streams: answers that break off" {
	cut_answers sse | meet sse 3 closed
	meet sse 3 closed <<-END
		sse-cut in the middle of an event
		close instead of answering
		reset reset by peer
	END
}

@test "event streams: heads and frames without end" {
	limits sse | meet sse 3 limit
}

@test "polls: what is no HTTP, or framed in two ways" {
	protocol_breaches poll | meet poll 3 protocol
	protocol_breaches poll | meet longpoll 3 protocol
}

@test "polls: answers that break off" {
	cut_answers poll | meet poll 3 closed
	cut_answers poll | meet longpoll 3 closed
	meet poll 3 closed <<-END
		close instead of answering
		reset reset by peer
	END
}

@test "polls: heads and frames without end" {
	limits poll | meet poll 3 limit
}

@test "none of these is tried again, but for those that broke off" {
	meet sse 3 protocol --reconnect <<<'sse-both-framings'
	meet sse 3 limit --reconnect <<<'sse-head-endless'
	meet poll 3 protocol --reconnect <<<'poll-chunk-garbage'
	connect --json --reconnect=2 --backoff 1ms..1ms "$CHEAT/sse-length-long"
	assert_status 3
	[ "$(json 'select(.type == "retry") | .class' | sort | uniq -c | tr -s ' \n' ' ')" = \
	    ' 2 "closed" ' ]
}

# --- refusals -----------------------------------------------------------------------------------

refusals() {
	sed "s/^/$1/" <<-END
		refuse-endless no no
		refuse-sized no no
		refuse-chunk-endless nnn
		refuse-cut no
		refuse-bomb no no
		refuse-chunk-garbage
		refuse-gzip-garbage
	END
}

@test "refusals whose body has no end, or makes no sense" {
	refusals '' | meet sse 3 http
	refusals '' | meet poll 3 http
	refusals mime- | meet sse 3 handshake
	meet sse 3 http --timeout 300ms <<<'refuse-stalled 403'
	meet longpoll 3 http --timeout 300ms <<<'refuse-stalled 403'
	meet sse 3 handshake --timeout 300ms <<<'mime-refuse-stalled'
}

@test "redirects that lead nowhere" {
	meet sse 3 http <<-END
		loop 10 redirects in a row
		endless-chain 10 redirects in a row
		to-file 302
		to-garbage 302
		to-nowhere 302
		to-huge
	END
	meet sse 3 closed <<<'to-endless-body instead of answering'
	meet poll 3 http <<<'loop 10 redirects in a row'
}

# --- streams ------------------------------------------------------------------------------------

@test "lines, events, ids and comments without end" {
	meet sse 3 limit --max-message 1MiB <<-END
		sse-line-endless a line of the event stream is longer than 1048576 bytes
		sse-field-endless longer than
		sse-comment-endless longer than
		sse-name-endless longer than
		sse-id-endless longer than
		sse-event-endless the data of an event are longer than 1048576 bytes
		sse-bomb-line longer than
		sse-bomb-event longer than
		sse-binary longer than
	END
	meet sse 3 limit <<<'sse-id-huge an event id is longer than'
}

@test "floods of what is no message take no memory" {
	meet sse 0 - --linger 500ms <<-END
		sse-comments
		sse-blank
		sse-ids
		sse-bomb-comments
		sse-only-head
	END
}

@test "as many messages as are wanted, out of a flood" {
	meet sse 0 - -n 1000 <<-END
		sse-flood
		sse-bomb-flood
	END
}

@test "what is behind the body is no part of it" {
	connect -q "$CHEAT/sse-length-short"
	assert_status 0
	[ "$output" = x ]
	connect -q "$CHEAT/sse-204-body"
	assert_status 0
	[ -z "$output" ]
	connect -q "$CHEAT/sse-id-null"
	[ "$output" = $'x\ny' ]
}

@test "nobody answers" {
	meet sse 3 timeout --timeout 300ms <<-END
		never still waiting for the answer
		head-half still waiting for the answer
	END
	meet poll 3 timeout --timeout 300ms <<-END
		never
		head-half
	END
	meet longpoll 3 timeout --timeout 300ms --poll-wait 100ms <<-END
		never
	END
	meet poll 3 timeout --timeout 300ms <<<'poll-stalled'
	meet sse 3 timeout --idle-timeout 300ms <<<'sse-only-head nothing came within'
}

@test "reconnection times: a day at most, ten minutes for Retry-After" {
	start_command day "$HAIL" connect --json -n 2 "$CHEAT/sse-retry-huge"
	wait_until file_has "$WORK/day.out" '"wait_ms":86400000.000'
	kill -INT "$STARTED_PID"
	wait_until is_gone "$STARTED_PID"
	start_command after "$HAIL" connect --json --reconnect "$CHEAT/retry-after-huge"
	wait_until file_has "$WORK/after.out" '"wait_ms":600000.000'
	kill -INT "$STARTED_PID"
	wait_until is_gone "$STARTED_PID"
	start_command poll "$HAIL" connect -t poll --poll-interval 5ms \
	    "$CHEAT/poll-retry-after-huge"
	wait_until file_has "$WORK/poll.err" 'asked again in 600 s'
	kill -INT "$STARTED_PID"
	wait_until is_gone "$STARTED_PID"
	connect -q -n 20 "$CHEAT/sse-retry-0"
	assert_status 0
}

# --- polls --------------------------------------------------------------------------------------

@test "bodies without end, deep, wide and wrong" {
	meet poll 3 limit --max-message 1MiB <<-END
		poll-body-endless an answer of more than 1048576 bytes
		poll-chunks-endless an answer of more than
		poll-bomb an answer of more than
	END
	meet poll 3 protocol <<-END
		poll-deep not JSON
		poll-deep-whole not JSON
		poll-deep-objects not JSON
		poll-html not JSON
		poll-number not JSON
		poll-not-utf-8 not JSON
	END
	meet poll 0 - -n 1000 --max-message 1MiB <<<'poll-wide'
	meet poll 0 - -n 1 <<<'poll-keys'
}

@test "cursors that cannot be given back" {
	meet poll 3 limit <<-END
		poll-etag-huge too long to be given back
		poll-modified-huge too long to be given back
	END
	meet poll 3 limit --poll-items /items --poll-cursor /next <<-END
		poll-cursor-huge cursor of more than
		poll-cursor-null NUL
	END
	meet poll 0 - -n 1 <<-END
		poll-id-huge
		poll-id-null
	END
}

@test "bytes that nobody asked for are no answer" {
	connect -q -t longpoll -n 2 "$CHEAT/smuggle"
	assert_status 0
	[ "$output" = $'{"id":1}\n{"id":2}' ] || fail 'the smuggled answer was taken'
	connect -q -t poll --poll-interval 5ms -n 3 "$CHEAT/poll-length-short"
	assert_status 0
	[ "$output" = $'{"id":1}\n{"id":2}\n{"id":3}' ]
	meet poll 0 - --poll-interval 5ms --linger 200ms <<-END
		poll-304-first
		poll-304-body
	END
}

@test "a server that answers once: the request is sent again, once" {
	before=$(grep -c 'request poll-once' "$CHEAT_OUT") || true
	connect --json -t poll --poll-interval 5ms "$CHEAT/poll-once"
	assert_status 3
	[ "$(json 'select(.type == "error") | .class')" = '"closed"' ]
	[ "$(($(grep -c 'request poll-once' "$CHEAT_OUT") - before))" = 3 ]
}

# --- what is published --------------------------------------------------------------------------

# publishes MODE CLASS WORDS: what --json tells of it.
publishes() {
	connect --json --timeout 500ms --wait 1s --publish "POST /$1" -m hello "$CHEAT/room"
	assert_status 3
	[ "$(json 'select(.type == "error") | .class')" = "\"$2\"" ] || fail "not one $2"
	assert_output_has "$3"
}

@test "answers to what is published" {
	publishes pub-never timeout 'no answer to a POST within 0.5 s'
	publishes pub-close closed 'instead of answering'
	publishes pub-garbage protocol HTTP
	publishes pub-redirect http 307
	publishes refuse-endless http 'no no'
	publishes refuse-bomb http 'no no'
	publishes refuse-stalled http 403
	publishes head-half timeout 'no answer'
	publishes sse-head-endless limit head
	connect -q --timeout 500ms --wait 1s --publish 'POST /pub-endless' -m hello "$CHEAT/room"
	assert_stderr_has 'had no reply'
	assert_status 0
}

# --- outputs that are full ----------------------------------------------------------------------

@test "a flood is held back while nobody reads the output" {
	local mode
	for mode in sse-flood sse-bomb-flood; do
		mkfifo "$WORK/$mode"
		exec 8<>"$WORK/$mode"
		start_command client bash -c 'exec "$@" >"$0" 8>&-' "$WORK/$mode" \
		    "$HAIL" connect -q "$CHEAT/$mode"
		wait_until 20 held_back "$CHEAT_PORT"
		timeout 20 head -c 3000000 <&8 >/dev/null
		within_memory "$STARTED_PID" 40
		interrupt "$STARTED_PID"
	done
}
