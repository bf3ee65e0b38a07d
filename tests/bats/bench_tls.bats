# bench_tls.bats: `hail bench` through what lies between it and a server: TLS, tokens, compression.

load helper

setup_file() {
	make_certificates
	start_node --node n1 --tls-cert "$WORK/server.crt" --tls-key "$WORK/server.key"
	start_node --node n2 --tls-cert "$WORK/server.crt" --tls-key "$WORK/server.key" \
	    --chaos close=1/1
	export SECURE=wss://localhost:${NODE_PORTS[0]} CLOSING=wss://localhost:${NODE_PORTS[1]}
}

@test "echo over TLS: every connection has its handshake, and its time" {
	run_bench echo -c 50 -d 1s --cacert "$BATS_FILE_TMPDIR/ca.pem" "$SECURE/echo"
	assert_status 0
	assert_json "$WORK/r.json" '.connections | .opened == 50 and .failed == 0'
	assert_json "$WORK/r.json" '.connections.phases_ms.tls | .count == 50 and .p50 > 0'
	assert_json "$WORK/r.json" '.messages.received > 50'
}

@test "fan-out over TLS: all of it arrives, once, in order" {
	run_bench fanout -c 40 --topics 4 --rate 100/s -d 1s --no-tls-resume -k \
	    --require lost==0,duplicate==0,reordered==0 "$SECURE"
	assert_status 0
	assert_json "$WORK/r.json" '.delivery | .expected == 1000 and .delivered == 1000'
}

@test "a certificate that cannot be verified is an error of class tls" {
	run_bench echo -c 5 -d 1s --cacert "$BATS_FILE_TMPDIR/other-ca.pem" "$SECURE/echo"
	assert_status 4
	assert_json "$WORK/r.json" '.connections | .opened == 0 and .errors.tls == 5'
	assert_stderr_has 'is not among the trusted authorities'
	run_bench echo -c 5 -d 1s -k "$SECURE/echo"
	assert_status 0
}

@test "TLS options that make no sense are told before anything is opened" {
	local message
	while read -r message; do
		run --separate-stderr "$HAIL" bench echo -c 1 -d 1s "$message" "$WORK/none" \
		    "$SECURE/echo"
		[ "$status" = 2 ] || [ "$status" = 5 ]
		assert_stderr_has "$message"
	done <<-'END'
	--cacert
	--cert
	--tls-min
	END
}

opened_thrice() {
	[ "$(grep -c '"type":"open"' "$WORK/client.out")" -ge 3 ]
}

@test "a session is resumed when a connection is opened again, unless that is unwanted" {
	local ca=$BATS_FILE_TMPDIR/ca.pem
	start_command client "$HAIL" --json --receive --reconnect --backoff 1ms..1ms \
	    --cacert "$ca" --on-open x "$CLOSING/ws/again"
	wait_until opened_thrice
	stop_process "$STARTED_PID"
	assert_json "$WORK/client.out" '[.[] | select(.type == "open").tls.resumed] |
	    .[0] == false and .[1] and .[2]' -s
	start_command client "$HAIL" --json --receive --reconnect --backoff 1ms..1ms \
	    --cacert "$ca" --no-tls-resume --on-open x "$CLOSING/ws/again"
	wait_until opened_thrice
	stop_process "$STARTED_PID"
	assert_json "$WORK/client.out" '[.[] | select(.type == "open").tls.resumed] | any | not' -s
}

# claims FILE: the claims of the tokens in FILE, which gate.js printed, as JSON, one a line.
claims() {
	sed -n 's/.*authorization=Bearer [^.]*\.\([^.]*\)\..*/\1/p' "$1" | tr '_-' '/+' |
	    while read -r part; do
		while [ $((${#part} % 4)) != 0 ]; do part+='='; done
		base64 -d <<<"$part"
		echo
	    done
}

@test "tokens are minted for each connection" {
	start_foreign gate.js
	run_bench echo -c 5 -d 1s --dialect plain --jwt-secret hush --jwt-claim 'sub=user{conn}' \
	    --jwt-claim exp=+1h "ws://127.0.0.1:$FOREIGN_PORT/echo"
	assert_status 0
	claims "$WORK/foreign-gate-1.out" >"$WORK/claims"
	assert_json "$WORK/claims" 'map(.sub) | sort == [range(5) | "user\(.)"]' -s
	assert_json "$WORK/claims" 'all(.exp == .iat + 3600)' -s
}

@test "compression: fewer bytes for the same messages" {
	local plain
	start_foreign server.js "{}"
	run_bench fanout -c 1 --rate 50/s --size 4KiB -d 1s --dialect plain \
	    "ws://127.0.0.1:$FOREIGN_PORT/"
	assert_status 0
	plain=$(jq .bytes.received "$WORK/r.json")
	run_bench fanout -c 1 --rate 50/s --size 4KiB -d 1s --dialect plain --compress \
	    "ws://127.0.0.1:$FOREIGN_PORT/"
	assert_status 0
	assert_json "$WORK/r.json" '.delivery.lost == 0 and .delivery.delivered == 50'
	[ "$(jq .bytes.received "$WORK/r.json")" -lt $((plain / 4)) ]
}
