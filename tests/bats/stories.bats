# stories.bats: the example scripts, which tell what hail is for: each is played on two nodes of
# hail's own, and, as far as they can do the same, on servers that we did not write.

load helper
load node

stories=$ROOT/man/examples

# tell STORY OPTION...: on two nodes.
tell() {
	local story=$stories/$1.hail
	shift
	run "$HAIL" cluster -q -n 2 -- sh -c 'story=$1; shift; set -- $HAIL_NODES "$@"
	    n1=$1 n2=$2; shift 2
	    exec "${0}" run "$story" -D n1=$n1 -D n2=$n2 -D lb=$HAIL_LB "$@"' "$HAIL" "$story" "$@"
	assert_status 0
	assert_output_has '1 passed, 0 failed'
}

@test "every example is a script, and is told below" {
	local story
	for story in "$stories"/*.hail; do
		run "$HAIL" run --check -D n1=ws://a -D n2=ws://b -D lb=ws://c -D limited=ws://d \
		    -D secret=s "$story"
		assert_status 0
		story=${story##*/}
		grep -q "^@test \"${story%.hail}:" "$BATS_TEST_FILENAME" ||
			fail "nobody tells $story"
	done
}

@test "hello: a message from one node to the other" {
	tell hello
	assert_output_has 'delivery: '
}

@test "chat: typing indicator, message, read receipt" {
	tell chat
	assert_output_has 'receipt: '
}

@test "dashboard: a gap in an event stream is caught up by Last-Event-ID" {
	tell dashboard
}

@test "notifications: by long polls" {
	tell notifications
}

@test "collaboration: three editors, one order" {
	tell collaboration
}

@test "tracking: who comes late gets the way so far" {
	tell tracking
}

@test "game: twenty ticks, each of them soon" {
	tell game
}

@test "transports: WebSocket, event stream, long poll and poll see the same" {
	tell transports
}

@test "login: refused without a token, ended when it expires" {
	start_node --auth-secret geheim
	run "$HAIL" run -D n1="${NODE_URLS[0]/http/ws}" -D secret=geheim "$stories/login.hail"
	assert_status 0
	run "$HAIL" run -D n1="${NODE_URLS[0]/http/ws}" -D secret=wrong "$stories/login.hail"
	assert_status 3
	assert_output_has 'login.hail:16:'
}

@test "limit: 429 for requests, 1008 for a WebSocket" {
	start_node --rate-limit 6/m
	run "$HAIL" run -D limited="${NODE_URLS[0]/http/ws}" "$stories/limit.hail"
	assert_status 0
}

@test "what the stories promise is not kept by nodes that are not linked" {
	start_node
	start_node
	local story
	for story in hello chat collaboration tracking game transports; do
		run "$HAIL" run --timeout 1s -q -D n1="${NODE_URLS[0]/http/ws}" \
		    -D n2="${NODE_URLS[1]/http/ws}" "$stories/$story.hail"
		assert_status 1
		assert_output_has "$story.hail:"
		assert_output_has 'nothing came'
	done
}

@test "Redis stops: the failure says what did not come, to whom, and how the connection stood" {
	start_redis
	start_node --node n1 --redis "$REDIS_URL"
	start_node --node n2 --redis "$REDIS_URL"
	wait_until all_redis_are up
	kill_redis
	run "$HAIL" run -q -D n1="${NODE_URLS[0]/http/ws}" -D n2="${NODE_URLS[1]/http/ws}" \
	    "$stories/hello.hail"
	assert_status 1
	assert_output_has 'hello.hail:9:1: nothing came to bob within 200 ms'
	assert_output_has '     9 | bob < "hello from ann" within 200ms as delivery'
	assert_output_has '  expected: text "hello from ann"'
	assert_output_has '  nothing came'
	assert_output_has '  bob: open for '
}

@test "a server made with Node's ws: the stories of WebSockets" {
	start_foreign rooms.js
	local ports
	read -ra ports < <(sed -n 's/^listening //p' "$FOREIGN_OUT")
	run "$HAIL" run -D n1="ws://127.0.0.1:${ports[0]}" -D n2="ws://127.0.0.1:${ports[1]}" \
	    "$stories"/{hello,chat,collaboration,tracking,game}.hail
	assert_status 0
	assert_output_has '5 passed, 0 failed'
}

# retell STORY ROOM: the story with a room of that name in $WORK, where each node of nchan gets from
# Redis what is published: one that is asked for a room for the first time does not yet. Its polls
# answer with the bare message.
retell() {
	local i
	sed -e 's|{uuid}|nchan|' -e 's| poll-data /data||' "$stories/$1.hail" >"$WORK/$1.hail"
	for i in "${!NCHAN_URLS[@]}"; do
		start_command "$1-$i" curl -sN -H 'Accept: text/event-stream' \
		    "${NCHAN_URLS[$i]}/sub/$2"
	done
	wait_until nchan_nodes_of "$2" 3
}

@test "a cluster of nginx with nchan: chat, dashboard, notifications and a game" {
	start_nchan_cluster
	retell hello hello-nchan
	retell chat chat-nchan
	retell dashboard board-nchan
	retell game match-nchan
	retell notifications user-nchan
	run "$HAIL" run -D n1="${NCHAN_URLS[0]/http/ws}/stories" \
	    -D n2="${NCHAN_URLS[1]/http/ws}/stories" -D lb="$NCHAN_LB/stories" "$WORK"/*.hail
	assert_status 0
	assert_output_has '5 passed, 0 failed'
}
