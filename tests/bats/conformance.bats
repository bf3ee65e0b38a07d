# RFC 6455 and RFC 7692 from the client's side: every case of tests/conformance, whose server shares
# nothing with the codec under test; and that server itself, judged by clients of other making.

load helper

suite=$ROOT/tests/conformance/conformance.js

# conforms CATEGORY: all of its cases; those that fail are listed.
conforms() {
	run node "$suite" --only "$1" run "$HAIL" connect --echo -q
	[[ ${lines[-1]} =~ ^1\.\.[1-9] ]] || fail "the suite did not come to its end"
	output=$(grep -v '^ok ' <<<"$output")
	assert_status 0
}

@test "the opening handshake" {
	conforms opening
}

@test "framing" {
	conforms framing
}

@test "pings and pongs" {
	conforms pings
}

@test "reserved bits" {
	conforms reserved-bits
}

@test "reserved opcodes" {
	conforms opcodes
}

@test "fragmented messages" {
	conforms fragments
}

@test "texts that are UTF-8" {
	conforms utf8-valid
}

@test "texts that are not UTF-8" {
	conforms utf8-invalid
}

@test "texts that are refused before their end" {
	conforms utf8-early
}

@test "the closing handshake" {
	conforms closing
}

@test "long messages, many messages, slow readers" {
	conforms limits
}

@test "fragments of odd sizes" {
	conforms chunks
}

@test "permessage-deflate: the vectors of the RFC and whole windows" {
	conforms deflate-vectors
}

@test "permessage-deflate: every combination of parameters" {
	conforms deflate-parameters
}

@test "permessage-deflate: messages of many kinds and sizes" {
	conforms deflate-messages
}

@test "permessage-deflate: data that are wrong" {
	conforms deflate-errors
}

@test "the same over TLS" {
	make_certificates
	for category in opening framing fragments closing limits; do
		run node "$suite" --only $category --tls "$WORK/server.pem" \
		    run "$HAIL" connect --cacert "$WORK/ca.pem" --echo -q
		[[ ${lines[-1]} =~ ^1\.\.[1-9] ]] || fail "the suite did not come to its end"
		output=$(grep -v '^ok ' <<<"$output")
		assert_status 0
	done
}

@test "every category has its test" {
	run diff <(sed -n 's/^\tconforms \([a-z]\)/\1/p' "$BATS_TEST_FILENAME" | sort) \
	    <(node "$suite" list | sed 's/^[0-9]* //; s/:.*//' | sort -u)
	assert_status 0
}

@test "the suite finds the faults of a faulty client" {
	run node "$ROOT/tests/conformance/selftest.js"
	output=$(grep -v '^ok ' <<<"$output")
	assert_status 0
}

# agrees SCRIPT PATTERN: that client plays all cases that ask for no early end, and fails none but
# those that match, which are its known liberties.
agrees() {
	local url last count
	start_command suite node "$suite" --limit 2 serve
	wait_announced suite '^listening ([0-9]+)'
	url=ws://127.0.0.1:${BASH_REMATCH[1]}
	last=$(node "$suite" list | grep -v ' utf8-early: ' | tail -n 1)
	last=${last%% *}
	run timeout 300 "${@:3}" "$ROOT/tests/foreign/$1" "$url" 1 "$last"
	assert_status 0
	count=$(grep -cE '^(not )?ok ' "$WORK/suite.out")
	[ "$count" -eq "$last" ] || fail "$count cases were judged, of $last"
	output=$(grep '^not ok ' "$WORK/suite.out" | grep -vE "$2" || true)
	[ -z "$output" ] || fail "these should have passed"
	count=$(grep -c '^ok ' "$WORK/suite.out")
	[ "$count" -gt 1200 ] || fail "only $count cases passed"
}

@test "Node's ws passes, but for its known liberties" {
	local known='the extension answer permessage-deflate(,| and) permessage-deflate'
	known+='|window_bits=(08|1e1)$|with a length of (16|64) bits|a thousand pings in one write'
	known+='|of 4 MiB in fragments of 64 bytes|the window outlives a final block'
	known+='|is refused early'
	agrees echo.js "$known" node
}

@test "python3-websockets passes, but for its known liberties" {
	local known='with a length of (16|64) bits|behind a (finished|whole|message)'
	known+='|frames in the same write as the answer|an invalid text between valid ones'
	known+='|half a character in one message|closing: (a message|messages of 256 KiB)'
	known+='|a close frame and FIN at once'
	known+='|7\.2\.3\.4: (messages|the window)|client_max_window_bits=8|into a plain message'
	known+='|is refused early'
	agrees echo.py "$known" /usr/bin/python3
}
