#!/usr/bin/env bash
# arrows.sh [ROOT]: includes point downwards or into their own folder, never up.
#
# A row is a folder and what it may include besides itself. What is in no row may include
# nothing, so a new folder needs a row.
set -u
. "$(dirname "$0")/tap.bash"
enter "${1:-$(dirname "$0")/../..}"

rows='
lib/base
lib/node       lib/base
lib/loop       lib/base
lib/codec      lib/base
lib/transport  lib/base lib/loop lib/codec
lib/channel    lib/base lib/loop lib/codec lib/transport
lib/session    lib/base lib/loop lib/codec lib/transport lib/channel
lib/script     lib/base lib/loop lib/codec lib/transport lib/channel lib/session
bench/plan     lib/base lib/loop lib/codec lib/transport
bench/load     lib/base lib/loop lib/codec lib/transport bench/plan
bench/ledger   lib/base lib/loop lib/codec lib/transport
bench/report   lib/base lib/loop lib/codec lib/transport bench/ledger bench/plan
bench/run      lib bench/plan bench/load bench/ledger bench/report
bench/rig
cli            lib bench/plan bench/load bench/ledger bench/report bench/run
tests          lib bench/plan bench/load bench/ledger bench/report bench/run cli
'

all=$(includes)

# strays FOLDER ALLOWED...: prints the includes in FOLDER's files that point neither there nor
# into what is allowed.
strays() {
	local place file folder

	while read -r place file; do
		[[ $place == "$1"/* ]] || continue
		for folder in "$@"; do
			[[ $file == "$folder"/* ]] && continue 2
		done
		echo "$place $file"
	done <<<"$all"
}

# Prints C files that are in none of the folders given.
homeless() {
	local path folder

	select_files '*.[ch]'
	for path in "${selected[@]}"; do
		for folder in "$@"; do
			[[ $path == "$folder"/* ]] && continue 2
		done
		echo "$path: expected a row for its folder in arrows.sh"
	done
}

folders=()
while read -ra row; do
	[ ${#row[@]} -eq 0 ] && continue
	folders+=("${row[0]}")
	point "includes of ${row[0]} point down" "$(strays "${row[@]}")"
done <<<"$rows"
point "every folder has its row" "$(homeless "${folders[@]}")"
finish
