# A cluster we did not write: three nginx with nchan over one Redis, behind HAProxy. What it
# promises is shown by curl alone first; then hail must receive, and count, all of it.

load helper

setup() {
	start_nchan_cluster
}

# publish CHANNEL FIRST LAST [URL...]: these numbers, one after the other, by the URLs in turn; by
# the nodes when none are given.
publish() {
	local channel=$1 i=$2 last=$3
	shift 3
	[ $# -gt 0 ] || set -- "${NCHAN_URLS[@]}"
	for (( ; i <= last; i++)); do
		curl -sS --fail -o /dev/null -d "message $i" "$1/pub/$channel"
		set -- "${@:2}" "$1"
	done
}

# messages FIRST LAST: as they should arrive.
messages() {
	seq -f 'message %g' "$1" "$2"
}

# --- by curl ------------------------------------------------------------------------------------

# take_cursor: from the head of the last answer, for the next question.
take_cursor() {
	etag=$(tr -d '\r' <"$WORK/head" | sed -n 's/^etag: //Ip')
	modified=$(tr -d '\r' <"$WORK/head" | sed -n 's/^last-modified: //Ip')
}

# ask NODE PATH: with the cursor; 0 to 2 is the node. Prints the body.
ask() {
	curl -sS --fail --max-time 10 -D "$WORK/head" -H "If-None-Match: $etag" \
	    -H "If-Modified-Since: $modified" "${NCHAN_URLS[$1]}/$2"
	echo
}

# begin: a long poll that is held by the first node is answered with message 1 of 9, which come by
# all nodes.
begin() {
	start_command poll curl -sS --fail --max-time 10 -D "$WORK/head" "${NCHAN_URLS[0]}/sub/news"
	wait_until nchan_nodes_of news 1
	publish news 1 9
	wait_until is_gone "$STARTED_PID"
	[ "$(cat "$WORK/poll.out")" = 'message 1' ] || fail "$(cat "$WORK/poll.out")"
	take_cursor
}

@test "curl: a long poll begun on one node goes on over the others and loses nothing" {
	local i
	begin
	for i in {2..9}; do
		[ "$(ask $(((i - 1) % 3)) sub/news)" = "message $i" ] || fail "not message $i"
		take_cursor
	done
	start_command poll ask 1 sub/news
	publish news 10 10 "${NCHAN_URLS[2]}"
	wait_until is_gone "$STARTED_PID"
	[ "$(cat "$WORK/poll.out")" = 'message 10' ] || fail "$(cat "$WORK/poll.out")"
}

@test "curl: a cursor means the same on every node, for long and for short polls" {
	local node way
	begin
	for way in sub poll; do
		for node in 0 1 2; do
			[ "$(ask $node $way/news)" = 'message 2' ] || fail "$way on node $node"
		done
	done
}

@test "curl: short polls without a cursor begin with the oldest message, on every node" {
	local node etag='' modified=''
	publish news 1 3
	for node in 0 1 2; do
		[ "$(ask $node poll/news)" = 'message 1' ] || fail "on node $node"
	done
}

# --- hail connect, through the load balancer ----------------------------------------------------

# follow TRANSPORT COUNT [ARG...]: receives so many messages of a channel of its own, CHANNEL.
follow() {
	local transport=$1 count=$2 path=sub
	shift 2
	CHANNEL=followed-by-$transport
	[ "$transport" = poll ] && path=poll
	start_command reader "$HAIL" connect -v --receive -n "$count" -t "$transport" \
	    --poll-items none --poll-interval 20ms "$@" "$NCHAN_LB/$path/$CHANNEL"
	wait_until nchan_nodes_of "$CHANNEL" 1
}

# received COUNT: the reader has ended well, and told these messages, once and in order.
received() {
	wait_until 30 is_gone "$STARTED_PID"
	diff <(messages 1 "$1") "$WORK/reader.out" >&2 || fail "$(cat "$WORK/reader.err")"
	wait "$STARTED_PID" || fail "exit status $?: $(cat "$WORK/reader.err")"
}

@test "hail connect: every message once and in order, by each transport" {
	local transport
	for transport in ws sse longpoll poll; do
		follow $transport 40
		publish "$CHANNEL" 1 40 "$NCHAN_LB"
		received 40
	done
}

# told COUNT: so many lines of the reader's.
told() {
	[ "$(wc -l <"$WORK/reader.out")" -ge "$1" ]
}

# serving: NODE, which holds the one request there is.
serving() {
	for NODE in 0 1 2; do
		[ -n "${NCHAN_PIDS[NODE]}" ] && nchan_serves 1 $((NODE + 1)) && return 0
	done
	return 1
}

# outlive TRANSPORT COMMAND...: each is run when NODE has the reader, who was told ten messages;
# while it does not get to run, ten more are published.
outlive() {
	local command last=10
	follow "$1" $(($# * 10)) --reconnect --backoff 20ms..200ms
	publish "$CHANNEL" 1 10
	for command in "${@:2}"; do
		wait_until told $last
		wait_until serving
		kill -STOP "$STARTED_PID"
		"$command"
		publish "$CHANNEL" $((last + 1)) $((last + 10))
		kill -CONT "$STARTED_PID"
		last=$((last + 10))
	done
	received $last
}

# stop_node: NODE; who publishes goes on with the others.
stop_node() {
	stop_process "${NCHAN_PIDS[NODE]}"
	unset "NCHAN_URLS[NODE]"
	NCHAN_PIDS[NODE]=
}

# crash_node: NODE loses all that it has in memory, and starts anew.
crash_node() {
	local master=${NCHAN_PIDS[NODE]} worker
	worker=$(xargs <"/proc/$master/task/$master/children")
	kill -KILL "$worker"
	wait_until is_gone "$worker"
	wait_until curl -sS -o "$WORK/ignored" "${NCHAN_URLS[NODE]}/poll/alive"
}

@test "hail connect: a long poll whose node is stopped goes on over another and loses nothing" {
	outlive longpoll stop_node stop_node
	assert_file_has "$WORK/reader.err" '410 Gone'
}

@test "hail connect: a long poll whose node crashes goes on over another and loses nothing" {
	outlive longpoll crash_node crash_node crash_node
}

@test "hail connect: an event stream whose node is stopped goes on over another, losing nothing" {
	outlive sse stop_node
	assert_file_has "$WORK/reader.err" 'Last-Event-ID: '
}

@test "hail connect: short polls do not notice that nodes are stopped" {
	follow poll 30
	publish "$CHANNEL" 1 10
	for NODE in 0 1; do
		stop_node
		publish "$CHANNEL" $((NODE * 10 + 11)) $((NODE * 10 + 20))
	done
	received 30
}

# --- hail bench ---------------------------------------------------------------------------------

topics_are_known() {
	local topic
	for topic in hail-{0..3}; do
		nchan_nodes_of "$topic" 3 || return 1
	done
}

# fan_out TRANSPORT ARG...: 60 messages to topics of 10 members each. What is published first is not
# counted, since nchan does not say when a long poll has come; before, every node is made to know
# the topics, which it learns of by being asked.
fan_out() {
	curl -sS -o "$WORK/ignored" "${NCHAN_URLS[@]/%//poll/hail-[0-3]}"
	wait_until topics_are_known
	run_bench fanout -t "$1" --dialect nchan --rate 40/s -d 1500ms --warmup 300ms --drain 1s \
	    --poll-interval 100ms "${@:2}"
	assert_status 0
	assert_json "$WORK/r.json" '.messages.sent == 60 and .messages.post.requests >= 60
	    and .messages.post.refused == 0 and .messages.post.unknown == 0
	    and .delivery.expected == 600 and .delivery.delivered == 600 and .delivery.lost == 0
	    and .delivery.duplicate == 0 and .delivery.reordered == 0
	    and .connections.failed == 0 and .connections.dropped == 0'
}

# from_each TRANSPORT: members on each node, and who publishes too.
from_each() {
	fan_out "$1" -c 30 --topics 3 "${NCHAN_URLS[@]}"
	assert_json "$WORK/r.json" '.delivery.matrix | length == 9 and all(.delivered > 0)'
}

# from_one TRANSPORT: members on each node, all publish to the first.
from_one() {
	fan_out "$1" -c 30 --topics 3 --publishers 3 "${NCHAN_URLS[@]}"
	assert_json "$WORK/r.json" '[.delivery.matrix[] | select(.expected > 0)]
	    | length == 3 and ([.[].from] | unique | length == 1)'
}

# by_turns TRANSPORT: through the load balancer, every request to the next node. The members of a
# topic are every fourth connection, so that each node has some.
by_turns() {
	fan_out "$1" -c 40 --topics 4 "$NCHAN_LB"
	curl -sS "$NCHAN_STATS/;csv" >"$WORK/stats"
	awk -F, '$1 == "nodes" && $2 ~ /^n/ && $8 >= 20 { nodes++ } END { exit nodes != 3 }' \
	    "$WORK/stats" || fail "not by turns: $(cat "$WORK/stats")"
}

@test "hail bench: WebSockets, members and publishers on every node" {
	from_each ws
}

@test "hail bench: event streams, members and publishers on every node" {
	from_each sse
}

@test "hail bench: long polls, members and publishers on every node" {
	from_each longpoll
}

@test "hail bench: short polls, members and publishers on every node" {
	from_each poll
}

@test "hail bench: members on every node, all is published on one" {
	local transport
	for transport in ws sse longpoll; do
		from_one $transport
	done
}

@test "hail bench: short polls of every node, all is published on one" {
	from_one poll
}

@test "hail bench: WebSockets through the load balancer" {
	by_turns ws
}

@test "hail bench: event streams through the load balancer" {
	by_turns sse
}

@test "hail bench: long polls through the load balancer" {
	by_turns longpoll
}

@test "hail bench: short polls through the load balancer" {
	by_turns poll
}
