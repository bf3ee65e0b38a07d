#!/bin/sh
# options.sh HAIL MANDIR [COMMAND...]: the options that `hail COMMAND --help` lists and those
# that MANDIR/hail-COMMAND.1 describes (its `.It Fl` lines) must be the same set; so must each
# option's letter. Without COMMANDs all of `hail --help`. Prints the differences.
set -eu

hail=$1
mandir=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# "  -n, --nodes N    how many" -> "-n --nodes"; "      --redis URL   which" -> "--redis"
of_help() {
	"$hail" "$1" --help |
	    sed -nE -e 's/^  (-[A-Za-z0-9]), (--[a-z0-9-]+).*/\1 \2/p' \
	        -e 's/^      (--[a-z0-9-]+).*/\1/p' | sort
}

# ".It Fl n Ar N , Fl Fl nodes Ar N" -> "-n --nodes"
of_page() {
	awk '/^\.It Fl / {
		row = ""
		for (i = 2; i <= NF; i++) {
			if ($i != "Fl")
				continue
			dashes = "-"
			while ($(i + 1) == "Fl") {
				dashes = dashes "-"
				i++
			}
			row = row (row == "" ? "" : " ") dashes $(i + 1)
		}
		print row
	}' "$1" | sort
}

commands=${*:-$("$hail" --help | sed -nE 's/^  ([a-z]+) +.*/\1/p')}
[ -n "$commands" ] || { echo "no commands in $hail --help"; exit 1; }
status=0
for command in $commands; do
	page=$mandir/hail-$command.1
	if [ ! -e "$page" ]; then
		echo "$command: no page $page"
		status=1
		continue
	fi
	of_help "$command" >"$work/help"
	of_page "$page" >"$work/page"
	if [ ! -s "$work/help" ]; then
		echo "$command: no options in its --help"
		status=1
	fi
	if ! diff "$work/help" "$work/page" >"$work/diff"; then
		sed -n "s/^< /$command: only in --help: /p; s/^> /$command: only in the page: /p" \
		    "$work/diff"
		status=1
	fi
done
exit $status
