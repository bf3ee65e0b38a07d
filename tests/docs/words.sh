#!/bin/sh
# words.sh HAIL PAGE FILE...: the words that `hail run --list` prints and those of the page must be
# the same (tags in STATEMENTS and EXPECTATIONS, all words of OPTIONS), and each editor's FILE must
# know each word. Prints the differences.
set -eu

hail=$1
page=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The word of each row: behind NAME, without the brackets of what may be left out.
"$hail" run --list | awk '
	/^lines/ { kind = "line" }
	/^behind/ { kind = "matcher" }
	/^at the end/ { kind = "clause" }
	/^options/ { kind = "option" }
	/^  / {
		word = $1 == "NAME" ? $2 : $1
		gsub(/[][]/, "", word)
		print kind, word
	}' | sort -u >"$work/words"
[ -s "$work/words" ] || { echo "no words in $hail run --list"; exit 1; }

mandoc -T ascii -O width=1000 "$page" | sed 's/.\x08//g' | awk '
	/^[A-Z]/ { section = $0 }
	{ kind = section == "STATEMENTS" ? "line" : "matcher" }
	section == "STATEMENTS" && /^     [^ ]/ { print "line", $1 == "NAME" ? $2 : $1 }
	section == "EXPECTATIONS" && /^     [^ ]/ {
		word = $1
		gsub(/[][]/, "", word)
		print (word ~ /^(within|as|save)$/ ? "clause" : "matcher"), word
	}
	section == "OPTIONS" && /^ +[a-z]/ { for (i = 1; i <= NF; i++) print "option", $i }' |
	grep -E ' ([a-z-]+|<!?|>)$' | sort -u >"$work/page"
status=0
while read -r kind word; do
	grep -qxF "$kind $word" "$work/page" || { echo "the page lacks $kind $word"; status=1; }
	[ "$kind" = option ] && continue
	for file; do
		grep -qE "[^a-z-]${word}[^a-z-]" "$file" || { echo "$file lacks $word"; status=1; }
	done
done <"$work/words"
grep '^line ' "$work/page" | while read -r kind word; do
	grep -qxF "$kind $word" "$work/words" || echo "only in the page: $kind $word"
done >"$work/extra"
if [ -s "$work/extra" ]; then
	cat "$work/extra"
	status=1
fi
exit $status
