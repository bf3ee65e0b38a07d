#!/usr/bin/env bash
# speed.sh [ROUNDS [SECONDS]]: processor time and memory of hail against the floor clients, the
# least that can do the same work (bench/rig/floor.c; over TLS tls_floor.c), with the same server;
# TLS is HAProxy's, in front of that server.
#
# Both run on one core, in alternation, the server on the other; figures are medians over the
# rounds, and what counts is the ratio: single figures drift with the machine.
set -euo pipefail
cd "$(dirname "$0")/.."

rounds=${1:-5} seconds=${2:-5}
hail=build/release/hail rig=build/release/bench/rig
work=$(mktemp -d)
server='' haproxy=''

end() {
	# shellcheck disable=SC2086
	[ -z "$server$haproxy" ] || kill $server $haproxy 2>/dev/null || true
	rm -rf "$work"
}
trap end EXIT

# start_server: a fresh one, so that no run inherits the other's connections; its port in $port.
start_server() {
	port=$((21000 + RANDOM % 10000))
	taskset -c 0 "$rig/echo_server" "$port" &
	server=$!
	until (exec 9<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
		kill -0 "$server"
	done
}

stop_server() {
	# shellcheck disable=SC2086
	kill $server $haproxy
	wait 2>/dev/null || true
	server='' haproxy=''
}

# A certificate for localhost, and the authority that signed it, in $work.
make_certificates() {
	local key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
	openssl req -x509 "${key[@]}" -keyout "$work/ca.key" -out "$work/ca.pem" -days 2 \
	    -subj /CN=hail-speed-ca 2>/dev/null
	openssl req "${key[@]}" -keyout "$work/key" -out "$work/request" -subj /CN=localhost \
	    2>/dev/null
	openssl x509 -req -in "$work/request" -CA "$work/ca.pem" -CAkey "$work/ca.key" \
	    -CAcreateserial -days 2 -extfile <(echo subjectAltName=DNS:localhost) \
	    -out "$work/certificate" 2>/dev/null
	cat "$work/certificate" "$work/key" >"$work/server.pem"
}

# start_tls: as start_server, with HAProxy in front; $port is HAProxy's.
start_tls() {
	start_server
	cat >"$work/haproxy.cfg" <<-END
	global
	  maxconn 9000
	  nbthread 1
	  tune.ssl.cachesize 100000
	defaults
	  mode tcp
	  timeout connect 5s
	  timeout client 600s
	  timeout server 600s
	frontend tls
	  bind 127.0.0.1:$((port + 1)) ssl crt $work/server.pem
	  default_backend echo
	backend echo
	  server echo 127.0.0.1:$port
	END
	port=$((port + 1))
	taskset -c 0 haproxy -q -db -f "$work/haproxy.cfg" 2>"$work/haproxy.log" &
	haproxy=$!
	until (exec 9<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
		kill -0 "$haproxy"
	done
}

# floor MODE CONNECTIONS: prints "opening message" in us of processor time.
floor() {
	start_server
	taskset -c 1 "$rig/floor" "$1" "$port" "$2" "$seconds" 64 100 |
	    jq -r '"\(.open_cpu_us) \(.cpu_us_per_message)"'
	stop_server
}

# floor_tls CONNECTIONS: prints "opening message bytes-per-connection".
floor_tls() {
	start_tls
	taskset -c 1 "$rig/tls_floor" "$port" "$1" "$seconds" 64 "$work/ca.pem" |
	    jq -r '"\(.open_cpu_us) \(.cpu_us_per_message) \(.bytes_per_connection)"'
	stop_server
}

# hail_run WORKLOAD PATH CONNECTIONS OPTION...: prints "opening message bytes-per-connection".
hail_run() {
	local workload=$1 path=$2 connections=$3
	shift 3
	start_server
	hail_bench "$workload" "$connections" "ws://127.0.0.1:$port$path" "$@"
	stop_server
}

hail_bench() {
	local workload=$1 connections=$2 url=$3
	shift 3
	taskset -c 1 "$hail" bench "$workload" -q -c "$connections" -d "${seconds}s" --no-tui \
	    --dialect plain --size 64 "$@" --out "$work/result.json" "$url" >&2 ||
	    [ $? -eq 4 ]                                # a noisy machine may not void it
	jq -r '"\(.rig.cpu_us_per_connection) \(.rig.cpu_us_per_message // 0)
	    \(.rig.bytes_per_connection)"' "$work/result.json" | tr -s ' \n' ' '
	echo
}

hail_tls() {
	start_tls
	hail_bench echo "$1" "wss://localhost:$port/echo" --cacert "$work/ca.pem" --no-tls-resume
	stop_server
}

median() {
	sort -g | awk '{v[NR] = $1} END {
	    print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'
}

# ratios FILE-OF-HAIL FILE-OF-FLOOR COLUMN NAME AIM
ratios() {
	local ours least ratio
	ours=$(awk -v c="$3" '{print $c}' "$1" | median)
	least=$(awk -v c="$3" '{print $c}' "$2" | median)
	ratio=$(paste <(awk -v c="$3" '{print $c}' "$1") <(awk -v c="$3" '{print $c}' "$2") |
	    awk '{print $1 / $2}' | median)
	printf '%-42s %8.2f us %8.2f us %8.2f %8s\n' "$4" "$ours" "$least" "$ratio" "$5"
}

compare() {
	local mode=$1 workload=$2 path=$3 connections=$4 round
	shift 4
	: >"$work/hail" && : >"$work/floor"
	for ((round = 0; round < rounds; round++)); do
		floor "$mode" "$connections" >>"$work/floor"
		hail_run "$workload" "$path" "$connections" "$@" >>"$work/hail"
	done
}

printf '%-42s %11s %11s %8s %8s\n' 'processor time' hail floor ratio aim
for connections in 1000 15000; do
	compare echo echo /echo "$connections"
	ratios "$work/hail" "$work/floor" 2 "echo round trip, $connections connections" '<= 1.15'
	ratios "$work/hail" "$work/floor" 1 "opening one of $connections connections" '<= 1.3'
	bytes=$(awk '{print $3}' "$work/hail" | median)
done
compare fan fanout /fan 1000 --rate 100
ratios "$work/hail" "$work/floor" 2 'received fan-out message, 1000 connections' '<= 1.3'
printf '%-42s %8.0f B  %29s\n' 'memory of an idle connection (of 15000)' "$bytes" '<= 1024'

make_certificates
connections=5000
: >"$work/hail" && : >"$work/floor"
for ((round = 0; round < rounds; round++)); do
	floor_tls "$connections" >>"$work/floor"
	hail_tls "$connections" >>"$work/hail"
done
ratios "$work/hail" "$work/floor" 2 "TLS: echo round trip, $connections connections" ''
ratios "$work/hail" "$work/floor" 1 "TLS: opening one of $connections connections" ''
printf '%-42s %8.0f B  %9.0f B\n' "TLS: memory of a connection (of $connections)" \
    "$(awk '{print $3}' "$work/hail" | median)" "$(awk '{print $3}' "$work/floor" | median)"
