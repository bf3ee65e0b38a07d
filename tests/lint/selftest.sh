#!/usr/bin/env bash
# selftest.sh: the checks are able to fail. Each fault is put alone into a small sound tree, and
# exactly the point that is about it must be not ok and name the place.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/tap.bash"
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

# A tree in which nothing is wrong.
plant() {
	rm -rf "$work/tree"
	mkdir -p "$work/tree"/{cli,bench/{run,report,ledger,plan},lib/{base,codec,node,session}}
	cd "$work/tree" || exit 2
	printf '%s\n' '#ifndef HAIL_BASE_ERR_H' '#define HAIL_BASE_ERR_H' '#endif' >lib/base/err.h
	printf '%s\n' '#ifndef HAIL_SESSION_SESSION_H' '#define HAIL_SESSION_SESSION_H' '#endif' \
		>lib/session/session.h
	printf '%s\n' '#ifndef HAIL_RUN_RUN_H' '#define HAIL_RUN_RUN_H' '#endif' >bench/run/run.h
	printf '%s\n' '#include "lib/base/err.h"' '' 'int' 'main(void)' '{' '}' >cli/main.c
	printf '%s\n' '#!/bin/sh' 'echo "$1"' >cli/fine.sh
}

# sound CHECK: every point of it is ok in the planted tree.
sound() {
	local places

	plant
	places=$("$here/$1.sh" "$work/tree" 2>&1 | grep -vE '^ok |^1\.\.')
	point "$1: a sound tree is ok" "$places"
}

# fault CHECK POINT FILE TEXT: with TEXT added to FILE, only POINT is not ok, and FILE is named.
fault() {
	local check=$1 want=$2 file=$3 text=$4
	local output status got

	plant
	printf '%b\n' "$text" >>"$file"
	output=$("$here/$check.sh" "$work/tree" 2>&1)
	status=$?
	got=$(echo "$output" | sed -n 's/^not ok [0-9]* - //p')
	if [ "$status" = 1 ] && [ "$got" = "$want" ] && [[ $output == *"# $file:"* ]]; then
		point "$check: finds '${text%%\\n*}' in $file" ""
	else
		point "$check: finds '${text%%\\n*}' in $file" \
			"status $status; not ok were '$got', want '$want'"$'\n'"$output"
	fi
}

sound arrows
fault arrows 'includes of lib/base point down' lib/base/err.c '#include "lib/codec/ws.h"'
fault arrows 'includes of lib/base point down' lib/base/err.c '  #  include  "cli/opt.h"'
fault arrows 'includes of lib/codec point down' lib/codec/ws.c '#include "lib/session/session.h"'
fault arrows 'includes of lib/codec point down' lib/codec/ws.c '#include "lib/loop/loop.h"'
fault arrows 'includes of lib/node point down' lib/node/node.c '#include "lib/codec/ws.h"'
fault arrows 'includes of lib/session point down' lib/session/s.c '#include "bench/run/run.h"'
fault arrows 'includes of bench/report point down' bench/report/html.c \
	'#include "lib/session/session.h"'
fault arrows 'includes of bench/plan point down' bench/plan/plan.c '#include "bench/run/run.h"'
fault arrows 'includes of bench/ledger point down' bench/ledger/l.c '#include "bench/plan/plan.h"'
fault arrows 'includes of bench/run point down' bench/run/run.c '#include "cli/opt.h"'
fault arrows 'includes of bench/run point down' bench/run/run.h '#include "tests/unit/tap.h"'
fault arrows 'every folder has its row' lib/stray.c 'int x;'

sound style
fault style 'no forbidden functions' cli/main.c 'int x = atoi(y);'
fault style 'no forbidden functions' cli/main.c '\tsprintf (a, b);'
fault style 'no line over 100 columns' cli/fine.sh "# $(printf 'x%.0s' {1..99})"
fault style 'no line over 100 columns' cli/main.c "\\t\\t/* $(printf 'x%.0s' {1..79}) */"
fault style 'no white space at the end of a line' cli/main.c 'int x; '
fault style 'no white space at the end of a line' cli/fine.sh 'x=1\t'
fault style 'no typedef of a struct, union or enum' cli/main.c 'typedef struct x y;'
fault style 'every header has its guard' cli/opt.h 'int x;'
fault style 'every header has its guard' cli/opt.h \
	'#ifndef HAIL_CLI_CMD_H\n#define HAIL_CLI_CMD_H'
fault style 'every header has its guard' cli/opt.h \
	'#ifndef HAIL_CLI_OPT_H\n#define HAIL_CLI_OPT_HH'
fault style 'every header has its guard' lib/codec/err.h \
	'#ifndef HAIL_BASE_ERR_H\n#define HAIL_BASE_ERR_H'
fault style 'every include of ours is a path from the root' lib/base/err.c '#include "err.h"'
fault style 'return types stand on their own line' cli/main.c 'static int x(void)\n{\n}'

sound shell
fault shell 'shellcheck cli/fine.sh' cli/fine.sh 'rm $1/$2'
fault shell 'shellcheck cli/check.bats' cli/check.bats \
	'#!/usr/bin/env bats\n@test "x" {\n\techo $1\n}'
fault shell 'shellcheck cli/tool' cli/tool '#!/bin/sh\necho $1'
finish
