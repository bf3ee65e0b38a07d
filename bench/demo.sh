#!/bin/sh
# demo.sh HAIL OUTDIR: three nodes behind a load balancer, linked by Redis, loaded for ten
# seconds; every message is accounted for, from each node to each other.
set -eu

if [ $# -ne 2 ]; then
	echo 'usage: bench/demo.sh HAIL OUTDIR' >&2
	exit 2
fi
hail=$1
out=$2
mkdir -p "$out"

# Inside, HAIL_NODES holds the URLs of the nodes, and hail is in PATH. Connection i goes to node
# i mod 3, and every topic has members on all three, so each message must cross Redis.
"$hail" cluster -n 3 -- sh -euc '
	hail bench fanout -c 3000 --topics 30 --publishers 90 --rate 300 -d 10s \
	    --node-from header:X-Served-By --out "$1/result.json" $HAIL_NODES' demo "$out"

echo "The whole result is in $out/result.json."
