#!/bin/sh
# dialect.sh SOURCE PAGE: the keys of a dialect that the parser takes (the table in SOURCE,
# bench/plan/dialect_key.c) and those that PAGE describes (its `.It Li` lines) must be the same
# set. Prints the differences.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# {"poll", "id", DIALECT_TEXT, … -> "poll.id"; {"", "name", … -> "name"
sed -nE 's/^\t\{"([a-z]*)", "([a-z_]+)", DIALECT_.*/\1.\2/p' "$1" | sed 's/^\.//' |
    sort >"$work/parser"
# ".It Li longpoll.id , poll.id" -> both
sed -n 's/^\.It Li //p' "$2" | tr -s ' ,' '\n' | sort >"$work/page"
if [ ! -s "$work/parser" ]; then
	echo "no keys in $1"
	exit 1
fi
diff "$work/parser" "$work/page" >"$work/diff" && exit
sed -n 's/^< /only in the parser: /p; s/^> /only in the page: /p' "$work/diff"
exit 1
