#!/usr/bin/env bash
# run.sh: every check of this folder as one TAP stream.
set -u
here=$(dirname "$0")

for check in arrows style shell selftest; do
	"$here/$check.sh" || [ $? -eq 1 ] || echo "not ok 0 - $check.sh could not run"
done | awk '
	/^1\.\.[0-9]+$/ { next }
	/^(not )?ok / { sub(/ok [0-9]+/, "ok " ++points) }
	/^not ok / { failed = 1 }
	{ print }
	END { print "1.." points + 0; exit failed || !points }'
