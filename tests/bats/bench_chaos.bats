# Nodes that break promises by count: what the ledger finds is what they say they did, to the
# message and in each cell of the matrix.

load helper

# injected NODE KIND FROM: how often node number NODE did KIND to messages from node FROM.
injected() {
	curl -fsS "${NODE_URLS[$1 - 1]}/metrics" |
	    sed -n "s/^hail_chaos_injected_total{kind=\"$2\",from=\"$3\"} //p" | grep . || echo 0
}

# cell FROM TO KEY: of the matrix in r.json; 0 when there is no such row.
cell() {
	jq --arg from "$1" --arg to "$2" --arg key "$3" '[.delivery.matrix[] |
	    select(.from == $from and .to == $to) | .[$key]] | add // 0' "$WORK/r.json"
}

# same NODE KIND KEY: in each column of that node, KEY is what the node injected.
same() {
	local from sum=0 counted told
	for from in n1 n2 n3; do
		counted=$(cell "$from" "n$1" "$3")
		told=$(injected "$1" "$2" "$from")
		echo "$2 from $from to n$1: ledger $counted, node $told" >&2
		[ "$counted" = "$told" ] || return 1
		sum=$((sum + counted))
	done
	[ "$sum" -gt 0 ]
}

# start_chaos SPEC SPEC SPEC: three nodes on one Redis, each with its own faults ("": none).
start_chaos() {
	local i=0 spec
	start_redis
	for spec in "$@"; do
		i=$((i + 1))
		start_node --node "n$i" --redis "$REDIS_URL" ${spec:+--chaos "$spec"}
	done
}

load_chaos() {
	run --separate-stderr timeout 120 "$HAIL" bench fanout -c 90 --topics 3 --publishers 9 \
	    --node-from header:X-Served-By --out "$WORK/r.json" "$@" "${NODE_URLS[@]/#http/ws}"
	sound_document "$WORK/r.json"
	# once only: the nodes count on, and a slow generator counts as exactly
	[ "$status" -eq 0 ] || slow_generator "$WORK/r.json"
}

@test "drop, dup and swap on three nodes: lost, duplicate and reordered in each cell" {
	start_chaos drop=1/100 dup=1/70 swap=1/50
	load_chaos --rate 180 -d 5s
	# 900 messages to the 30 members of a topic
	assert_json "$WORK/r.json" '.delivery.expected == 27000 and .messages.sent == 900
	    and .delivery.delivered + .delivery.lost == 27000'
	same 1 drop lost
	same 2 dup duplicate
	same 3 swap reordered
	# … and nothing anywhere else
	assert_json "$WORK/r.json" '([.delivery.matrix[] | select(.to != "n1") | .lost] | add) == 0
	    and ([.delivery.matrix[] | select(.to != "n2") | .duplicate] | add) == 0
	    and ([.delivery.matrix[] | select(.to != "n3") | .reordered] | add) == 0
	    and .delivery.lost == 90'
	assert_json "$WORK/r.json" '.messages.received == .delivery.delivered + .delivery.duplicate'
}

@test "all three faults on one node at once" {
	start_chaos drop=1/40,dup=1/30,swap=1/20 '' ''
	load_chaos --rate 180 -d 3s
	same 1 drop lost
	same 1 dup duplicate
	same 1 swap reordered
}

@test "a node that closes connections: dropped, and what was under way is missed, not lost" {
	start_chaos '' close=1/500 ''
	load_chaos --rate 180 -d 3s
	closed=0
	for from in n1 n2 n3; do
		closed=$((closed + $(injected 2 close "$from")))
	done
	[ "$closed" -gt 0 ]
	assert_json "$WORK/r.json" ".connections.dropped == $closed
	    and .connections.errors.closed == $closed and .delivery.lost == 0
	    and .delivery.missed_while_away >= $closed
	    and .delivery.expected == .delivery.delivered + .delivery.missed_while_away"
}

@test "a delay delays, and loses nothing" {
	start_chaos delay=300ms '' ''
	load_chaos --rate 90 -d 2s
	assert_json "$WORK/r.json" '.delivery.lost == 0 and .delivery.reordered == 0
	    and ([.delivery.matrix[] | select(.to == "n1") | .p50_ms] | min) >= 300'
}

@test "late deliveries are counted as late, and still as delivered" {
	start_chaos delay=300ms '' ''
	load_chaos --rate 90 -d 1s --late 200ms
	# a third of all receivers is on the slow node
	assert_json "$WORK/r.json" '.delivery.expected == 2700 and .delivery.delivered == 2700
	    and .delivery.late >= 900'
}
