// selftest.js: the server's judgement is able to fail. A client that is right passes every case
// named here; with one fault it fails, and for that reason.
'use strict';
const { cases, Server } = require('./suite');
const { connect } = require('./faulty');
const { Peer } = require('./peer');

const HELLO = '7.2.3.1: Hello';
// fault, category and name of a case, what is said of it
const FAULTS = [
	['unmasked', 'framing', 'text of 2 bytes', /an unmasked text frame/],
	['long length', 'framing', 'text of 2 bytes', /whose length field is too long/],
	['text for all', 'framing', 'binary of 2 bytes', /got a text message/],
	['a byte less', 'framing', 'binary of 2 bytes', /differ at byte 1/],
	['nothing for empty ones', 'framing', 'text of 0 bytes', /nothing for/],
	['RSV1 unasked', 'framing', 'text of 2 bytes', /RSV1 in a text/],
	['short key', 'framing', 'text of 2 bytes', /Sec-WebSocket-Key/],
	['early bytes', 'framing', 'text of 2 bytes', /1 bytes came before the answer/],
	['no pongs', 'pings', 'an empty ping', /nothing for/],
	['empty pongs', 'pings', 'a ping with text', /got a pong of 0 bytes/],
	['any control frame', 'pings', 'a ping of 126 bytes', /a pong frame that is long/],
	['any reserved bits', 'reserved-bits', 'RSV2 in a text', /got a text message/],
	['any opcode', 'opcodes', 'opcode 3, empty', /nothing for/],
	['any order of fragments', 'fragments', 'a continuation of nothing, with FIN', /got/],
	['any order of fragments', 'fragments', 'a whole text inside a fragmented message', /got/],
	['wrong code', 'opcodes', 'opcode 3, empty', /frame 1000; awaited a close frame 1002/],
	['no close frame', 'opcodes', 'opcode 3, empty', /got the end of the connection/],
	['talks after refusing', 'opcodes', 'opcode 3, empty', /got a pong/],
	['talks after closing', 'closing', 'a text behind the close frame', /got a text message/],
	['two close frames', 'closing', 'code 1000', /got a close frame 1000; awaited the end/],
	['no close code', 'closing', 'code 4000', /close frame without a code/],
	['any close code', 'closing', 'the invalid code 1005', /close frame 1005/],
	['a reset', 'closing', 'code 1000', /a reset/],
	['never ends', 'closing', 'code 1000', /nothing for/],
	['no UTF-8', 'utf8-invalid', 'byte ff', /a text message that is no UTF-8/],
	['late UTF-8', 'utf8-early', 'byte ff, in a frame that goes on', /nothing for/],
	['late UTF-8', 'utf8-early', 'byte ff, in a fragment of a message that goes on',
		/nothing for/],
	['any accept value', 'opening', 'the accept value of another key', /nothing for/],
	['no compression', 'deflate-vectors', HELLO, /the offer does not allow/],
	['forgets the window', 'deflate-vectors', '7.2.3.2: Hello twice, the window kept',
		/close frame 1007/],
	['keeps the window', 'deflate-parameters', 'client_no_context_takeover',
		/before the beginning/],
	['too large a window', 'deflate-parameters', 'client_max_window_bits=9',
		/the window has 512/],
	['pieces', 'deflate-parameters', 'no parameters', /no message came compressed/],
];

function find(category, name) {
	const one = cases.find((c) => c.category === category && c.name === name);

	if (!one)
		throw new Error(`no case ${category}: ${name}`);
	return one;
}

async function main() {
	const verdicts = {}, points = [];
	const server = new Server((one, { text }) => verdicts[one.number](text));
	const port = await server.listen();
	const verdictOn = async (one, fault) => {
		const verdict = new Promise((resolve) => { verdicts[one.number] = resolve; });

		connect(port, `/case/${one.number}`, fault);
		return await verdict;
	};
	const point = (ok, text, seen) =>
		points.push(`${ok ? 'ok' : 'not ok'} ${points.length + 1} - ${text}` +
			(ok ? '' : `\n# the verdict was: ${seen || 'ok'}`));

	Peer.LIMIT_MS = 700;
	for (const [fault, category, name, expected] of FAULTS) {
		const one = find(category, name), none = await verdictOn(one, 'none');
		const seen = await verdictOn(one, fault);

		point(none === '', `without a fault, ${category}: ${name}`, none);
		point(expected.test(seen), `${fault}, ${category}: ${name}`, seen);
	}
	const pieces = find('framing', 'text of 126 bytes');
	const seen = await verdictOn(pieces, 'pieces');
	point(seen === '', 'echoes in fragments are as good', seen);
	console.log([...points, `1..${points.length}`].join('\n'));
	process.exit(points.some((text) => text.startsWith('not')) ? 1 : 0);
}

main();
