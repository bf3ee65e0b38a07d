# run.bats: `hail run`: what it reads, plays, prints, and how it ends. Every kind of failure has its
# text and its exit status.

load helper

setup_file() {
	start_node
	export URL=${NODE_URLS[0]} WS=${NODE_URLS[0]/http/ws}
}

setup() {
	cd "$WORK" || return 1
}

# script NAME: the standard input as a script.
script() {
	cat >"$WORK/$1"
}

# play OPTION... <<END: one script from the standard input.
play() {
	run "$HAIL" run -D ws="$WS" -D web="$URL" "$@" -
}

# fails_with STATUS TEXT...: each of these stands in what was printed.
fails_with() {
	local text
	assert_status "$1"
	shift
	for text; do
		assert_output_has "$text"
	done
}

# --- reading ------------------------------------------------------------------------------------

@test "all errors of all scripts are told at once, and nothing is opened" {
	script a.hail <<-'END'
		open ann ws://127.0.0.1:1/
		ann < {"id":
	END
	script b.hail <<-'END'
		opne bob ws://127.0.0.1:1/
		wait 5
	END
	run sh -c '"$1" run a.hail b.hail 2>err' sh "$HAIL"
	assert_status 2
	[ -z "$output" ]
	output=$(cat err)
	assert_output_has 'a.hail:2:'
	assert_output_has 'b.hail:1:1: '
	assert_output_has 'open'
	assert_output_has 'b.hail:2:6: '
	assert_output_has '   1 | opne bob ws://127.0.0.1:1/'
	assert_output_has '         ^'
}

@test "no file, a folder, a device, an option that makes no sense" {
	run "$HAIL" run
	fails_with 2 'expected a script'
	run "$HAIL" run nowhere.hail
	fails_with 2 nowhere.hail 'No such file'
	run "$HAIL" run "$WORK"
	fails_with 2 "$WORK"
	run "$HAIL" run /dev/zero
	fails_with 2 /dev/zero
	script a.hail <<<'wait 1ms'
	run "$HAIL" run -D name a.hail
	fails_with 2 'expected NAME=VALUE'
	run "$HAIL" run --tap --json a.hail
	fails_with 2 'one or the other'
	run "$HAIL" run -t sse a.hail
	fails_with 2 open
	run "$HAIL" run --jobs 0 a.hail
	fails_with 2 --jobs
	run "$HAIL" run --env-file nowhere a.hail
	fails_with 5 --env-file
}

@test "exec needs --allow-exec, and files have to be within the folder" {
	play <<<'exec true'
	fails_with 2 '--allow-exec'
	play --allow-exec <<<'exec true'
	assert_status 0
	mkdir -p in
	echo 'wait 1ms' >out.hail
	echo 'include "../out.hail"' >in/a.hail
	run "$HAIL" run in/a.hail
	fails_with 2 'in/a.hail:1:'
	run "$HAIL" run --root . in/a.hail
	assert_status 0
	ln -s "$WORK/out.hail" in/link.hail
	echo 'include link.hail' >in/b.hail
	run "$HAIL" run in/b.hail
	fails_with 2 'in/b.hail:1:'
}

@test "--check only reads; --list lists" {
	script a.hail <<-'END'
		open ann ws://127.0.0.1:1/
		ann < any
	END
	run "$HAIL" run --check a.hail
	assert_status 0
	[ "$output" = 'a.hail: 2 steps, 1 party' ]
	run "$HAIL" run --list
	assert_status 0
	assert_output_has 'NAME expect-no-more'
	assert_output_has 'json-path'
}

@test "-D, the environment, and --env-file behind it" {
	printf '%s\n' '# comment' '' 'export A=file' "B='of the file'" >vars
	A=environment play --env-file vars -D c=defined <<-'END'
		open ann {ws}/echo
		ann > {env:A}, {env:B}, {c}
		ann < "environment, of the file, defined"
	END
	assert_status 0
	echo 'not a variable' >vars
	play --env-file vars <<<'wait 1ms'
	fails_with 2 'vars:1: expected NAME=VALUE'
}

# --- playing ------------------------------------------------------------------------------------

@test "a transcript says who said what, when" {
	play <<-'END'
		open ann {ws}/echo
		ann > {"text":"hello"}
		ann < {"text":"hello"} as echo
		ann close 1000
		ann < close 1000
	END
	assert_status 0
	[[ $output =~ [0-9]+\.[0-9]{3}\ ann\ \>\ \{\"text\":\"hello\"\} ]] || fail 'nothing sent'
	[[ $output =~ [0-9]+\.[0-9]{3}\ ann\ \<\ \{\"text\":\"hello\"\} ]] || fail 'nothing came'
	assert_output_has 'echo: '
	assert_output_has 'passed (standard input), 5 steps in '
	[[ ${lines[-1]} = '1 passed, 0 failed in '* ]]
	play -q <<<'wait 1ms'
	assert_status 0
	[ -z "$output" ]
}

@test "nothing a server sends reaches the terminal as a control character" {
	play --color always <<-'END'
		open ann {ws}/echo
		ann > "\u001b[31mred\u0007"
		ann < any save all
		ann < "no" within 10ms
	END
	assert_status 1
	[[ $output != *$'\e[31mred'* && $output != *$'\a'* ]] || fail 'it does'
}

@test "nothing came" {
	play <<-'END'
		open ann {ws}/echo
		ann < "hello" within 50ms
	END
	fails_with 1 '(standard input):2:1: ' '     2 | ann < "hello" within 50ms' \
	    'expected: text "hello"' 'nothing came' 'ann: open for' '0 passed, 1 failed'
}

@test "something else came: each with the reason why it is not it" {
	play <<-'END'
		open ann {ws}/echo
		ann > {"text":"hallo","n":1}
		ann > no json
		ann < {"text":"hello"} within 50ms
	END
	fails_with 1 ':4:1: ' 'what came: 2 messages' '{"text":"hallo","n":1}' \
	    '/text: expected "hello", got "hallo"' 'no JSON'
}

@test "the very next is another" {
	play <<-'END'
		open ann {ws}/echo
		ann > one
		ann > two
		ann <! "two"
	END
	fails_with 1 ':4:1: ' one
}

@test "something came that should not have" {
	play <<-'END'
		open ann {ws}/echo
		ann > one
		ann < none for 5s
	END
	fails_with 1 ':3:1: ' one
	play <<-'END'
		open ann {ws}/echo
		ann expect-no-more
		ann > one
		wait 5s
	END
	fails_with 1 ':2:1: ' one
}

@test "another close code, an end nobody expected, a connection that is lost" {
	play <<-'END'
		open ann {ws}/ws/room
		ann > hex 00
		ann < close 1000
	END
	fails_with 1 ':3:1: ' 1003
	play <<-'END'
		open ann {ws}/ws/room
		ann > hex 00
		ann < "hello"
	END
	fails_with 1 ':3:1: ' 1003 'expected: text "hello"'
	start_node
	play -D mortal="${NODE_URLS[-1]/http/ws}" -D pid="$STARTED_PID" --allow-exec <<-'END'
		open ann {mortal}/ws/room
		exec "kill -KILL {pid}"
		wait 200ms
	END
	fails_with 1 'ann' lost
}

@test "no connection, a refusal nobody expected: exit status 3" {
	play <<<'open ann ws://127.0.0.1:1/'
	fails_with 3 ':1:1: ' refused
	play <<<'open ann {ws}/nowhere'
	fails_with 3 ':1:1: ' 404
	play <<<'http GET http://127.0.0.1:1/'
	fails_with 3 ':1:1: ' refused
	play <<-'END'
		open ann {ws}/nowhere
		ann < status 404
		open bob ws://127.0.0.1:1/
		bob < failed connect
	END
	assert_status 0
	play <<-'END'
		open ann {ws}/nowhere
		ann < status 401
	END
	fails_with 1 ':2:1: ' 404
	play <<-'END'
		open ann {ws}/echo
		ann < status 401
	END
	fails_with 1 ':2:1: ' 101
}

@test "TLS: trusted, not trusted, with a certificate that the server wants" {
	make_certificates
	start_tls_proxy "$URL"
	play -D tls="wss://localhost:$TLS_PORT" -D strict="wss://localhost:$TLS_CLIENT_PORT" \
	    -D dir="$WORK" <<-'END'
		open eve {tls}/echo
		eve < failed tls
		open ann {tls}/echo cacert {dir}/ca.pem
		ann > hello
		ann < "hello"
		open bob sse {strict}/sse/room cacert {dir}/ca.pem cert {dir}/client.pem
		http POST {strict}/pub/room cacert {dir}/ca.pem cert {dir}/client.pem body "hi"
		bob < "hi"
	END
	assert_status 0
	play -D tls="wss://localhost:$TLS_PORT" <<<'open ann {tls}/echo'
	fails_with 3 ':1:1: ' certificate
}

@test "http: status, header, body, and another than 2xx" {
	play <<-'END'
		http POST {web}/pub/answers body "hi" < status 202 header Content-Type \
		    json {"id":*string} save id /id
		http GET {web}/poll/answers?since=0 < status 200 json [{"id":"{id}","data":"hi"}]
		http GET {web}/nowhere < status 404 contains nothing
		http GET {web}/healthz < header "X-Served-By: n1"
	END
	assert_status 0
	play <<<'http GET {web}/nowhere'
	fails_with 1 ':1:1: ' 404
	play <<<'http GET {web}/healthz < {"status":"degraded"}'
	fails_with 1 ':1:1: ' '/status: expected "degraded", got "ok"'
}

@test "a variable that has no value yet, a pointer to nothing" {
	play <<-'END'
		open ann {ws}/echo
		ann > {"a":1}
		ann < any save b /b
	END
	fails_with 1 ':3:1: ' /b
}

@test "exec: a status, a time limit, what it prints" {
	play --allow-exec <<-'END'
		exec "echo one; echo two" save said
		open ann {ws}/echo
		ann > {said}
		ann < "one\ntwo"
	END
	assert_status 0
	play --allow-exec <<<'exec exit 7'
	fails_with 1 ':1:1: ' 7
	play --allow-exec <<<'exec "sleep 60" within 50ms'
	fails_with 1 ':1:1: '
}

@test "parties, repeat, parallel and barriers" {
	play <<-'END'
		open ann {ws}/ws/game?raw=1
		open bob {ws}/ws/game?raw=1
		repeat 3 as round {
		    parallel {
		        ann barrier go
		        ann > a{round}
		        bob barrier go
		        bob > b{round}
		        ann < "b{round}"
		        bob < "a{round}"
		    }
		}
		ann < "a1"
		ann < "a2"
		ann <! "a3"
		ann expect-no-more
		bob clear
		bob expect-no-more
	END
	assert_status 0
}

@test "a script that plays for ever is refused" {
	play <<-'END'
		repeat forever {
		    wait 1ms
		}
	END
	fails_with 2 'repeat forever'
}

@test "Ctrl-C closes in order, tells what was played, and ends with 130" {
	script a.hail <<-END
		open ann $WS/ws/interrupted?raw=1
		open bob $WS/ws/interrupted?raw=1
		ann > here
		bob < close
	END
	start_command run "$HAIL" run --timeout 60s --tap a.hail a.hail
	wait_until sh -c "curl -s -d probe $URL/pub/interrupted >/dev/null &&
	    curl -s '$URL/poll/interrupted?since=0' | grep -q here"
	kill -INT "$STARTED_PID"
	wait_until is_gone "$STARTED_PID"
	status=0
	wait "$STARTED_PID" || status=$?
	assert_status 130
	assert_file_has "$WORK/run.out" 'not ok 1 - a.hail'
	assert_file_has "$WORK/run.out" 'Bail out!'
}

# --- what is printed ----------------------------------------------------------------------------

two_scripts() {
	script good.hail <<-END
		open ann $WS/echo
		ann > "x"
		ann < "x"
	END
	script 'bad & <"#1">.hail' <<-END
		open ann $WS/echo
		ann > {"a":"<&>"}
		ann < {"a":"b"} within 50ms
	END
}

@test "--tap: a point for each script" {
	two_scripts
	run "$HAIL" run --tap good.hail bad*.hail
	assert_status 1
	[ "${lines[0]}" = 'TAP version 13' ]
	[ "${lines[1]}" = '1..2' ]
	[ "${lines[2]}" = 'ok 1 - good.hail' ]
	[ "${lines[3]}" = 'not ok 2 - bad & <"\#1">.hail' ]
	[ "${lines[4]}" = '  ---' ]
	[ "${lines[-1]}" = '  ...' ]
	assert_output_has '/a: expected "b", got "<&>"'
}

@test "--junit: a test case for each script" {
	two_scripts
	run "$HAIL" run -q --junit out.xml good.hail bad*.hail
	assert_status 1
	/usr/bin/python3 - out.xml <<-'END'
		import sys, xml.dom.minidom
		suite = xml.dom.minidom.parse(sys.argv[1]).documentElement
		assert suite.tagName == 'testsuite' and suite.getAttribute('tests') == '2'
		assert suite.getAttribute('failures') == '1' and suite.getAttribute('errors') == '0'
		good, bad = suite.getElementsByTagName('testcase')
		assert good.getAttribute('name') == 'good.hail' and not good.childNodes
		assert bad.getAttribute('name') == 'bad & <"#1">.hail'
		failure = bad.getElementsByTagName('failure')[0]
		assert ':3:1: ' in failure.getAttribute('message')
		assert 'got "<&>"' in failure.firstChild.data
	END
	run "$HAIL" run -q --junit nowhere/out.xml good.hail
	fails_with 5 nowhere/out.xml
}

@test "--json: each event, the result of each script, a summary" {
	two_scripts
	run "$HAIL" run --json good.hail bad*.hail
	assert_status 1
	printf '%s\n' "$output" >events
	jq -es 'map(select(.type == "message" and .file == "good.hail") | .dir + " " + .data) ==
	    ["out x", "in x"]' events
	jq -es 'map(select(.type == "result") | .passed) == [true, false]' events
	jq -es 'map(select(.type == "result"))[1] | .line == 3 and .party == "ann" and
	    .class == "match" and (.skipped | length) == 1 and
	    .skipped[0].why == "/a: expected \"b\", got \"<&>\""' events
	jq -es '.[-1] | .type == "summary" and .passed == 1 and .failed == 1' events
}

@test "-j: many at once, each transcript whole; --fail-fast" {
	local i
	two_scripts
	for i in 1 2 3 4 5 6; do
		cp good.hail "good$i.hail"
	done
	run "$HAIL" run -j 4 good?.hail bad*.hail
	assert_status 1
	assert_output_has '6 passed, 1 failed'
	# each script's lines stand together: its name, then its own, then the verdict
	printf '%s\n' "$output" | awk '
		/^(good|bad).*hail$/ { name = $0; next }
		/^passed / { if ($2 != name ",") exit 1 }' || fail 'mixed'
	run "$HAIL" run --fail-fast bad*.hail good.hail
	assert_status 1
	assert_output_has '0 passed, 1 failed, 1 not run'
}

@test "snapshots: missing, written, kept, updated with the wildcards of the old one" {
	cat >a.hail <<-END
		open ann $WS/echo
		ann > {"id":"{uuid}","n":1,"list":[1,2]}
		ann < json @shot.json
	END
	run "$HAIL" run a.hail
	fails_with 2 shot.json update-snapshots
	run "$HAIL" run --update-snapshots a.hail
	assert_status 0
	run "$HAIL" run a.hail
	fails_with 1 /id
	sed -i 's/"id": ".*"/"id": *uuid/' shot.json
	run "$HAIL" run a.hail
	assert_status 0
	sed -i 's/"n":1/"n":2/' a.hail
	run "$HAIL" run a.hail
	fails_with 1 '/n: expected 1, got 2'
	run "$HAIL" run --update-snapshots a.hail
	assert_status 0
	grep -q '"id": \*uuid' shot.json
	grep -q '"n": 2' shot.json
	run "$HAIL" run a.hail
	assert_status 0
}

@test "the output is gone: head" {
	script a.hail <<-END
		open ann $WS/echo
		repeat 100000 {
		    ann > x
		    ann < "x"
		}
	END
	run sh -c '"$1" run a.hail | head -n 3' sh "$HAIL"
	assert_status 0
	[ "${#lines[@]}" = 3 ]
}

@test "what was recorded plays green" {
	printf '%s\n' '{"text":"one"}' two "{\"id\":\"$(cat /proc/sys/kernel/random/uuid)\"}" |
	    "$HAIL" -q --record said.hail "$WS/ws/recorded" >/dev/null
	run "$HAIL" run said.hail
	assert_status 0
	"$HAIL" -q -t sse --publish 'POST /pub/recorded-too' -m hello -n 1 --record heard.hail \
	    "$URL/sse/recorded-too" >/dev/null
	run "$HAIL" run heard.hail
	assert_status 0
}
