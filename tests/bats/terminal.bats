# terminal.bats: `hail connect` at a terminal. tmux is the terminal: it is typed at, resized, and
# its screen is read.

load helper

setup_file() {
	start_node --node n1
	export ECHO=ws://127.0.0.1:${NODE_PORTS[0]}/echo
	export TOPIC=ws://127.0.0.1:${NODE_PORTS[0]}/ws
}

setup() {
	unset TMUX NO_COLOR
	export HISTORY_DIR=$WORK/state
}

teardown() {
	end_terminal
	stop_started
}

# --- the terminal -------------------------------------------------------------------------------

tm() {
	tmux -S "$WORK/tmux" -f /dev/null "$@" 3>&-
}

# begin_terminal COLUMNS ROWS [NAME=VALUE...]: a shell that shows nothing but its prompt.
begin_terminal() {
	local columns=$1 rows=$2
	shift 2
	end_terminal
	env -u NO_COLOR HOME="$WORK" XDG_STATE_HOME="$HISTORY_DIR" SHELL=/bin/sh \
	    tmux -S "$WORK/tmux" -f /dev/null new-session -d -x "$columns" -y "$rows" \
	    env PS1='$ ' HISTFILE= "$@" bash --norc --noprofile 3>&-
	tm set -g remain-on-exit on
	tm pipe-pane -o "cat >$WORK/bytes"
	wait_until screen_has '$'
}

# By its pid, so that nothing is left when a test broke off.
end_terminal() {
	local pid
	pid=$(tm display -p '#{pid}' 2>/dev/null) || return 0
	tm kill-server 2>/dev/null || true
	[ -z "$pid" ] || wait_until is_gone "$pid"
}

screen() {
	tm capture-pane -p
}

# The screen and what scrolled out of it; rows that the terminal wrapped are joined.
everything() {
	tm capture-pane -p -J -S -
}

screen_has() {
	screen | grep -qF -- "$1"
}

screen_lacks() {
	! screen_has "$1"
}

everything_has() {
	everything | grep -qF -- "$1"
}

# The last row that is not empty.
last_row() {
	screen | sed '/^$/d' | tail -n 1
}

last_row_is() {
	[ "$(last_row)" = "$1" ]
}

# wait_screen TEXT, wait_last TEXT: and what was there instead, on failure.
wait_screen() {
	wait_until screen_has "$1" || { screen >&2; return 1; }
}

wait_last() {
	wait_until last_row_is "$1" || { screen >&2; return 1; }
}

type_keys() {
	tm send-keys "$@"
}

type_text() {
	tm send-keys -l -- "$1"
}

# run_hail ARG...: in the terminal's shell, with the modes of the terminal before and after, and
# the exit status. Waits for the first text of the program.
run_hail() {
	{
		printf 'stty -a >%q; clear; %q connect' "$WORK/modes.before" "$HAIL"
		printf ' %q' "$@"
		printf ' 2>%q; echo status $?; stty -a >%q\n' "$WORK/hail.err" "$WORK/modes.after"
	} >"$WORK/command"
	rm -f "$WORK/modes.after"
	type_text ". $WORK/command"
	type_keys Enter
}

# connect ARG...: and waits until it is open.
connect() {
	run_hail "$@"
	wait_until everything_has 'connected to' || { screen >&2; return 1; }
	wait_last '>'
}

# The program has ended so, and left the terminal as it was.
ended_with() {
	wait_screen "status $1" || return 1
	wait_until test -s "$WORK/modes.after"
	cmp "$WORK/modes.before" "$WORK/modes.after"
	if grep -E "$SANITIZER" "$WORK/hail.err" >&2; then
		return 1
	fi
}

# bytes_lack PATTERN: what the terminal was sent has no such bytes.
bytes_lack() {
	if grep -q -- "$1" "$WORK/bytes"; then
		echo "the terminal was sent: $1" >&2
		return 1
	fi
}

hail_pid() {
	pgrep -P "$(tm display -p '#{pane_pid}')"
}

# paste TEXT: as printf(1) takes it, in brackets as terminals do.
paste() {
	# shellcheck disable=SC2059
	printf "$1" | tm load-buffer -
	tm paste-buffer -p -d
}

# --- tests --------------------------------------------------------------------------------------

@test "what is typed is sent, what comes is shown" {
	begin_terminal 80 24
	connect "$ECHO"
	type_text 'hello wörld 日本'
	wait_last '> hello wörld 日本'
	type_keys Enter
	wait_screen '> hello wörld 日本'
	wait_screen '< hello wörld 日本'
	wait_last '>'
	type_keys C-d
	ended_with 0
	screen_has 'closed: 1000 normal'
}

@test "a line being typed stays whole while messages flood in" {
	begin_terminal 80 24
	connect "$TOPIC/flood?raw=1"
	type_text 'half a line'
	wait_last '> half a line'
	seq 1 500 | timeout 20 "$HAIL" -q "$TOPIC/flood?raw=1" >"$WORK/flood.out" &
	for i in 1 2 3 4 5 6 7 8; do
		type_text " $i"
	done
	wait $!
	wait_screen '< 500'
	wait_last '> half a line 1 2 3 4 5 6 7 8'
	[ "$(everything | grep -c 'half a line')" = 1 ]
	everything | sed -nE 's/^..:..:..\.... < ([0-9]+)$/\1/p' | cmp - <(seq 1 500)
	type_keys Enter
	wait_screen '> half a line 1 2 3 4 5 6 7 8'
	wait_screen '< half a line 1 2 3 4 5 6 7 8'
}

@test "the same over several rows of a narrow window, in the middle of the line" {
	begin_terminal 20 10
	connect "$TOPIC/narrow?raw=1"
	type_text 'a line that is longer than one row is wide'
	type_keys C-a Right Right
	wait_screen 'ger than one row is'
	seq 1 100 | timeout 20 "$HAIL" -q "$TOPIC/narrow?raw=1" >"$WORK/flood.out"
	wait_screen '< 100'
	type_text X
	wait_screen '> a Xline that is lo'
	[ "$(screen | sed '/^$/d' | tail -n 3)" = "> a Xline that is lo
nger than one row is
 wide" ]
	[ "$(everything | grep -c 'longer\|is lo')" = 1 ]
}

@test "history: arrows, search, later runs, and a file for its owner alone" {
	begin_terminal 80 24
	connect "$ECHO"
	type_text 'first one'
	type_keys Enter
	type_text '{"second":2}'
	type_keys Enter
	type_text '{"second":2}'
	type_keys Enter
	wait_until test "$(wc -l <"$HISTORY_DIR/hail/history")" -ge 2
	type_keys Up
	wait_last '> {"second":2}'
	type_keys Up
	wait_last '> first one'
	type_keys Down Down
	wait_last '>'
	type_keys C-d
	ended_with 0
	[ "$(cat "$HISTORY_DIR/hail/history")" = $'first one\n{"second":2}' ]
	[ "$(stat -c %a "$HISTORY_DIR/hail/history")" = 600 ]
	connect "$ECHO"
	type_keys C-r
	wait_last 'history: "":'
	type_text 'RST'
	wait_last 'not in history: "RST":'
	type_keys BSpace BSpace BSpace
	type_text 'irs'
	wait_last 'history: "irs": first one'
	type_keys C-a
	type_text 'the '
	wait_last '> the first one'
	type_keys C-u
	type_text 'fir'
	type_keys Up
	wait_last '> first one'
	type_keys Enter
	wait_screen '< first one'
}

@test "a paste of JSON over lines is one message" {
	begin_terminal 80 24
	connect "$ECHO"
	paste '{\n  "pasted": [1, 2],\n  "long": true\n}\n'
	wait_screen '> {"pasted": [1, 2], "long": true}'
	wait_screen '< {"pasted": [1, 2], "long": true}'
	wait_last '>'
}

@test "a paste of lines is a message each; of one line, it waits for Return" {
	begin_terminal 80 24
	connect "$ECHO"
	paste 'one\ntwo\n\nthree\n'
	wait_screen '< three'
	[ "$(screen | sed -nE 's/^..:..:..\.... < //p')" = $'one\ntwo\nthree' ]
	paste 'alone\n'
	wait_last '> alone'
	type_keys Enter
	wait_screen '< alone'
}

@test "nothing in a paste acts" {
	begin_terminal 80 24
	connect "$ECHO"
	paste 'a\003b\032c\004d\033[Ae\177f\tg'
	wait_last '> abcd[Aef      g'
	type_keys Enter
	wait_screen '< abcd[Aef'
}

@test "a resize keeps the line" {
	begin_terminal 80 24
	connect "$ECHO"
	type_text 'a line that is longer than the narrow window will be'
	tm resize-window -x 30 -y 10
	wait_last 'he narrow window will be'
	screen_has '> a line that is longer than t'
	tm resize-window -x 60 -y 20
	wait_last '> a line that is longer than the narrow window will be'
	[ "$(everything | grep -c 'a line that')" = 1 ]
	type_text ' again'
	type_keys Enter
	wait_screen '< a line that is longer than the narrow window'
}

@test "Ctrl-C closes in order" {
	begin_terminal 80 24
	connect "$ECHO"
	type_text 'unsent'
	type_keys C-c
	ended_with 130
	screen_has 'closed: 1000 normal'
	screen_lacks 'unsent'
}

@test "a second Ctrl-C ends at once, whatever the server does" {
	start_server hostile never-close
	begin_terminal 80 24
	connect "ws://127.0.0.1:$SERVER_PORT/"
	type_keys C-c
	wait_until file_has "$SERVER_OUT" 'close 1000'
	type_keys C-c
	ended_with 130
}

@test "Ctrl-Z gives the terminal to the shell, and fg takes it back" {
	begin_terminal 80 24
	connect "$ECHO"
	type_text 'not yet'
	wait_last '> not yet'
	type_keys C-z
	wait_screen 'Stopped'
	wait_last '$'
	type_text 'stty -a >'"$WORK/modes.stopped"
	type_keys Enter
	wait_until test -s "$WORK/modes.stopped"
	type_text 'fg'
	type_keys Enter
	wait_last '> not yet'
	type_text ' but now'
	type_keys Enter
	wait_screen '< not yet but now'
	type_keys C-d
	wait_screen 'closed: 1000'
}

@test "the terminal is as it was after a kill" {
	begin_terminal 80 24
	connect "$ECHO"
	type_text 'unsent'
	wait_last '> unsent'
	kill -TERM "$(hail_pid)"
	wait_until screen_has 'status 1'
	wait_until test -s "$WORK/modes.after"
	cmp "$WORK/modes.before" "$WORK/modes.after"
	begin_terminal 80 24
	connect "$ECHO"
	kill -ABRT "$(hail_pid)"
	wait_screen 'status 134'
	wait_until test -s "$WORK/modes.after"
	cmp "$WORK/modes.before" "$WORK/modes.after"
	grep -q $'\033\\[?2004l' "$WORK/bytes"
}

@test "the terminal is as it was after the server was killed" {
	start_node --node doomed
	begin_terminal 80 24
	connect "ws://127.0.0.1:${NODE_PORTS[-1]}/echo"
	type_text 'unsent'
	wait_last '> unsent'
	kill -KILL "${NODE_PIDS[-1]}"
	ended_with 3
	screen_lacks 'unsent'
}

@test "what the server sends cannot act on the terminal" {
	begin_terminal 80 24
	connect "$ECHO"
	type_keys C-v C-g
	type_text 'x'
	type_keys C-v Escape
	type_text ']0;title'
	type_keys Enter
	wait_screen '< ␇x␛]0;title'
	bytes_lack $'\033]0;'
}

@test "slash commands: help, completion, a mistake, binary, ping, close" {
	begin_terminal 80 40
	connect "$ECHO"
	type_text '/he'
	type_keys Tab
	wait_last '> /he'
	type_text 'lp'
	type_keys Enter
	wait_screen '/close [CODE [REASON]]'
	type_text '/pign'
	type_keys Enter
	wait_screen '! no command /pign; did you mean /ping?'
	type_text '/bi'
	type_keys Tab
	wait_last '> /binary'
	type_text '00 48 69 ff'
	type_keys Enter
	wait_screen '< 00 48 69 ff  .Hi.  (binary, 4 B)'
	type_text '/ping'
	type_keys Enter
	wait_screen '* pong after'
	type_text '//ping'
	type_keys Enter
	wait_screen '< /ping'
	type_text '/close 4001 see you'
	type_keys Enter
	ended_with 0
	screen_has '* closed: 4001 "see you"'
}

@test "a terminal that knows nothing gets plain lines" {
	begin_terminal 80 24 TERM=dumb
	run_hail "$ECHO"
	wait_screen 'connected to'
	: >"$WORK/bytes"
	type_text 'hello'
	type_keys Enter
	wait_screen '< hello'
	bytes_lack $'\033'
	type_keys C-d
	ended_with 0
}

@test "it says how long each step took, and what TLS was agreed" {
	make_certificates
	start_node --tls-cert "$WORK/server.crt" --tls-key "$WORK/server.key"
	begin_terminal 80 24
	connect "$ECHO"
	wait_screen '  upgrade '
	screen_lacks 'TLSv1'
	begin_terminal 80 24
	run_hail --cacert "$WORK/ca.pem" "wss://localhost:${NODE_PORTS[-1]}/echo"
	wait_screen '  TLS          TLSv1.3'
	wait_screen '  upgrade '
	screen_lacks 'issued by'
}

@test "colours, and none with NO_COLOR" {
	begin_terminal 80 24
	connect "$ECHO"
	type_text '{"a":1}'
	type_keys Enter
	wait_screen '< {"a":1}'
	grep -q $'\033\\[36m"a"' "$WORK/bytes"
	begin_terminal 80 24 NO_COLOR=1
	connect "$ECHO"
	type_text '{"a":1}'
	type_keys Enter
	wait_screen '< {"a":1}'
	bytes_lack $'\033\\[[0-9;]*m'
}

@test "a terminal that is stopped by Ctrl-S holds nothing up" {
	begin_terminal 80 24
	connect "$TOPIC/held?raw=1"
	type_keys C-s
	seq 1 1500 | timeout 20 "$HAIL" -q "$TOPIC/held?raw=1" >"$WORK/flood.out"
	[ "$(tail -n 1 "$WORK/flood.out")" = 1500 ]
	screen_lacks '< 1500'
	type_text 'typed blindly'
	type_keys C-q
	wait_screen '< 1500'
	wait_last '> typed blindly'
	everything | sed -nE 's/^..:..:..\.... < ([0-9]+)$/\1/p' | cmp - <(seq 1 1500)
}

@test "messages faster than any terminal: what is typed is still obeyed" {
	start_server hostile flood
	begin_terminal 80 24
	run_hail "ws://127.0.0.1:$SERVER_PORT/"
	wait_until everything_has ' < '
	type_keys C-c
	wait_screen 'status 130'
	wait_until test -s "$WORK/modes.after"
	cmp "$WORK/modes.before" "$WORK/modes.after"
}

@test "the user's editrc is read" {
	echo 'bind -v' >"$WORK/.editrc"
	begin_terminal 80 24
	connect "$ECHO"
	type_text 'one two'
	type_keys Escape
	sleep 0.1                        # an Escape alone is told by what does not follow
	type_text 'bcw'
	type_text 'three'
	wait_last '> one three'
}

@test "an event stream: nothing can be typed into it, but it can be published" {
	local base=${ECHO#ws} stream
	base=http${base%/echo}
	stream=$base/sse/term
	begin_terminal 100 24
	connect "$stream"
	wait_screen '  answer '
	type_text 'hello'
	type_keys Enter
	wait_screen "! sse only receives: nothing was sent; --publish 'POST /path' sends"
	type_text '/ping'
	type_keys Enter
	wait_screen '! only a WebSocket has pings'
	curl -sS -d '{"n": 1}' "$base/pub/term"
	wait_screen '< {"n": 1}'
	type_keys C-d
	ended_with 0
	begin_terminal 100 24
	connect --publish 'POST /pub/term' "$stream"
	type_text 'typed'
	type_keys Enter
	wait_screen '> typed'
	wait_screen '< typed'
	type_keys C-d
	ended_with 0
	begin_terminal 100 24
	connect --publish 'POST /nowhere' "$stream"
	type_text 'typed'
	type_keys Enter
	wait_screen '! HTTP/1.1 404'
	wait_last '>'
	type_keys C-d
	ended_with 0
}

@test "an event stream that ends is opened again" {
	start_node --node n2
	begin_terminal 100 24
	connect "http://127.0.0.1:${NODE_PORTS[-1]}/sse/term"
	stop_process "${NODE_PIDS[-1]}"
	wait_screen 'the server ended the stream'
	wait_screen 'attempt 1 follows in 3'
	wait_screen '(again in '
	type_keys C-c
	wait_screen 'status 130'
}
