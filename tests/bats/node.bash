# node.bash: what the serve*.bats files share (`load node`, behind helper): asking nodes, by their
# number from 0 on, and a Redis that goes away and comes back.

http_url() {
	echo "${NODE_URLS[$1]}$2"
}

# talk STEP...: a conversation, see tests/foreign/talk.js; into $output and $status.
talk() {
	run node "$ROOT/tests/foreign/talk.js" "$@"
}

# said: the whole output of a conversation, told as arguments.
said() {
	# shellcheck disable=SC2154 # run sets them
	[ "$status" -eq 0 ] || fail "the conversation broke off"
	# shellcheck disable=SC2154
	[ "$output" = "$(printf '%s\n' "$@")" ] || fail "expected: $(printf '%s\n' "$@")"
}

ws_url() {
	echo "ws://127.0.0.1:${NODE_PORTS[$1]}$2"
}

# status_of CURL-ARG...: the status alone.
status_of() {
	curl -s -o "$WORK/body" -w '%{http_code}' -m 5 "$@"
}

# metric NODE NAME: its value.
metric() {
	curl -s -m 5 "$(http_url "$1" /metrics)" | sed -n "s/^$2 //p"
}

metric_is() {
	[ "$(metric "$1" "$2")" = "$3" ]
}

redis_is() {
	[ "$(curl -s -m 5 "$(http_url "$1" /healthz)" | jq -r .redis)" = "$2" ]
}

all_redis_are() {
	local i
	for i in "${!NODE_URLS[@]}"; do
		redis_is "$i" "$1" || return 1
	done
}

# raw NODE TEXT: sends the printf format TEXT as it is and prints what comes until the end.
raw() {
	timeout 15 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1" && printf "$2" >&3 && cat <&3' \
	    raw "${NODE_PORTS[$1]}" "$2"
}

# redis_restart [ARG...]: the same port and directory; ARGs go to redis-server.
redis_restart() {
	start_command redis-again redis-server --port "$REDIS_PORT" --bind 127.0.0.1 \
	    --dir "$WORK/redis-$REDIS_PORT" --save '' --daemonize no "$@"
	REDIS_PID=$STARTED_PID
}

kill_redis() {
	kill -KILL "$REDIS_PID"
	wait_until is_gone "$REDIS_PID"
}
