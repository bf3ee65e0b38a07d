#!/usr/bin/env bash
# shell.sh [ROOT]: shellcheck over every shell script, bats files and their helpers too.
set -u
. "$(dirname "$0")/tap.bash"
enter "${1:-$(dirname "$0")/../..}"

# A script is known by its name, or without a suffix by its first line.
is_script() {
	local line

	case ${1##*/} in
	*.sh | *.bash | *.bats) return 0 ;;
	*.*) return 1 ;;
	esac
	read -r line <"$1" 2>/dev/null
	[[ $line =~ ^#!.*(sh|bats)( |$) ]]
}

for path in "${project[@]}"; do
	is_script "$path" || continue
	# Single quotes are meant where they stand (SC2016): awk programs, bash -c. A bats test
	# is a subshell, and what it changes is its own (SC2030, SC2031).
	options=(-f gcc -e SC2016 -x -P SCRIPTDIR)
	[[ $path == *.bash ]] && options+=(-s bash)
	[[ $path == *.bats ]] && options+=(-e SC2030 -e SC2031)
	point "shellcheck $path" "$(shellcheck "${options[@]}" "$path" 2>&1)"
done
finish
