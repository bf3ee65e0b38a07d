#!/usr/bin/env bash
# examples.sh HAIL FILE...: runs the examples of README files (*.md) and of manual pages.
#
# What is an example:
#   *.md       a fenced block that begins with ```sh, as a whole; other fences are not run
#   *.[1-8]    in EXAMPLES, a line of a display (.Dl, .Bd -literal) that begins with "$ ", with
#              the lines below it that are indented deeper; other lines are not run
#
# How it is run: by `sh -eu`, in an empty directory of its own, with hail at the front of PATH,
# without input, for at most 60 s (LIMIT). One that uses $HAIL_NODES, $HAIL_LB, $HAIL_LB_STICKY,
# $HAIL_REDIS or $HAIL_NODE_PIDS without starting `hail cluster` itself runs in a cluster of two
# nodes.
#
# What is expected: exit status 0, or N when the text between this example and the one before
# it says "exits N". Status 4, a run that is not valid, is tried again twice where another is
# wanted: on a busy machine the generator may fall behind, and rightly says so.
#
# One line an example, "ok" or "not ok" with what it printed. The exit status is 1 when one
# failed or a file has none.
set -u

hail=$(realpath "$1")
shift
limit=${LIMIT:-60}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PATH=${hail%/*}:$PATH
failed=0

# Both write, for example number N of the file, DIR/N.sh and DIR/N.want.
split_markdown() {
	awk -v dir="$2" '
		function file(suffix) { return dir "/" n suffix }
		!inside && /^```sh$/ {
			n++
			inside = 1
			printf "" >file(".sh")
			print want + 0 >file(".want")
			next
		}
		inside && /^```$/ { inside = 0; want = 0; close(file(".sh")); next }
		inside { print >file(".sh"); next }
		match($0, /exits [0-9]+/) { want = substr($0, RSTART + 6) }' "$1"
}

split_page() {
	# without the overstriking that makes bold
	mandoc -T ascii -O width=1000 "$1" | sed 's/.\x08//g' | awk -v dir="$2" '
		function file(suffix) { return dir "/" n suffix }
		/^[A-Z]/ { examples = /^EXAMPLES/; next }
		!examples { next }
		/^ +\$ / {
			n++
			depth = match($0, /\$/)
			print substr($0, depth + 2) >file(".sh")
			print want + 0 >file(".want")
			want = 0
			next
		}
		depth && match($0, /[^ ]/) > depth { print substr($0, depth) >file(".sh"); next }
		{ depth = 0 }
		match($0, /exits [0-9]+/) { want = substr($0, RSTART + 6) }'
}

# run_example SCRIPT DIRECTORY
run_example() {
	local inside=()
	if grep -qE '\$\{?HAIL_(NODES|LB|LB_STICKY|REDIS|NODE_PIDS)' "$1" &&
	    ! grep -q 'hail cluster' "$1"; then
		inside=("$hail" cluster -q -n 2 --)
	fi
	(cd "$2" && exec timeout -k 5 "$limit" "${inside[@]}" sh -eu "$1") </dev/null
}

# try FILE SCRIPT NUMBER
try() {
	local want got name
	name="$(basename "$1") $3: $(grep -m 1 . "$2")"
	want=$(cat "${2%.sh}.want")
	for _ in 1 2 3; do
		rm -rf "${2%.sh}.dir"
		mkdir "${2%.sh}.dir"
		run_example "$2" "${2%.sh}.dir" >"${2%.sh}.out" 2>&1
		got=$?
		if [ "$got" != 4 ] || [ "$want" = 4 ]; then break; fi
	done
	if [ "$got" = "$want" ]; then
		echo "ok $name"
		return
	fi
	echo "not ok $name"
	echo "  exit status $got, want $want"
	sed 's/^/  /' "${2%.sh}.out"
	failed=1
}

for file; do
	dir=$work/$(basename "$file")
	mkdir "$dir"
	case $file in
	*.md) split_markdown "$file" "$dir" ;;
	*) split_page "$file" "$dir" ;;
	esac
	n=1
	while [ -e "$dir/$n.sh" ]; do
		try "$file" "$dir/$n.sh" "$n"
		n=$((n + 1))
	done
	if [ "$n" = 1 ]; then
		echo "not ok $file: no examples"
		failed=1
	fi
done
exit $failed
