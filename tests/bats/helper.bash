# helper.bash: what every .bats file loads first (`load helper`).
#
# A file owns its world: the processes it starts and the directory they live in. What is started
# in setup_file lives until teardown_file, what is started in a test ends with the test; both
# are ended by pid, and waited for. A process that must be killed because it ignores SIGTERM, or
# whose output holds a sanitizer's report, fails the test (or the file) that owns it.
#
#   ROOT HAIL BUILD     the tree, the program under test (override HAIL to try another build),
#                       and the directory of its build
#   WORK                the directory of this test, or of the file while in setup_file
#   start_redis         REDIS_PORT REDIS_PID REDIS_URL
#   start_node ARG...   `hail serve` on a free port; appends to NODE_PIDS NODE_URLS NODE_PORTS
#   start_foreign SCRIPT ARG...     tests/foreign/SCRIPT under node, or Debian's python3 for .py:
#                       FOREIGN_PORT FOREIGN_PID, and FOREIGN_OUT, the file that holds its stdout
#   start_nchan         nginx with nchan: NCHAN_PORT; /sub/ID subscribes by WebSocket, event stream
#                       or long poll, /poll/ID by short polls; a POST to /pub/ID publishes;
#                       /stories/ws, sse, poll and pub the same by the paths of hail's own node
#   start_nchan_cluster three of them over one Redis: NCHAN_URLS NCHAN_PIDS, which are arrays and
#                       so do not come back from setup_file; behind HAProxy, which takes them in
#                       turn: NCHAN_LB; see nchan_nodes_of and nchan_serves
#   start_mosquitto     an MQTT broker, by WebSocket: MOSQUITTO_PORT
#   make_certificates   $WORK/ca.pem, server.pem, named.pem and client.pem (certificate and key),
#                       other-ca.pem, which signed none of them
#   start_tls_proxy URL HAProxy, which ends TLS in front of that node, with these certificates:
#                       TLS_PORT; TLS_CLIENT_PORT, where a client must show one of the CA's;
#                       TLS_NAMED_PORT, whose certificate is for node.example alone
#   start_server PROGRAM ARG...     tests/servers/PROGRAM.c, built:   SERVER_PORT SERVER_PID, and
#                       SERVER_OUT, the file that holds its stdout
#   start_command NAME COMMAND...   anything else: STARTED_PID, output in $WORK/NAME.out .err;
#                       reads from the file named by STDIN, when that is set
#   wait_until [SECONDS] COMMAND... polls; default 10 s
#
# A file that defines its own teardown or teardown_file calls stop_started in it.

bats_require_minimum_version 1.5.0

ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
HAIL=${HAIL:-$ROOT/build/release/hail}
HAIL=$(realpath -m "$HAIL")
BUILD=${HAIL%/*}
export ROOT HAIL BUILD
export LC_ALL=C.UTF-8
export NODE_PATH=$ROOT/build/foreign/node_modules
export ASAN_OPTIONS=${ASAN_OPTIONS:-abort_on_error=0:detect_leaks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}

# How a sanitizer's report begins.
SANITIZER='ERROR: [A-Z][A-Za-z]*Sanitizer|runtime error:'

# bats runs each test in a process of its own: arrays made in setup_file come back from here.
WORK=${BATS_TEST_TMPDIR:-${BATS_FILE_TMPDIR:-}}
NODE_PIDS=() NODE_URLS=() NODE_PORTS=()
if [ -n "${BATS_FILE_TMPDIR:-}" ] && [ -f "$BATS_FILE_TMPDIR/nodes" ]; then
	while read -r pid url port; do
		NODE_PIDS+=("$pid") NODE_URLS+=("$url") NODE_PORTS+=("$port")
	done <"$BATS_FILE_TMPDIR/nodes"
fi

# --- waiting ------------------------------------------------------------------------------------

# Seconds of the monotonic clock, in hundredths, in NOW; no process is started for it.
read_clock() {
	local up
	read -r up _ </proc/uptime
	NOW=$((10#${up/./}))
}

# wait_until [SECONDS] COMMAND...: true as soon as COMMAND is; on timeout says what was awaited.
wait_until() {
	local limit=10 deadline
	if [[ $1 =~ ^[0-9]+$ ]]; then
		limit=$1
		shift
	fi
	read_clock
	deadline=$((NOW + limit * 100))
	until "$@"; do
		read_clock
		if [ "$NOW" -ge "$deadline" ]; then
			echo "waited $limit s in vain for: $*" >&2
			return 1
		fi
		sleep 0.02
	done
}

# Whether the process exists and is not a zombie.
is_running() {
	local stat
	read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
	stat=${stat##*) }
	[ "${stat%% *}" != Z ]
}

is_gone() {
	! is_running "$1"
}

# file_has FILE TEXT: whether a line of FILE holds TEXT.
file_has() {
	grep -qF -- "$2" "$1" 2>/dev/null
}

# --- starting -----------------------------------------------------------------------------------

# start_command NAME COMMAND...: in the background, remembered for stop_started.
start_command() {
	local name=$1
	shift
	# bats waits for everyone who holds its descriptor 3
	"$@" >"$WORK/$name.out" 2>"$WORK/$name.err" <"${STDIN:-/dev/null}" 3>&- &
	STARTED_PID=$!
	echo "$STARTED_PID $name" >>"$WORK/started"
}

show_output() {
	echo "--- $1: stdout" >&2
	tail -n 40 "$WORK/$1.out" >&2
	echo "--- $1: stderr" >&2
	tail -n 40 "$WORK/$1.err" >&2
}

# announced NAME PATTERN: the first line of NAME's stdout, once it matches the extended regular
# expression; BASH_REMATCH holds its groups. Ends early when the process has ended.
announced() {
	local line
	if read -r line <"$WORK/$1.out"; then
		[[ $line =~ $2 ]]
	else
		is_running "$STARTED_PID" || return 2
		return 1
	fi
}

# wait_announced NAME PATTERN: as announced, within 10 s.
wait_announced() {
	local deadline rc
	read_clock
	deadline=$((NOW + 1000))
	while [ "$NOW" -lt "$deadline" ]; do
		announced "$1" "$2" && return 0
		rc=$?
		[ $rc = 2 ] && break
		sleep 0.02
		read_clock
	done
	echo "$1 did not announce itself as /$2/" >&2
	show_output "$1"
	return 1
}

# is_free PORT: nobody listens on it.
is_free() {
	! (exec 9<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# free_ports COUNT: prints the first of so many consecutive free ports, below the range from
# which the kernel takes its own.
free_ports() {
	local count=$1 first i
	while :; do
		first=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
		for ((i = 0; i < count; i++)); do
			is_free $((first + i)) || continue 2
		done
		echo "$first"
		return
	done
}

redis_settled() {
	is_gone "$STARTED_PID" || file_has "$WORK/$1.out" 'Ready to accept connections'
}

# start_redis [ARG...]: nothing is kept on disk; ARGs go to redis-server.
start_redis() {
	local try name
	for try in 1 2 3 4 5; do
		REDIS_PORT=$(free_ports 1)
		name=redis-$REDIS_PORT
		mkdir -p "$WORK/$name"
		start_command "$name" redis-server --port "$REDIS_PORT" --bind 127.0.0.1 \
		    --dir "$WORK/$name" --save '' --appendonly no --daemonize no "$@"
		wait_until redis_settled "$name" || return 1
		if is_running "$STARTED_PID"; then
			export REDIS_PORT REDIS_PID=$STARTED_PID
			export REDIS_URL=redis://127.0.0.1:$REDIS_PORT
			return 0
		fi
	done
	echo "redis-server found no free port in $try tries" >&2
	show_output "$name"
	return 1
}

# start_node [ARG...]: ARGs go to `hail serve`.
start_node() {
	local name=node-${#NODE_PIDS[@]}
	start_command "$name" "$HAIL" serve --listen 127.0.0.1:0 "$@"
	wait_announced "$name" '^hail serve: .* listening on (https?://.*:([0-9]+))$' || return 1
	NODE_PIDS+=("$STARTED_PID") NODE_URLS+=("${BASH_REMATCH[1]}")
	NODE_PORTS+=("${BASH_REMATCH[2]}")
	echo "$STARTED_PID ${BASH_REMATCH[1]} ${BASH_REMATCH[2]}" >>"$WORK/nodes"
}

start_foreign() {
	local name=foreign-${1%.*}-$((++STARTED_COUNT)) script=$ROOT/tests/foreign/$1
	local interpreter=node
	[ "${1##*.}" = py ] && interpreter=/usr/bin/python3   # Debian's, which has the packages
	shift
	start_command "$name" "$interpreter" "$script" "$@"
	wait_announced "$name" '^listening ([0-9]+)' || return 1
	export FOREIGN_PID=$STARTED_PID FOREIGN_PORT=${BASH_REMATCH[1]}
	export FOREIGN_OUT=$WORK/$name.out
}

# listens_or_ended PORT: the process started last has it, or is gone because somebody else has.
listens_or_ended() {
	is_gone "$STARTED_PID" || ! is_free "$1"
}

# start_daemon NAME COUNT CONFIGURE COMMAND...: COMMAND in the foreground, which takes COUNT ports
# from PORT up; `CONFIGURE PORT` writes its configuration before. Tries other ports when these
# were taken meanwhile.
start_daemon() {
	local name=$1 count=$2 configure=$3
	shift 3
	for _ in 1 2 3 4 5; do
		PORT=$(free_ports "$count")
		"$configure" "$PORT" || return 1
		start_command "$name-$PORT" "$@"
		wait_until listens_or_ended $((PORT + count - 1)) || return 1
		is_running "$STARTED_PID" && return 0
	done
	echo "$name did not start" >&2
	show_output "$name-$PORT"
	return 1
}

# In NGINX_DIR, when that is set. Messages are kept by nginx itself or, where NCHAN_BROKER says
# which, by a Redis. As root its workers would become another user, who may not enter $WORK.
write_nginx_config() {
	local modules user='' broker='' by='' dir=${NGINX_DIR:-$WORK/nginx}
	modules=$(nginx -V 2>&1 | grep -o -- '--modules-path=[^ ]*')
	[ "$(id -u)" = 0 ] && user='user root;'
	if [ -n "${NCHAN_BROKER:-}" ]; then
		broker="upstream broker { nchan_redis_server $NCHAN_BROKER; }"
		by='nchan_redis_pass broker;'      # in each location: it is not inherited
	fi
	mkdir -p "$dir"
	cat >"$dir/nginx.conf" <<-EOF
		load_module ${modules#*=}/ngx_nchan_module.so;
		$user
		daemon off;
		worker_processes 1;
		pid $dir/pid;
		error_log stderr warn;
		events { worker_connections 1024; }
		http {
			access_log off;
			client_body_temp_path $dir/body;
			proxy_temp_path $dir/proxy;
			fastcgi_temp_path $dir/fastcgi;
			uwsgi_temp_path $dir/uwsgi;
			scgi_temp_path $dir/scgi;
			nchan_message_buffer_length 10000;
			$broker
			server {
				listen 127.0.0.1:$1;
				location ~ ^/sub/(.+)\$ {
					nchan_subscriber;
					nchan_channel_id \$1;
					nchan_subscriber_first_message newest;
					$by
				}
				location ~ ^/poll/(.+)\$ {
					nchan_subscriber intervalpoll;
					nchan_channel_id \$1;
					$by
				}
				location ~ ^/pub/(.+)\$ {
					nchan_publisher;
					nchan_channel_id \$1;
					$by
				}
				location ~ ^/stories/(ws|sse|poll)/(.+)\$ {
					nchan_pubsub websocket eventsource longpoll;
					nchan_channel_id \$2;
					nchan_subscriber_first_message newest;
					$by
				}
				location ~ ^/stories/pub/(.+)\$ {
					nchan_publisher;
					nchan_channel_id \$1;
					$by
				}
			}
		}
	EOF
}

start_nchan() {
	local dir=${NGINX_DIR:-$WORK/nginx}
	start_daemon nginx 1 write_nginx_config nginx -p "$dir" -c "$dir/nginx.conf" -e stderr ||
		return 1
	export NCHAN_PORT=$PORT
}

# A node that does not take a connection is left for another one at once.
write_nchan_proxy_config() {
	local i
	cat >"$WORK/nchan-proxy.conf" <<-EOF
		global
			nbthread 1
			maxconn 1000
		defaults
			mode http
			timeout connect 5s
			timeout client 1h
			timeout server 1h
			timeout tunnel 1h
			option redispatch 1
		frontend users
			bind 127.0.0.1:$1
			default_backend nodes
		frontend watchers
			bind 127.0.0.1:$(($1 + 1))
			stats enable
			stats uri /
		backend nodes
			balance roundrobin
	EOF
	for i in "${!NCHAN_URLS[@]}"; do
		echo "	server n$((i + 1)) ${NCHAN_URLS[i]#*//}" >>"$WORK/nchan-proxy.conf"
	done
}

# start_nchan_cluster [ARG...]: ARGs go to redis-server.
start_nchan_cluster() {
	local i
	start_redis "$@" || return 1
	NCHAN_URLS=() NCHAN_PIDS=()
	for i in 1 2 3; do
		NGINX_DIR=$WORK/nginx-$i NCHAN_BROKER=$REDIS_URL start_nchan || return 1
		NCHAN_URLS+=("http://127.0.0.1:$NCHAN_PORT") NCHAN_PIDS+=("$STARTED_PID")
	done
	start_daemon nchan-proxy 2 write_nchan_proxy_config haproxy -db \
	    -f "$WORK/nchan-proxy.conf" || return 1
	export NCHAN_LB=http://127.0.0.1:$PORT NCHAN_STATS=http://127.0.0.1:$((PORT + 1))
}

# nchan_nodes_of CHANNEL COUNT: at least so many nodes get from Redis what is published there, and
# pass it on to those who wait. Before, a node that is asked for a channel for the first time does
# not.
nchan_nodes_of() {
	local nodes
	nodes=$(redis-cli -u "$REDIS_URL" pubsub numsub "{channel:/$1}:pubsub" | tail -n 1)
	[ "$nodes" -ge "$2" ]
}

# nchan_serves COUNT I: node I (1 to 3) answers so many requests of the load balancer's right now.
nchan_serves() {
	curl -sS "$NCHAN_STATS/;csv" | grep -q "^nodes,n$2,[0-9]*,[0-9]*,$1,"
}

# Release 2.0.11 does not start without a listener for plain MQTT.
write_mosquitto_config() {
	cat >"$WORK/mosquitto.conf" <<-EOF
		listener $1 127.0.0.1
		protocol websockets
		listener $(($1 + 1)) 127.0.0.1
		protocol mqtt
		allow_anonymous true
		persistence false
	EOF
	chmod a+rx "$WORK" && chmod a+r "$WORK/mosquitto.conf"
}

start_mosquitto() {
	start_daemon mosquitto 2 write_mosquitto_config mosquitto -c "$WORK/mosquitto.conf" ||
		return 1
	export MOSQUITTO_PORT=$PORT
}

# make_ca NAME: a certificate that may sign others, $WORK/NAME.pem, and its key, NAME.key.
make_ca() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
	    -subj "/CN=$1" -addext 'keyUsage=critical,keyCertSign,cRLSign' \
	    -keyout "$WORK/$1.key" -out "$WORK/$1.pem" 2>/dev/null
}

# make_certificate NAME ALTERNATIVE-NAMES: $WORK/NAME.pem, certificate and key, signed by ca.
make_certificate() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" \
	    -keyout "$WORK/$1.key" -out "$WORK/$1.csr" 2>/dev/null &&
	openssl x509 -req -in "$WORK/$1.csr" -CA "$WORK/ca.pem" -CAkey "$WORK/ca.key" \
	    -CAcreateserial -days 2 -extfile <(echo "subjectAltName=$2") \
	    -out "$WORK/$1.crt" 2>/dev/null &&
	cat "$WORK/$1.crt" "$WORK/$1.key" >"$WORK/$1.pem"
}

make_certificates() {
	make_ca ca && make_ca other-ca &&
	make_certificate server DNS:localhost,IP:127.0.0.1 &&
	make_certificate named DNS:node.example && make_certificate client DNS:client.example
}

write_tls_proxy_config() {
	cat >"$WORK/haproxy.conf" <<-EOF
		global
			nbthread 1
			maxconn 200
		defaults
			mode http
			timeout connect 5s
			timeout client 1m
			timeout server 1m
			default_backend node
		frontend plain
			bind 127.0.0.1:$1 ssl crt $WORK/server.pem
		frontend mutual
			bind 127.0.0.1:$(($1 + 1)) ssl verify required ca-file $WORK/ca.pem \
			    crt $WORK/server.pem
		frontend named
			bind 127.0.0.1:$(($1 + 2)) ssl crt $WORK/named.pem strict-sni
		backend node
			server node ${TLS_PROXY_NODE#*//}
	EOF
}

start_tls_proxy() {
	TLS_PROXY_NODE=$1
	start_daemon haproxy 3 write_tls_proxy_config haproxy -db -f "$WORK/haproxy.conf" ||
		return 1
	export TLS_PORT=$PORT TLS_CLIENT_PORT=$((PORT + 1)) TLS_NAMED_PORT=$((PORT + 2))
}

start_server() {
	local name=server-$1-$((++STARTED_COUNT)) program=$BUILD/tests/servers/$1
	shift
	start_command "$name" "$program" "$@"
	wait_announced "$name" '^listening ([0-9]+)' || return 1
	export SERVER_PID=$STARTED_PID SERVER_PORT=${BASH_REMATCH[1]} SERVER_OUT=$WORK/$name.out
}

# --- ending -------------------------------------------------------------------------------------

# stop_process PID: SIGTERM, then waits; one that has to be killed is a failure.
stop_process() {
	is_running "$1" || return 0
	kill -TERM "$1" 2>/dev/null
	wait_until 5 is_gone "$1" && return 0
	kill -KILL "$1" 2>/dev/null
	wait_until 5 is_gone "$1"
	return 1
}

# Ends what was started in this test (in this file, when in teardown_file), the last first.
stop_started() {
	local failed=0 pid name
	[ -f "$WORK/started" ] || return 0
	while read -r pid name; do
		if ! stop_process "$pid"; then
			echo "$name (pid $pid) did not end within 5 s of SIGTERM" >&2
			failed=1
		fi
		wait "$pid" 2>/dev/null || true
		if grep -qE "$SANITIZER" "$WORK/$name.err" 2>/dev/null; then
			echo "$name (pid $pid) was stopped by a sanitizer" >&2
			cat "$WORK/$name.err" >&2
			failed=1
		fi
	done < <(tac "$WORK/started")
	rm -f "$WORK/started" "$WORK/nodes"
	return $failed
}

teardown() {
	stop_started
}

teardown_file() {
	stop_started
}

# --- judging what `run` left --------------------------------------------------------------------

# fail SENTENCE: fails the test, and shows what the last `run` printed.
fail() {
	echo "$1" >&2
	echo "--- status ${status:-none}, output:" >&2
	echo "${output:-}" >&2
	if [ -n "${stderr:-}" ]; then
		echo "--- stderr:" >&2
		echo "$stderr" >&2
	fi
	return 1
}

assert_status() {
	[ "$status" -eq "$1" ] || fail "exit status $status, want $1"
}

assert_output_has() {
	[[ $output == *"$1"* ]] || fail "the output lacks: $1"
}

assert_output_lacks() {
	[[ $output != *"$1"* ]] || fail "the output should not have: $1"
}

assert_stderr_has() {
	[[ $stderr == *"$1"* ]] || fail "stderr lacks: $1"
}

# assert_json FILE EXPRESSION [JQ-OPTION...]: the jq expression must give true.
assert_json() {
	local file=$1 expression=$2
	shift 2
	jq -e "$@" "$expression" "$file" >/dev/null && return 0
	echo "not true of $file: $expression" >&2
	head -c 4000 "$file" >&2
	return 1
}

# assert_file_has FILE TEXT
assert_file_has() {
	file_has "$1" "$2" && return 0
	echo "$1 lacks: $2" >&2
	tail -n 40 "$1" >&2
	return 1
}

# --- bench runs ---------------------------------------------------------------------------------

# run_bench ARG...: `hail bench ARG...` with --out "$WORK/r.json", which must be a sound document.
# A run whose generator fell behind is not valid, and rightly says so; on a busy machine that is
# nobody's fault, so it is tried again, twice.
run_bench() {
	for _ in 1 2 3; do
		run --separate-stderr timeout 120 "$HAIL" bench "$@" --out "$WORK/r.json"
		[ ! -s "$WORK/r.json" ] || sound_document "$WORK/r.json" || return 1
		slow_generator "$WORK/r.json" || break
	done
}

sound_document() {
	node "$ROOT/tests/schema/validate.js" "$1" >&2
}

# slow_generator FILE: the only reasons against the run are the generator's own.
slow_generator() {
	jq -e '.rig.reasons | length > 0 and all(startswith("the generator"))' "$1" \
	    >/dev/null 2>&1
}
