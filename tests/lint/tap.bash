# tap.bash: sourced by the checks. A check collects offending places and turns them into a point.

points=0
failed=0

# point NAME PLACES: ok when PLACES is empty, else not ok with each line of it as a comment.
point() {
	points=$((points + 1))
	if [ -z "$2" ]; then
		echo "ok $points - $1"
		return
	fi
	failed=1
	echo "not ok $points - $1"
	printf '# %s\n' "${2//$'\n'/$'\n'# }"
}

# Prints the plan and ends the script: 1 when any point was not ok.
finish() {
	echo "1..$points"
	exit "$failed"
}

# enter ROOT: goes there and lists the files of the project.
enter() {
	cd "$1" || exit 2
	mapfile -t project < <(find . \( -name .git -o -name node_modules -o -path ./build \) \
		-prune -o -type f -printf '%P\n' | sort)
}

# select_files GLOB...: puts the files of these names into `selected`.
select_files() {
	local path glob

	selected=()
	for path in "${project[@]}"; do
		for glob in "$@"; do
			# shellcheck disable=SC2053 # a pattern, not a word
			[[ ${path##*/} == $glob ]] && selected+=("$path") && break
		done
	done
}

# in_files COMMAND... -- GLOB...: runs COMMAND with those files as arguments, or not at all.
in_files() {
	local command=()

	while [ "$1" != -- ]; do
		command+=("$1")
		shift
	done
	shift
	select_files "$@"
	[ ${#selected[@]} -eq 0 ] || "${command[@]}" "${selected[@]}"
}

# Prints "FILE:LINE: INCLUDED" for every #include "…" of C files.
includes() {
	in_files grep -HnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' -- '*.[ch]' |
		sed -E 's/^([^:]*:[0-9]+):[^"]*"([^"]*)".*/\1: \2/'
}
