#!/usr/bin/env bash
# style.sh [ROOT]: what the house style settles and a machine can see.
set -u
export LC_ALL=C.UTF-8
. "$(dirname "$0")/tap.bash"
enter "${1:-$(dirname "$0")/../..}"

code=('*.[ch]' '*.sh' '*.bash' '*.bats')
forbidden='strcpy|strcat|sprintf|vsprintf|strtok|atoi|gettimeofday|rand'

point "no forbidden functions" \
	"$(in_files grep -HnE "\\<($forbidden)[[:space:]]*\\(" -- '*.[ch]')"

# Prints lines of more than 100 columns; wc finds the few files that need a closer look.
long_lines() {
	local width file

	in_files wc -L -- "${code[@]}" | while read -r width file; do
		[ "$width" -le 100 ] || [ "$file" = total ] ||
			expand --initial "$file" | grep -nE '^.{101,}' |
			cut -c 1-60 | sed "s|^|$file:|"
	done
}
point "no line over 100 columns" "$(long_lines)"

point "no white space at the end of a line" \
	"$(in_files grep -HnE '[[:space:]]+$' -- "${code[@]}" Makefile '*.md' '*.js' '*.json')"

point "no typedef of a struct, union or enum" \
	"$(in_files grep -HnE 'typedef[[:space:]]+(struct|union|enum)\>' -- '*.[ch]')"

# A header's first two directives are #ifndef and #define of a name HAIL_…_NAME_H of its own.
unguarded='
	FNR == 1 { directives = 0; guard = "" }
	FNR == 1 {
		name = toupper(FILENAME)
		sub(/.*\//, "", name)
		gsub(/[^A-Z0-9]/, "_", name)
	}
	!/^#/ { next }
	++directives == 1 && /^#ifndef HAIL_[A-Z0-9_]+$/ { guard = $2 }
	directives == 1 && substr(guard, length(guard) - length(name)) != "_" name {
		print FILENAME ":" FNR ": expected #ifndef HAIL_…_" name
	}
	directives == 1 && guard in owner {
		print FILENAME ":" FNR ": " guard " is the guard of " owner[guard]
	}
	directives == 2 && (guard == "" || $0 != "#define " guard) {
		print FILENAME ":" FNR ": expected #define " guard
	}
	directives == 1 { owner[guard] = FILENAME }
	{ guarded[FILENAME] = directives }
	END {
		for (i = 1; i < ARGC; i++)
			if (guarded[ARGV[i]] < 2)
				print ARGV[i] ": no guard"
	}'
point "every header has its guard" "$(in_files awk "$unguarded" -- '*.h')"

# Prints includes that are not the path of a file from the root.
lost_includes() {
	local place file

	includes | while read -r place file; do
		[ -f "$file" ] || echo "$place $file"
	done
}
point "every include of ours is a path from the root" "$(lost_includes)"

# A definition starts its line, so that grep ^name finds it: no "type name(…)" before a '{'.
inline_types='
	/^\{/ && last ~ /^[a-z].*[ *][a-z_0-9]+\(.*\)$/ { print FILENAME ":" FNR - 1 ": " last }
	{ last = $0 }'
point "return types stand on their own line" "$(in_files awk "$inline_types" -- '*.[ch]')"
finish
