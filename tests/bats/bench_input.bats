# What a user can get wrong before anything is opened: each a sentence that names the place, and
# the documented exit status.

load helper

# refused STATUS PART ARG...: `hail bench ARG...` ends with STATUS and says PART on stderr.
refused() {
	local want=$1 part=$2
	shift 2
	run --separate-stderr "$HAIL" bench "$@"
	assert_status "$want" && assert_stderr_has "$part" && [ -z "$output" ]
}

@test "no workload, an unknown one, no URL" {
	refused 2 'expected a workload'
	refused 2 "no workload 'fanuot'" fanuot ws://127.0.0.1:1
	refused 2 'at least one URL' echo
}

@test "unknown and broken options" {
	refused 2 'unknown option --conections' echo --conections 5 ws://127.0.0.1:1
	refused 2 'unknown option -z' echo -z ws://127.0.0.1:1
	refused 2 '-c needs N' echo ws://127.0.0.1:1 -c
	refused 2 '--rate needs RATE' echo ws://127.0.0.1:1 --rate
	refused 2 "'5x' is not a whole number" echo -c 5x ws://127.0.0.1:1
	refused 2 "'10 s' is not a duration" echo -d '10 s' ws://127.0.0.1:1
	refused 2 "'fast' is not a rate" echo --rate fast ws://127.0.0.1:1
	refused 2 'is not one of constant|poisson' fanout --arrival odd ws://127.0.0.1:1
	refused 2 '--no-tui takes no argument' echo --no-tui=yes ws://127.0.0.1:1
	refused 2 '--connections: expected 1' echo -c 0 ws://127.0.0.1:1
	refused 2 '--size 5' echo --size 5 ws://127.0.0.1:1
	refused 2 '--topics 20' fanout -c 10 --topics 20 ws://127.0.0.1:1
	refused 2 '--publishers 11' fanout -c 10 --publishers 11 ws://127.0.0.1:1
	refused 2 '--rate' fanout --rate 0 ws://127.0.0.1:1
	refused 2 '--node-from' fanout --node-from cookie ws://127.0.0.1:1
	refused 2 '--workers 4' echo -w 4 ws://127.0.0.1:1
}

@test "bad URLs" {
	refused 2 "bad URL 'example.org'" echo example.org
	refused 2 'port from 1 to 65535' echo ws://127.0.0.1:99999
	refused 2 'no fragment' echo 'ws://127.0.0.1/#top'
	refused 2 'IPv6 address' echo 'ws://[::1'
	refused 2 'expected -t ws, not sse' echo https://127.0.0.1
	refused 2 '{tpoic} is not known' fanout 'ws://127.0.0.1/{tpoic}'
}

@test "headers that would split the request" {
	refused 2 '--header' echo -H $'X: a\r\nEvil: b' ws://127.0.0.1:1
	refused 2 '--header' echo -H 'no colon' ws://127.0.0.1:1
	refused 2 '--header' echo -H 'Upgrade: x' ws://127.0.0.1:1
	refused 2 '--origin' echo --origin $'a\nb' ws://127.0.0.1:1
	refused 2 '--subprotocol' echo -s 'a b' ws://127.0.0.1:1
	refused 2 'named twice' echo -s a -s a ws://127.0.0.1:1
	refused 2 '--source-ip' echo --source-ip nowhere ws://127.0.0.1:1
	refused 2 '--connect-to' echo --connect-to a:1:b ws://127.0.0.1:1
}

@test "dialects and templates" {
	refused 2 "no dialect 'nope'" fanout --dialect nope ws://127.0.0.1:1
	refused 5 'cannot read the dialect' fanout --dialect ./none.json ws://127.0.0.1:1
	echo '{"name":"x","publish":"{stamp}","slef":1}' >"$WORK/d.json"
	refused 2 "'slef'" fanout --dialect "$WORK/d.json" ws://127.0.0.1:1
	refused 2 'expected {stamp}' fanout --publish hello ws://127.0.0.1:1
	refused 2 '{nobody}' fanout --publish '{nobody}{stamp}' ws://127.0.0.1:1
	refused 2 '{stamp}' fanout --on-open '{stamp}' ws://127.0.0.1:1
}

@test "requirements are read before the run" {
	refused 2 'p98' echo --require 'p98<5ms' ws://127.0.0.1:1
	refused 2 'p99' echo --require 'p99' ws://127.0.0.1:1
	refused 2 'lost' echo --require 'lost==some' ws://127.0.0.1:1
}

@test "an unwritable --out is found before the run, not after" {
	start_server hostile echo
	refused 5 '/nonexistent/r.json' echo -c 1 -d 1h --out /nonexistent/r.json \
	    "ws://127.0.0.1:$SERVER_PORT"
	refused 5 "$WORK" echo -c 1 -d 1h --out "$WORK" "ws://127.0.0.1:$SERVER_PORT"
}

@test "more connections than descriptors: refused, with the number that works" {
	run --separate-stderr bash -c \
	    "ulimit -n 500; exec '$HAIL' bench hold -c 1000 ws://127.0.0.1:1"
	assert_status 2
	assert_stderr_has 'at most 468 work here'
	assert_stderr_has 'ulimit -Hn'
}

@test "more connections than local ports: refused, with the number and the way out" {
	read -r low high </proc/sys/net/ipv4/ip_local_port_range
	ports=$((high - low + 1))
	limit=$(ulimit -Hn)
	# A process with more descriptors than ports is needed to get that far.
	if [ "$limit" != unlimited ] && [ "$limit" -le $((ports + 100)) ]; then
		run --separate-stderr unshare -n bash -c "
			echo '40000 40099' >/proc/sys/net/ipv4/ip_local_port_range
			exec '$HAIL' bench hold -c 1000 ws://127.0.0.1:1"
		ports=100
	else
		run --separate-stderr "$HAIL" bench hold -c $((ports + 1)) ws://127.0.0.1:1
	fi
	assert_status 2
	assert_stderr_has "at most $ports work"
	assert_stderr_has '--source-ip'
}

@test "nothing there: the run is not valid, and says why" {
	port=$(free_ports)
	run --separate-stderr "$HAIL" bench echo -c 5 -d 1s --out "$WORK/r.json" \
	    "ws://127.0.0.1:$port"
	assert_status 4
	assert_stderr_has 'Connection refused'
	assert_json "$WORK/r.json" '.connections.failed == 5 and .connections.errors.connect == 5
	    and .rig.valid == false'
}

@test "a name that does not resolve" {
	run --separate-stderr "$HAIL" bench echo -c 3 -d 1s --timeout 2s --out "$WORK/r.json" \
	    ws://no-such-host.invalid:9
	assert_status 4
	assert_stderr_has resolve
	assert_json "$WORK/r.json" '.connections.errors.resolve == 3'
}

@test "--help lists the options, and an unknown command is refused" {
	run "$HAIL" bench --help
	assert_status 0
	assert_output_has '--connections N'
	run --separate-stderr "$HAIL" benhc
	assert_status 2
	assert_stderr_has "no command 'benhc'"
}
