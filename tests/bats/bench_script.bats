# bench script: players of a script, against real nodes. Counts are exact, times are not asserted.

load helper
load node

setup_file() {
	start_redis
	start_node --node n1 --redis "$REDIS_URL"
	start_node --node n2 --redis "$REDIS_URL"
}

# script LINE...: $WORK/s.hail
script() {
	printf '%s\n' "$@" >"$WORK/s.hail"
}

# played ARG...: run_bench of that script, which must be valid.
played() {
	run_bench script "$WORK/s.hail" "$@"
	assert_status 0
}

ws_url() {
	echo "${NODE_URLS[$1]/#http/ws}"
}

# Rounds of what comes back, then silence, so that nobody plays twice.
echo_script() {
	script "open a {url}/echo as open" "repeat $1 as i {" "  a > hello {conn} {i}" \
	    '  a < text "hello {conn} {i}" as rtt' '}' "wait ${2:-0ms}"
}

@test "players play once: every message, measure and play is counted" {
	echo_script 20 2s
	played -c 10 -d 300ms --drain 10s "$(ws_url 0)"
	assert_json "$WORK/r.json" '.script.plays.begun == 10 and .script.plays.completed == 10
	    and .messages.sent == 200 and .messages.received == 200
	    and .connections.opened == 10 and .connections.requested == 10
	    and .connections.failed == 0 and .connections.dropped == 0 and .connections.peak == 10
	    and (.script.steps | map([.label, .line, .latency_ms.count]))
	    == [["open", 1, 10], ["rtt", 4, 200]]
	    and .script.play_ms.count == 10 and .script.failures == []
	    and .transport == "script" and .rig.valid and (.rig.warnings | length) == 0'
	assert_output_has '10 players to 1 target, playing'
	assert_output_has '200'
}

@test "again and again: what is counted agrees" {
	echo_script 5
	played -c 5 -d 1s --drain 10s "$(ws_url 0)"
	assert_json "$WORK/r.json" '.script.plays as $p | .script.steps as $s
	    | $p.begun == $p.completed and $p.completed > 5 and $p.unfinished == 0
	    and .messages.sent == 5 * $p.completed and .messages.received == .messages.sent
	    and $s[0].latency_ms.count == $p.completed
	    and $s[1].latency_ms.count == 5 * $p.completed
	    and .connections.opened == $p.completed and .script.play_ms.count == $p.completed
	    and ([.series[].sent] | add) == .messages.sent'
}

@test "an expectation that is never kept: every play fails at its line" {
	script 'open a {url}/echo' 'a > one' 'a < text "two" within 20ms as two'
	played -c 4 -d 1s --drain 5s "$(ws_url 0)"
	assert_json "$WORK/r.json" '.script.plays as $p | $p.completed == 0 and $p.failed >= 4
	    and (.script.failures | length) == 1 and .script.failures[0].line == 3
	    and .script.failures[0].count == $p.failed
	    and .script.steps[0].latency_ms.count == $p.failed
	    and (.script.failures[0].file | endswith("s.hail"))
	    and (.rig.warnings | any(contains("plays failed, most of them")))'
	assert_output_has 's.hail:3 ('
	assert_stderr_has 's.hail:3, the first:'
	# each waits for half a second at least before it begins again
	assert_json "$WORK/r.json" '.script.plays.failed <= 12'
	run_bench script "$WORK/s.hail" -c 2 -d 200ms --require plays.failed==0 "$(ws_url 0)"
	assert_status 1
}

@test "player i goes to URL i mod n, and knows its number" {
	script 'open a {url}' 'a > player {conn}, play {iteration}' \
	    'a < text "player {conn}, play 1"' 'http GET {web}/metrics' 'wait 1s'
	played -c 6 -d 200ms --drain 10s -D "web=${NODE_URLS[0]}" "$(ws_url 0)/echo" \
	    "$(ws_url 1)/echo" "$(ws_url 0)/nowhere"
	assert_json "$WORK/r.json" '.script.plays.completed == 4 and .script.plays.failed == 2
	    and .messages.sent == 4 and .messages.received == 4 and .script.requests == 4
	    and .connections.errors == {"http": 2} and (.targets | length) == 3'
}

@test "from one node to the other, by a script that says where each is" {
	script 'open bob ws {n2}/ws/room-{conn}' 'open ann ws {n1}/ws/room-{conn}' \
	    'repeat 10 {' '  ann > "{uuid} {rand:1000}"' \
	    '  bob < json {"node": "n1"} as delivery' '}' 'wait 1s'
	played -c 5 -d 200ms --drain 10s -D "n1=$(ws_url 0)" -D "n2=$(ws_url 1)" \
	    --require 'delivery.count==50,plays.failed==0,delivery.max<1m'
	assert_json "$WORK/r.json" '.script.plays.completed == 5 and .messages.sent == 50
	    and .connections.opened == 10 and .connections.peak == 10 and .targets == []
	    and ([.requirements[].ok] | all)'
	assert_output_has 'ok      delivery.count==50'
}

@test "forever: stopped at the end, and completed" {
	script 'open a {url}/echo' 'repeat forever {' '  a > x' '  a < text "x" as rtt' '}'
	played -c 5 -d 500ms "$(ws_url 0)"
	assert_json "$WORK/r.json" '.script.plays.begun == 5 and .script.plays.completed == 5
	    and .script.steps[0].latency_ms.count > 5 and (.script | has("play_ms") | not)
	    and .messages.sent >= .messages.received
	    and .messages.sent - .messages.received <= 5'
}

@test "forever: who never gets that far is unfinished, and nothing is valid" {
	script 'open a {url}/echo' 'wait 1h' 'repeat forever {' '  a > x' '}'
	run_bench script "$WORK/s.hail" -c 3 -d 200ms "$(ws_url 0)"
	assert_status 4
	assert_json "$WORK/r.json" '.script.plays.begun == 3 and .script.plays.completed == 0
	    and .script.plays.unfinished == 3'
}

@test "connections that are open for a moment only: the peak is exact, and how long opening took" {
	script 'open a {url}/echo' 'a close' 'a < close' 'wait 3s'
	played -c 4 -d 300ms --drain 20s "$(ws_url 0)"
	assert_json "$WORK/r.json" '.connections.opened == 4 and .connections.peak >= 1
	    and .connections.open_per_s > 2'
}

@test "failed means plays, not connections" {
	port=$(free_ports 1)
	script 'open a {url}/echo' 'a > one' 'a < text "two" within 20ms'
	run_bench script "$WORK/s.hail" -c 2 -d 200ms --require 'failed==0' "$(ws_url 0)"
	assert_status 1
	assert_json "$WORK/r.json" '.connections.failed == 0 and .requirements[0].value > 0'
	script 'open a ws://127.0.0.1:{port}/' 'a < failed connect' 'wait 300ms'
	played -c 2 -d 100ms --drain 10s -D "port=$port" --require 'failed==0'
}

@test "what does not end by the end of the drain is unfinished" {
	script 'open a {url}/echo' 'wait 1h'
	run_bench script "$WORK/s.hail" -c 3 -d 100ms --drain 100ms "$(ws_url 0)"
	assert_status 4
	assert_json "$WORK/r.json" '.script.plays.begun == 3 and .script.plays.unfinished == 3
	    and .rig.reasons == ["nothing was played to its end: 3 plays were begun"]'
}

@test "a warm-up does not count, plays under way when it is over do" {
	echo_script 1 500ms
	played -c 4 --warmup 1s -d 1s --drain 10s "$(ws_url 0)"
	assert_json "$WORK/r.json" '.script.plays.completed < .connections.opened
	    and .script.plays.begun == .script.plays.completed
	    and .messages.sent < .connections.opened and .script.steps[0].label == "open"'
}

@test "nothing to connect to: the run ends at once, and is not valid" {
	port=$(free_ports 1)
	script 'open a ws://127.0.0.1:{port}/' 'wait 1s'
	run_bench script "$WORK/s.hail" -c 5 -d 1h -D "port=$port"
	assert_status 4
	assert_json "$WORK/r.json" '.connections.opened == 0 and .script.plays.failed == 5
	    and .connections.errors == {"connect": 5}
	    and .rig.reasons == ["nothing connected: all of 5 plays failed: connect 5"]'
}

@test "what is expected to fail is no failure" {
	port=$(free_ports 1)
	script 'open a ws://127.0.0.1:{port}/' 'a < failed connect' 'wait 500ms'
	played -c 3 -d 100ms --drain 10s -D "port=$port"
	assert_json "$WORK/r.json" '.script.plays.completed == 3 and .script.plays.failed == 0'
}

@test "a node that goes away: plays fail, players begin again, the run goes on" {
	start_node --node short
	script 'open a {url}/echo' 'repeat forever {' '  a > x' '  a < text "x"' '}'
	start_command bench "$HAIL" bench script "$WORK/s.hail" -c 4 -d 2s --out "$WORK/r.json" \
	    "$(ws_url 2)" "$(ws_url 0)"
	bench=$STARTED_PID
	wait_until file_has "$WORK/bench.err" running
	wait_until 10 has_connections 2
	kill -KILL "${NODE_PIDS[2]}"
	status=0
	wait "$bench" || status=$?
	assert_status 0
	sound_document "$WORK/r.json"
	assert_json "$WORK/r.json" '.script.plays.completed == 2 and .script.plays.failed >= 4
	    and .connections.errors.connect > 0 and .rig.valid'
}

# Node I has connections.
has_connections() {
	[ "$(metric "$1" hail_connections)" -ge 2 ]
}

@test "Ctrl-C: the results so far" {
	echo_script 10
	start_command bench "$HAIL" bench script "$WORK/s.hail" -c 5 -d 1h --out "$WORK/r.json" \
	    "$(ws_url 0)"
	bench=$STARTED_PID
	wait_until file_has "$WORK/bench.err" running
	kill -INT "$bench"
	status=0
	wait "$bench" || status=$?
	assert_status 130
	sound_document "$WORK/r.json"
	assert_json "$WORK/r.json" '.script.plays.begun >= 1
	    and (.rig.warnings | any(startswith("interrupted")))'
	assert_file_has "$WORK/bench.out" plays
}

@test "Ctrl-C in the warm-up: nothing counted, not valid, no requirement holds" {
	echo_script 10
	start_command bench "$HAIL" bench script "$WORK/s.hail" -c 2 -d 1h --warmup 1h \
	    --out "$WORK/r.json" --require 'failed==0,plays.completed>=0' "$(ws_url 0)"
	bench=$STARTED_PID
	wait_until file_has "$WORK/bench.err" 'warming up'
	kill -INT "$bench"
	status=0
	wait "$bench" || status=$?
	assert_status 130
	sound_document "$WORK/r.json"
	assert_json "$WORK/r.json" '.rig.valid == false
	    and .rig.reasons == ["interrupted before anything counted"]
	    and .script.plays.completed == 0 and .messages.sent == 0
	    and ([.requirements[] | .value == null and (.ok | not)] | all)'
}

@test "the validator refuses a script's document that is broken in any of many ways" {
	script 'open a {url} as open' 'a > x' 'a < contains x' 'wait 500ms'
	run_bench script "$WORK/s.hail" -c 2 -d 100ms --drain 10s "$(ws_url 0)/echo" \
	    "$(ws_url 0)/nowhere"
	assert_status 0
	assert_json "$WORK/r.json" '.script.failures[0].line == 1
	    and .script.failures[0].class == "http"'
	run node "$ROOT/tests/schema/refuses.js" "$WORK/r.json"
	assert_status 0
	assert_output_has 'ok 25'
	assert_output_lacks 'not ok'
}

@test "a script from the standard input, with variables and an environment" {
	echo 'PLACE=echo' >"$WORK/env"
	run --separate-stderr "$HAIL" bench script - -c 2 -d 100ms --drain 10s -q \
	    --env-file "$WORK/env" -D word=hi --require 'plays.completed>=2' "$(ws_url 0)" <<-'END'
		open a {url}/{env:PLACE}
		a > {word}
		a < text "hi"
		wait 300ms
	END
	assert_status 0
	[ -z "$output$stderr" ] || fail 'it says something'
}

# refused SENTENCE ARG...: a usage error that says so, before anything is opened.
refused() {
	local sentence=$1
	shift
	run --separate-stderr "$HAIL" bench "$@"
	assert_status 2
	assert_stderr_has "$sentence"
	[ -z "$output" ] || fail "it ran: $*"
}

@test "usage errors, before anything runs" {
	local s=$WORK/s.hail
	script 'open a ws://127.0.0.1:1/ as open' 'a < any as first'
	refused 'expected a file after the workload' script
	refused '--topics: that is up to the script' script "$s" --topics 5
	refused '--rate: that is up to the script' script "$s" --rate 5
	refused '--publishers: that is up to the script' script "$s" --publishers 5
	refused '--dialect: that is up to the script' script "$s" --dialect plain
	refused '--subscribe: that is up to the script' script "$s" --subscribe x
	refused '--publish: that is up to the script' script "$s" --publish '{stamp}'
	refused '--on-open: that is up to the script' script "$s" --on-open x
	refused '--size: that is up to the script' script "$s" --size 1KiB
	refused '--transports: that is up to the script' script "$s" --transports ws
	refused '-t: each `open` of a script says what it speaks' script "$s" -t sse
	refused '--define: only bench script plays one' echo -D a=b ws://127.0.0.1:1
	refused '--allow-exec: only bench script plays one' hold --allow-exec ws://127.0.0.1:1
	refused "--define: expected NAME=VALUE, not 'a'" script "$s" -D a
	refused "bad URL 'nowhere'" script "$s" nowhere
	refused '--connections: expected 1' script "$s" -c 0
	refused '--duration: expected more' script "$s" -d 0s
	refused "--require 'rtt.p99<5ms', at character 1: 'rtt.p99': what a script measures is \
called by a label, and this one has open, first" script "$s" --require 'rtt.p99<5ms'
	refused 'this one has open, first' script "$s" --require 'p99<5ms'
	refused "'lsot' is not known" script "$s" --require 'lsot==0'
	refused 'no-such.hail' script "$WORK/no-such.hail"
}

@test "a bad script: every error with its place, exit status 2" {
	script 'open a ws://127.0.0.1:1/' 'b > hello' 'a < text "{nobody}"'
	refused 's.hail:2:' script "$WORK/s.hail"
	assert_stderr_has 's.hail:3:'
	script 'open a {url}'
	refused 's.hail opens {url}: expected URLs behind it' script "$WORK/s.hail"
}

@test "more players than descriptors: refused, with the number that works" {
	script 'open a ws://127.0.0.1:1/' 'open b ws://127.0.0.1:1/'
	run --separate-stderr bash -c \
	    "ulimit -n 500; exec '$HAIL' bench script '$WORK/s.hail' -c 1000"
	assert_status 2
	assert_stderr_has '1000 players of 2 connections each'
	assert_stderr_has 'at most 234 work here'
}
