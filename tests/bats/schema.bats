# schema.bats: the validator that every result of a test goes through can itself fail.

load helper

@test "validate.js takes a document as it is, and refuses it broken in any of many ways" {
	run --separate-stderr "$HAIL" cluster -q -n 2 --lb none -- sh -c \
	    'exec hail bench fanout -c 20 --topics 2 --rate 100 -d 1s --label x --connect-rate 1k \
	    --require "p99<1m,lost==0" --out "$1" $HAIL_NODES' sh "$WORK/r.json"
	assert_status 0
	run node "$ROOT/tests/schema/refuses.js" "$WORK/r.json"
	assert_status 0
	assert_output_has 'ok 64'
	assert_output_lacks 'not ok'
}

@test "validate.js: exit status 0, 1 for a broken document, 2 for a file that cannot be read" {
	"$HAIL" bench hold -q -c 1 -d 100ms --out "$WORK/r.json" ws://127.0.0.1:1/ || [ $? = 4 ]
	run node "$ROOT/tests/schema/validate.js" "$WORK/r.json"
	assert_status 0
	[ -z "$output" ]
	jq '.connections.opened = -1' "$WORK/r.json" >"$WORK/broken.json"
	run node "$ROOT/tests/schema/validate.js" "$WORK/r.json" "$WORK/broken.json"
	assert_status 1
	assert_output_has 'broken.json: /connections/opened: must be >= 0'
	run node "$ROOT/tests/schema/validate.js" "$WORK/no-such.json" "$WORK/broken.json"
	assert_status 2
}
