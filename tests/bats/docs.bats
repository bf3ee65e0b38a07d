# docs.bats: the documentation is true: options, examples, and well-formed pages. The first
# tests prove that the checkers can fail.

load helper

options=$ROOT/tests/docs/options.sh
examples=$ROOT/tests/docs/examples.sh
dialect=$ROOT/tests/docs/dialect.sh
words=$ROOT/tests/docs/words.sh

# A hail that knows one command with three options.
fake_hail() {
	mkdir -p "$WORK/bin" "$WORK/man"
	cat >"$WORK/bin/hail" <<-'END'
	#!/bin/sh
	case $1 in
	--help) printf '%s\n' 'usage: hail COMMAND' '' '  talk       says things' ;;
	talk)   printf '%s\n' 'usage: hail talk' '' '  -n, --count N     how many' \
	            '      --loud        louder' '  -q, --quiet       not at all' ;;
	esac
	END
	chmod +x "$WORK/bin/hail"
}

page() {
	printf '%s\n' .Sh\ DESCRIPTION "$@" >"$WORK/man/hail-talk.1"
}

@test "options: equal sets pass" {
	fake_hail
	page '.It Fl n Ar N , Fl Fl count Ar N' '.It Fl q , Fl Fl quiet' '.It Fl Fl loud'
	run "$options" "$WORK/bin/hail" "$WORK/man"
	assert_status 0
	[ -z "$output" ]
}

@test "options: one that the page lacks, one too many, another letter" {
	fake_hail
	page '.It Fl n Ar N , Fl Fl count Ar N' '.It Fl s , Fl Fl quiet' '.It Fl Fl other'
	run "$options" "$WORK/bin/hail" "$WORK/man"
	assert_status 1
	assert_output_has 'talk: only in --help: --loud'
	assert_output_has 'talk: only in --help: -q --quiet'
	assert_output_has 'talk: only in the page: -s --quiet'
	assert_output_has 'talk: only in the page: --other'
	assert_output_lacks count
}

@test "options: a command without a page" {
	fake_hail
	run "$options" "$WORK/bin/hail" "$WORK/man"
	assert_status 1
	assert_output_has 'talk: no page'
}

@test "dialect: one key that the page lacks, one too many; a source without any" {
	printf '\t%s\n' '{"", "name", DIALECT_TEXT, 0},' '{"poll", "id", DIALECT_TEXT, 0},' \
	    '{"post", "id", DIALECT_TEXT, 0},' >"$WORK/keys.c"
	printf '%s\n' '.It Li name' '.It Li poll.id , poll.data' '.It Fl id' >"$WORK/page"
	run "$dialect" "$WORK/keys.c" "$WORK/page"
	assert_status 1
	[ "$output" = $'only in the page: poll.data\nonly in the parser: post.id' ] ||
		fail "$output"
	run "$dialect" "$WORK/page" "$WORK/page"
	assert_status 1
	assert_output_has 'no keys in'
}

@test "words: one that the page lacks, one too many, one that an editor does not know" {
	fake_hail
	cat >"$WORK/bin/hail" <<-'END'
	#!/bin/sh
	printf '%s\n' lines '  open URL   connects' '  NAME ping  pings' '' 'behind < and <!' \
	    '  [json] PATTERN   some' '' 'options of open and http' '  header X  sends'
	END
	cat >"$WORK/page.5" <<-'END'
	.Dd January 1, 2026
	.Dt X 5
	.Os
	.Sh NAME
	.Nm x
	.Nd x
	.Sh STATEMENTS
	.Bl -tag -width Ds
	.It Ic open Ar URL
	connects
	.It Ic close
	closes
	.El
	.Sh EXPECTATIONS
	.Bl -tag -width Ds
	.It Oo Cm json Oc Ar PATTERN
	some
	.El
	.Sh OPTIONS
	are header and cookie
	END
	echo ' open json ' >"$WORK/editor"
	run "$words" "$WORK/bin/hail" "$WORK/page.5" "$WORK/editor"
	assert_status 1
	[ "${lines[0]}" = 'the page lacks line ping' ] || fail "$output"
	[ "${lines[1]}" = "$WORK/editor lacks ping" ] || fail "$output"
	[ "${lines[2]}" = 'only in the page: line close' ] || fail "$output"
	[ "${#lines[@]}" = 3 ] || fail "$output"
}

@test "examples: of a README, run and judged" {
	cat >"$WORK/README.md" <<-'END'
	```sh
	touch made-here
	ls
	```
	This one exits 3:
	```sh
	exit 3
	```
	```sh
	false
	echo not reached
	```
	```console
	exit 4
	```
	END
	run "$examples" "$HAIL" "$WORK/README.md"
	assert_status 1
	[ "${#lines[@]}" = 4 ] || fail 'not three examples'
	[ "${lines[0]}" = 'ok README.md 1: touch made-here' ]
	[ "${lines[1]}" = 'ok README.md 2: exit 3' ]
	[ "${lines[2]}" = 'not ok README.md 3: false' ]
	[ "${lines[3]}" = '  exit status 1, want 0' ]
	[ ! -e made-here ]
}

@test "examples: of a page, with continued lines, run and judged" {
	cat >"$WORK/x.1" <<-'END'
	.Dd January 1, 2026
	.Dt X 1
	.Os
	.Sh NAME
	.Nm x
	.Nd x
	.Sh DESCRIPTION
	.Dl $ exit 5
	.Sh EXAMPLES
	Quotes and dashes (exits 6):
	.Dl $ test \(aqa-b\(aq = a\-b && exit 6
	.Bd -literal -offset indent
	$ for i in 1 2; do
	      echo "$i"; done
	$ false
	output, not run
	.Ed
	.Dl not-run
	.Sh SEE ALSO
	.Dl $ exit 5
	END
	run "$examples" "$HAIL" "$WORK/x.1"
	assert_status 1
	[ "${lines[0]}" = "ok x.1 1: test 'a-b' = a-b && exit 6" ]
	[ "${lines[1]}" = 'ok x.1 2: for i in 1 2; do' ]
	[ "${lines[2]}" = 'not ok x.1 3: false' ]
	[ "${#lines[@]}" = 4 ] || fail 'not three examples'
}

@test "examples: a time limit, and a file without any" {
	printf '%s\n' '```sh' 'sleep 60' '```' >"$WORK/a.md"
	echo nothing >"$WORK/b.md"
	LIMIT=1 run "$examples" "$HAIL" "$WORK/a.md" "$WORK/b.md"
	assert_status 1
	assert_output_has 'exit status 124, want 0'
	assert_output_has 'b.md: no examples'
}

@test "examples: those that use the cluster's variables run in a cluster" {
	printf '%s\n' '```sh' 'echo $HAIL_NODES | grep -c "ws://.* ws://"' \
	    'redis-cli -u $HAIL_REDIS ping' '```' >"$WORK/a.md"
	run "$examples" "$HAIL" "$WORK/a.md"
	assert_status 0
}

# --- our own ------------------------------------------------------------------------------------

@test "every command's options are those of its page" {
	run "$options" "$HAIL" "$ROOT/man"
	assert_status 0
}

@test "every key of a dialect is in its page" {
	run "$dialect" "$ROOT/bench/plan/dialect_key.c" "$ROOT/man/hail-dialect.5"
	assert_status 0
	[ -z "$output" ]
}

@test "every word of the script language is in its page and known to the editors" {
	run "$words" "$HAIL" "$ROOT/man/hail-script.5" "$ROOT"/man/share/*
	assert_status 0
	[ -z "$output" ]
	jq -e '.scopeName == "source.hail"' "$ROOT/man/share/hail.tmLanguage.json"
}

@test "every page is clean mdoc" {
	run mandoc -T lint -W warning "$ROOT"/man/*.[1-8]
	assert_status 0
	[ -z "$output" ] || fail 'warnings'
}

@test "every page that a page of ours refers to as hail exists" {
	local name
	while read -r name; do
		[ -e "$ROOT/man/$name" ] || fail "no man/$name"
	done < <(sed -nE 's/^\.Xr (hail[a-z-]*) ([1-8]).*/\1.\2/p' "$ROOT"/man/*.[1-8])
}

@test "the README's examples work" {
	run "$examples" "$HAIL" "$ROOT/README.md"
	assert_status 0
}

@test "the examples of every page work" {
	run "$examples" "$HAIL" "$ROOT"/man/*.[1-8]
	assert_status 0
}
