# cluster.bats: `hail cluster` starts everything, says where it is, and leaves nothing behind.

load helper

setup() {
	export TMPDIR=$WORK/tmp
	mkdir -p "$TMPDIR"
}

# Every test ends with no process and no file of a cluster left.
teardown() {
	stop_started
	local left
	left=$(ls -A "$WORK/tmp")
	[ -z "$left" ] || fail "files left behind: $left"
}

# The command most tests run: tells its environment as NAME=VALUE lines.
tell='env | grep "^HAIL_[NLR]"'

# value NAME: from the lines of $output.
value() {
	sed -n "s/^$1=//p" <<<"$output"
}

is_up='the cluster is up'

cluster_settled() {
	is_gone "$STARTED_PID" || file_has "$WORK/cluster.err" "$is_up"
}

# cluster_up ARG...: a waiting cluster in the background; CLUSTER_PID and PART_PIDS.
cluster_up() {
	start_command cluster "$HAIL" cluster "$@"
	CLUSTER_PID=$STARTED_PID
	wait_until 20 cluster_settled
	assert_file_has "$WORK/cluster.err" "$is_up"
	mapfile -t PART_PIDS < <(sed -n 's/.* pid \([0-9]*\)$/\1/p' "$WORK/cluster.out" | sort -u)
}

all_gone() {
	local pid
	for pid in "$@"; do
		is_gone "$pid" || return 1
	done
}

# The port behind NAME in the list a waiting cluster prints.
port_of() {
	sed -n "s|^$1 .*://127.0.0.1:\([0-9]*\) .*|\1|p" "$WORK/cluster.out"
}

served_by() {
	curl -s -D - -o "$WORK/body" "$@" | tr -d '\r' | sed -n 's/^x-served-by: *//Ip'
}

# fake_haproxy SHELL-COMMANDS: in $WORK/fake, for a PATH.
fake_haproxy() {
	mkdir "$WORK/fake"
	printf '%s\n' '#!/bin/sh' "$1" >"$WORK/fake/haproxy"
	chmod +x "$WORK/fake/haproxy"
}

# --- what the command sees ----------------------------------------------------------------------

@test "the command gets URLs that answer" {
	run --separate-stderr "$HAIL" cluster -q -n 3 -- sh -ec "$tell"'
		for url in $HAIL_NODES $HAIL_LB $HAIL_LB_STICKY; do
			curl -sf "http://${url#ws://}/healthz" >/dev/null
		done
		for pid in $HAIL_NODE_PIDS; do kill -0 $pid; done
		redis-cli -u $HAIL_REDIS ping'
	assert_status 0
	[ "$(value HAIL_NODES | wc -w)" = 3 ] || fail 'not three nodes'
	[ "$(value HAIL_NODE_PIDS | wc -w)" = 3 ] || fail 'not three pids'
	assert_output_has PONG
	[ -z "$stderr" ] || fail 'something on stderr'
}

@test "nothing the cluster started is left when the command ends" {
	run "$HAIL" cluster -n 2 -- sh -c 'ps -o pid= --ppid $PPID'
	assert_status 0
	# redis, n1, n2, lb and the shell
	mapfile -t pids < <(grep -oxE ' *[0-9]+' <<<"$output" | tr -d ' ')
	[ "${#pids[@]}" = 5 ] || fail 'not five processes'
	all_gone "${pids[@]}"
}

@test "the list goes to stderr when there is a command, to nowhere with -q" {
	run --separate-stderr "$HAIL" cluster -n 1 -- echo only this
	assert_status 0
	[ "$output" = 'only this' ] || fail 'stdout is not only the command'"'"'s'
	assert_stderr_has 'lb-sticky '
	run "$HAIL" cluster -q -n 1 -- echo only this
	[ "$output" = 'only this' ] || fail 'not quiet'
}

@test "the command finds hail in PATH, and its own arguments untouched" {
	run "$HAIL" cluster -q -n 1 --lb none -- sh -c 'command -v hail; echo "$1|$2"' x -n '  two'
	assert_status 0
	[ "${lines[0]}" = "$HAIL" ] || fail 'another hail'
	[ "${lines[1]}" = '-n|  two' ] || fail 'other arguments'
}

@test "the command reads the standard input" {
	run "$HAIL" cluster -q -n 1 --lb none -- cat <<<hello
	assert_status 0
	[ "$output" = hello ]
}

@test "the exit status is the command's" {
	run "$HAIL" cluster -q -n 1 --lb none -- sh -c 'exit 7'
	assert_status 7
	run "$HAIL" cluster -q -n 1 --lb none -- sh -c 'kill -KILL $$'
	assert_status 137
	run -127 "$HAIL" cluster -q -n 1 --lb none -- no-such-command
	assert_status 127
	assert_output_has 'cannot run no-such-command: No such file or directory'
	run "$HAIL" cluster -q -n 1 --lb none -- /etc/passwd
	assert_status 126
}

@test "what the command left running is ended too" {
	run "$HAIL" cluster -q -n 1 --lb none -- sh -c 'sleep 300 >/dev/null 2>&1 & echo $!'
	assert_status 0
	is_gone "$output"
}

# --- parts --------------------------------------------------------------------------------------

@test "--lb none starts no load balancer" {
	run "$HAIL" cluster -n 1 --lb none -- sh -c "$tell"
	assert_status 0
	assert_output_has 'HAIL_NODES=ws://127.0.0.1:'
	assert_output_lacks HAIL_LB
	assert_output_lacks lb-sticky
}

@test "an outer cluster's variables do not reach into an inner one" {
	HAIL_LB=ws://outer HAIL_REDIS=redis://outer \
	    run "$HAIL" cluster -q -n 1 --lb none --redis none -- sh -c "$tell"
	assert_status 0
	assert_output_lacks outer
}

@test "--base-port gives fixed ports: nodes, lb, lb-sticky, Redis" {
	base=$(free_ports 5)
	run "$HAIL" cluster -q -n 2 --base-port "$base" -- sh -c "$tell"
	assert_status 0
	[ "$(value HAIL_NODES)" = "ws://127.0.0.1:$base ws://127.0.0.1:$((base + 1))" ]
	[ "$(value HAIL_LB)" = "ws://127.0.0.1:$((base + 2))" ]
	[ "$(value HAIL_LB_STICKY)" = "ws://127.0.0.1:$((base + 3))" ]
	[ "$(value HAIL_REDIS)" = "redis://127.0.0.1:$((base + 4))" ]
}

@test "--redis uses that Redis and lets it live; others are untouched" {
	start_redis
	ours=$REDIS_URL ours_pid=$REDIS_PID
	start_redis
	run "$HAIL" cluster -q -n 2 --redis "$ours" -- sh -c "$tell"
	assert_status 0
	[ "$(value HAIL_REDIS)" = "$ours" ] || fail 'another Redis'
	run "$HAIL" cluster -q -n 1 -- true
	assert_status 0
	is_running "$ours_pid"
	is_running "$REDIS_PID"
	[ "$(redis-cli -u "$REDIS_URL" ping)" = PONG ]
}

@test "--redis with a password" {
	start_redis --requirepass secret
	with_password=redis://:secret@127.0.0.1:$REDIS_PORT
	run "$HAIL" cluster -q -n 1 --lb none --redis "$with_password" -- true
	assert_status 0
	run "$HAIL" cluster -q -n 1 --lb none --redis "$REDIS_URL" -- true
	assert_status 3
	assert_output_has NOAUTH
}

@test "the round-robin port takes the nodes in turn, cookie or not" {
	run "$HAIL" cluster -q -n 3 -- sh -c '
		for i in 1 2 3 4 5 6; do
			curl -s -b hail_node=n2 -D - -o /dev/null "http://${HAIL_LB#ws://}/healthz"
		done | tr -d "\r" | sed -n "s/^x-served-by: *//Ip"'
	assert_status 0
	[ "${#lines[@]}" = 6 ] || fail 'not six answers'
	[ "$(sort <<<"$output" | uniq -c | awk '{ print $1 $2 }' | xargs)" = '2n1 2n2 2n3' ] ||
		fail 'not taken in turn'
}

@test "the sticky port keeps a client on its node by the cookie that the node set" {
	run "$HAIL" cluster -q -n 3 -- sh -c '
		for client in 1 2 3; do
			for i in 1 2 3 4; do
				curl -s -b jar$client -c jar$client -D - -o /dev/null \
				    "http://${HAIL_LB_STICKY#ws://}/healthz"
			done | tr -d "\r" | sed -n "s/^x-served-by: *//Ip" | sort | uniq -c
		done
		rm -f jar1 jar2 jar3'
	assert_status 0
	[ "$(awk '{ print $1 $2 }' <<<"$output" | sort | xargs)" = '4n1 4n2 4n3' ] ||
		fail 'clients do not stick'
}

@test "a node that dies is reported and taken out; the rest goes on" {
	cluster_up -n 2
	pid=$(sed -n 's/^n1 .* pid //p' "$WORK/cluster.out")
	kill -KILL "$pid"
	wait_until file_has "$WORK/cluster.err" "n1 (pid $pid) ended with signal 9"
	lb=$(port_of lb) sticky=$(port_of lb-sticky)
	for _ in 1 2 3 4 5 6; do
		[ "$(served_by "http://127.0.0.1:$lb/healthz")" = n2 ]
		[ "$(served_by -b hail_node=n1 "http://127.0.0.1:$sticky/healthz")" = n2 ]
	done
	is_running "$CLUSTER_PID"
}

@test "the exit status is the command's though a node died" {
	run "$HAIL" cluster -q -n 2 --lb none -- sh -c '
		node=${HAIL_NODE_PIDS%% *}
		kill -KILL $node
		while [ -e /proc/$node ]; do :; done
		exit 9'
	assert_status 9
	assert_output_has 'n1 (pid '
}

# --- refusals -----------------------------------------------------------------------------------

@test "a missing package is named before anything starts" {
	mkdir "$WORK/empty"
	PATH=$WORK/empty run "$HAIL" cluster -n 1 --lb none -- true
	assert_status 5
	[ "$output" = 'hail: redis-server is not installed: apt install redis-server' ] ||
		fail 'another message'
}

@test "a node that does not start: which one, why, and everything down" {
	run "$HAIL" cluster -n 2 --node-arg --no-such-option -- true
	assert_status 5
	assert_output_has 'n1 did not start: it ended with status '
	assert_output_has 'no-such-option'
}

@test "a load balancer that does not start is tried twice, then named with its last words" {
	fake_haproxy "echo once >>'$WORK/tries'; echo no luck; exit 4"
	PATH=$WORK/fake:$PATH run "$HAIL" cluster -n 1 -- echo ran
	assert_status 5
	[ "$output" = 'hail: lb did not start: it ended with status 4
  lb: no luck' ] || fail 'another message'
	[ "$(wc -l <"$WORK/tries")" = 2 ]
}

@test "every port of --base-port is tried before anything starts" {
	start_redis
	local i
	for i in 0 1 2 3; do
		run "$HAIL" cluster -n 1 --base-port $((REDIS_PORT - i)) -- echo ran
		assert_status 5
		[ "$output" = "hail: port $REDIS_PORT: Address already in use" ] || fail "port $i"
	done
}

@test "a Redis that is not there" {
	run "$HAIL" cluster -n 1 --redis "redis://127.0.0.1:1" -- true
	assert_status 3
	assert_output_has 'cannot connect to Redis at 127.0.0.1:1: Connection refused'
}

@test "usage errors" {
	local bad
	for bad in -n0 -n65 -nx --base-port=65534 --lb=nginx --redis=http://x \
	    --chaos-node=4=drop=1/10 --chaos-node=drop --no-such true; do
		run "$HAIL" cluster "$bad"
		assert_status 2
		assert_output_has 'hail: '
	done
}

# --- ends ---------------------------------------------------------------------------------------

@test "SIGINT, SIGTERM and SIGHUP each end a waiting cluster, with status 0" {
	local signal
	for signal in INT TERM HUP; do
		cluster_up -n 2
		[ "${#PART_PIDS[@]}" = 4 ] || fail 'not four parts'
		kill -s "$signal" "$CLUSTER_PID"
		wait_until is_gone "$CLUSTER_PID"
		wait "$CLUSTER_PID" || fail "status $? after SIG$signal"
		all_gone "${PART_PIDS[@]}" || fail "parts left after SIG$signal"
	done
}

@test "SIGTERM is passed on to the command, and its status is kept" {
	start_command cluster "$HAIL" cluster -n 1 -- sh -c \
	    'trap "exit 11" TERM; echo up; while :; do sleep 0.05; done'
	wait_announced cluster '^up$'
	mapfile -t pids < <(sed -n 's/.* pid \([0-9]*\)$/\1/p' "$WORK/cluster.err" | sort -u)
	kill -TERM "$STARTED_PID"
	wait_until is_gone "$STARTED_PID"
	rc=0
	wait "$STARTED_PID" || rc=$?
	[ "$rc" = 11 ]
	[ "${#pids[@]}" = 3 ]
	all_gone "${pids[@]}"
}

@test "a SIGKILL takes every part and the command with it" {
	start_command cluster "$HAIL" cluster -n 2 -- sh -c 'echo $$; exec sleep 300'
	wait_announced cluster '^([0-9]+)$'
	command_pid=${BASH_REMATCH[1]}
	mapfile -t pids < <(sed -n 's/.* pid \([0-9]*\)$/\1/p' "$WORK/cluster.err" | sort -u)
	[ "${#pids[@]}" = 4 ]
	kill -KILL "$STARTED_PID"
	wait_until all_gone "$command_pid" "${pids[@]}"
	rm -r "$TMPDIR"/hail-cluster.*      # nobody was left to remove it
}

@test "SIGHUP is ignored under nohup" {
	start_command cluster nohup "$HAIL" cluster -n 1 -- sh -c \
	    'kill -HUP $PPID; echo sent; sleep 0.2; exit 12'
	wait_until is_gone "$STARTED_PID"
	rc=0
	wait "$STARTED_PID" || rc=$?
	[ "$rc" = 12 ]
}

@test "interrupted while starting" {
	fake_haproxy "echo \$\$ >'$WORK/pid'; exec sleep 300"
	PATH=$WORK/fake:$PATH start_command cluster "$HAIL" cluster -n 1 -- echo ran
	wait_until test -s "$WORK/pid"
	kill -INT "$STARTED_PID"
	wait_until is_gone "$STARTED_PID"
	rc=0
	wait "$STARTED_PID" || rc=$?
	[ "$rc" = 130 ]
	[ ! -s "$WORK/cluster.out" ]
	is_gone "$(cat "$WORK/pid")"
}

@test "Ctrl-C in a terminal goes to the command, which may finish in its own time" {
	cat >"$WORK/command" <<-'END'
	trap 'curl -sf "http://${HAIL_LB#ws://}/healthz" >body && echo still up >after; exit 3' INT
	echo $$ >ready
	while :; do sleep 0.05; done
	END
	cd "$WORK"
	mkfifo keys
	# script(1) is the terminal: what is written to its input is typed. A shell ignores SIGINT
	# for what it starts in the background, hence env. The status is told by the shell in the
	# terminal, which outlives the Ctrl-C, not by script.
	STDIN=keys start_command terminal env --default-signal=INT SHELL=/bin/sh \
	    script -qc "trap : INT; $HAIL cluster -n 2 -- bash command; echo \$? >status" screen
	exec 9>keys
	wait_until 20 test -s ready
	printf '\003' >&9
	wait_until 20 is_gone "$STARTED_PID"
	exec 9>&-
	cat screen
	[ "$(cat status)" = 3 ]
	assert_file_has after 'still up'
}
