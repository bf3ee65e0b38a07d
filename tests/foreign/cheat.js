// cheat.js: a server that wishes its clients ill, byte by byte as it likes. Prints "listening PORT".
// GET /MODE gets what MODE says below; a mode is the bytes of an answer, behind which the connection
// ends, or a function that gets the socket, how often that mode was asked for, and the query. What is posted to /MODE
// gets the same.
'use strict';
const net = require('node:net');
const zlib = require('node:zlib');

const EVENTS = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n';
const JSON_HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';
const EVENT = 'id: 1\ndata: x\n\n';
const CHUNKED = 'Transfer-Encoding: chunked\r\n\r\n';
const PIECE = 65536;

// --- without end -------------------------------------------------------------------------------

// Writes `piece` as long as somebody reads.
function flood(socket, piece) {
	const more = () => {
		while (!socket.destroyed && socket.write(piece))
			;
	};

	socket.on('drain', more);
	more();
}

// The start, then `text` again and again.
function endless(start, text) {
	const piece = text.repeat(Math.max(1, Math.floor(PIECE / text.length)));

	return (socket) => {
		socket.write(start);
		flood(socket, piece);
	};
}

// The start, then nothing more.
function stalled(start) {
	return (socket) => socket.write(start);
}

// The start, and a coded body of `text` again and again, to some gibibytes.
function bomb(start, text) {
	const block = Buffer.from(text.repeat(Math.floor(1048576 / text.length)));

	return (socket) => {
		const coder = zlib.createGzip();

		socket.write(start);
		coder.pipe(socket);
		flood(coder, block);
		socket.on('close', () => coder.destroy());
	};
}

// --- answers -----------------------------------------------------------------------------------

function sized(head, body, length = Buffer.byteLength(body)) {
	return `${head}Content-Length: ${length}\r\n\r\n${body}`;
}

function chunk(text) {
	return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

function coded(head, bytes) {
	return Buffer.concat([Buffer.from(`${head}Content-Encoding: gzip\r\n` +
		`Content-Length: ${bytes.length}\r\n\r\n`), bytes]);
}

function codedOpen(head, bytes) {
	return Buffer.concat([Buffer.from(`${head}Content-Encoding: gzip\r\n\r\n`), bytes]);
}

// All of the modes with an event stream have a body of JSON in polls.
function framing(head, body) {
	const zipped = zlib.gzipSync(body), wrong = Buffer.from(zipped);

	wrong[wrong.length - 6] ^= 1;
	return {
		'length-long': sized(head, body, 1000),
		'length-twice': `${head}Content-Length: 15\r\nContent-Length: 16\r\n\r\n${body}`,
		'length-list': `${head}Content-Length: 15, 16\r\n\r\n${body}`,
		'length-negative': sized(head, body, -1),
		'length-plus': sized(head, body, '+15'),
		'length-hex': sized(head, body, '0xf'),
		'length-huge': sized(head, body, '99999999999999999999'),
		'length-empty': sized(head, body, ''),
		'both-framings': `${head}Content-Length: 15\r\n${CHUNKED}${chunk(body)}0\r\n\r\n`,
		'coding-twice': `${head}Transfer-Encoding: chunked\r\n${CHUNKED}${chunk(body)}`,
		'coding-unknown': `${head}Transfer-Encoding: gzip, chunked\r\n\r\n${chunk(body)}`,
		'coding-1.0': `${head.replace('1.1', '1.0')}${CHUNKED}${chunk(body)}0\r\n\r\n`,
		'chunk-garbage': `${head}${CHUNKED}xyz\r\n${body}`,
		'chunk-negative': `${head}${CHUNKED}-5\r\n${body}`,
		'chunk-huge': `${head}${CHUNKED}ffffffffffffffffff\r\n${body}`,
		'chunk-lf': `${head}${CHUNKED}5\n${body}`,
		'chunk-unended': `${head}${CHUNKED}2\r\n${body}`,
		'chunk-cut': `${head}${CHUNKED}fff\r\n${body}`,
		'chunk-none': `${head}${CHUNKED}`,
		'chunk-size-endless': endless(`${head}${CHUNKED}`, '0'),
		'chunk-extension-endless': endless(`${head}${CHUNKED}5;`, 'x'),
		'trailers-endless': endless(`${head}${CHUNKED}${chunk(body)}0\r\n`, 'A: b\r\n'),
		'gzip-garbage': coded(head, Buffer.from('this is no gzip at all')),
		'gzip-cut': coded(head, zipped.subarray(0, -9)),
		'gzip-cut-open': codedOpen(head, zipped.subarray(0, -9)),
		'gzip-wrong-sum': coded(head, wrong),
		'gzip-more': coded(head, Buffer.concat([zipped, Buffer.from('more')])),
		'gzip-twice': coded(`${head}Content-Encoding: gzip\r\n`, zipped),
		'brotli': sized(`${head}Content-Encoding: br\r\n`, body),
		'head-cut': head,
		'head-garbage': 'SSH-2.0-OpenSSH_9.2p1\r\n',
		'head-nothing': '\r\n\r\n\r\n',
		'head-status': `HTTP/1.1 2x0 OK\r\n\r\n${body}`,
		'head-version': `HTTP/3.0 200 OK\r\n\r\n${body}`,
		'head-fold': `${head}X: a\r\n  b\r\n\r\n${body}`,
		'head-space': `${head}X : a\r\n\r\n${body}`,
		'head-null': `${head}X: a\0b\r\n\r\n${body}`,
		'head-line-endless': endless(`${head}X: `, 'x'),
		'head-endless': endless(head, 'X: y\r\n'),
		'head-status-endless': endless('HTTP/1.1 200 ', 'O'),
		'interim-endless': endless('', 'HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n'),
		'interim-upgrade': `HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n${body}`,
		'interim-only': 'HTTP/1.1 100 Continue\r\n\r\n',
	};
}

function refusals(head) {
	const plain = head.replace(/Content-Type: .*\r\n/, 'Content-Type: text/plain\r\n');

	return {
		'refuse-endless': endless(`${plain}\r\n`, 'no '),
		'refuse-sized': endless(`${plain}Content-Length: 999999999999\r\n\r\n`, 'no '),
		'refuse-chunk-endless': endless(`${plain}${CHUNKED}`, '1\r\nn\r\n'),
		'refuse-stalled': stalled(`${plain}Content-Length: 9\r\n\r\nno`),
		'refuse-cut': sized(plain, 'no', 9),
		'refuse-chunk-garbage': `${plain}${CHUNKED}xyz\r\n`,
		'refuse-bomb': bomb(`${plain}Content-Encoding: gzip\r\n\r\n`, 'no '),
		'refuse-gzip-garbage': coded(plain, Buffer.from('this is no gzip at all')),
	};
}

function prefixed(prefix, modes) {
	return Object.fromEntries(Object.entries(modes).map(([name, mode]) =>
		[`${prefix}-${name}`, mode]));
}

// An answer, and behind it another one that nobody asked for yet; then the true one.
function smuggle(socket, count) {
	const answer = (id) => sized(JSON_HEAD, `[{"id":${id}}]`);

	socket.write(count === 1 ? answer(1) + answer(666) : answer(2));
}

const BODY = '[{"id":"1"}]   ';
const REFUSED = 'HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\n';

const modes = {
	...prefixed('sse', framing(EVENTS, EVENT)),
	...prefixed('poll', framing(JSON_HEAD, BODY)),
	...refusals(REFUSED),
	...prefixed('mime', refusals(REFUSED.replace('403 Forbidden', '200 OK'))),
	// connections
	'close': (socket) => socket.end(),
	'reset': (socket) => socket.resetAndDestroy(),
	'never': () => {},
	'head-half': stalled(EVENTS),
	// streams
	'sse-length-short': sized(EVENTS, `${EVENT}id: 2\ndata: beyond\n\n`, EVENT.length),
	'sse-204-body': `HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n${EVENT}`,
	'sse-only-head': stalled(`${EVENTS}\r\n`),
	'sse-line-endless': endless(`${EVENTS}\r\ndata: `, 'x'),
	'sse-field-endless': endless(`${EVENTS}\r\n`, 'x'),
	'sse-comment-endless': endless(`${EVENTS}\r\n:`, 'x'),
	'sse-event-endless': endless(`${EVENTS}\r\n`, 'data: x\n'),
	'sse-name-endless': endless(`${EVENTS}\r\nevent: `, 'x'),
	'sse-id-endless': endless(`${EVENTS}\r\nid: `, 'x'),
	'sse-id-huge': `${EVENTS}\r\nid: ${'i'.repeat(20000)}\ndata: x\n\n`,
	'sse-id-null': `${EVENTS}\r\n${EVENT}id: 2\0\ndata: y\n\n`,
	'sse-comments': endless(`${EVENTS}\r\n${EVENT}`, ':\n'),
	'sse-blank': endless(`${EVENTS}\r\n${EVENT}`, '\n'),
	'sse-ids': endless(`${EVENTS}\r\n${EVENT}`, `id: ${'i'.repeat(9000)}\n\n`),
	'sse-flood': endless(`${EVENTS}\r\n`, EVENT),
	'sse-cut': `${EVENTS}${CHUNKED}${chunk(`${EVENT}data: y\n`)}`,
	'sse-binary': endless(`${EVENTS}\r\n`, '\xff\xfe\0\x80'),
	'sse-bomb-line': bomb(`${EVENTS}Content-Encoding: gzip\r\n\r\n`, 'x'),
	'sse-bomb-event': bomb(`${EVENTS}Content-Encoding: gzip\r\n\r\n`, 'data: x\n'),
	'sse-bomb-comments': bomb(`${EVENTS}Content-Encoding: gzip\r\n\r\n`, ':\n'),
	'sse-bomb-flood': bomb(`${EVENTS}Content-Encoding: gzip\r\n\r\n`, EVENT),
	'sse-retry-0': (socket) => socket.end(`${EVENTS}\r\nretry: 0\ndata: x\n\n`),
	'sse-retry-huge': (socket) => socket.end(`${EVENTS}\r\nretry: ${'9'.repeat(40)}\n${EVENT}`),
	// redirects
	'loop': sized('HTTP/1.1 302 Found\r\nLocation: /loop\r\n', ''),
	'endless-chain': (socket, count) =>
		socket.end(sized(`HTTP/1.1 307 X\r\nLocation: /endless-chain?${count}\r\n`, '')),
	'to-file': sized('HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n', ''),
	'to-garbage': sized('HTTP/1.1 302 Found\r\nLocation: http://[::1/\r\n', ''),
	'to-nowhere': sized('HTTP/1.1 302 Found\r\n', ''),
	'to-huge': sized(`HTTP/1.1 302 Found\r\nLocation: /${'x'.repeat(30000)}\r\n`, ''),
	'to-endless-body': endless('HTTP/1.1 302 Found\r\nLocation: /close\r\n\r\n', 'x'),
	// polls
	'poll-length-short': (socket, count) =>
		socket.write(sized(JSON_HEAD, `[{"id":${count}}]and more`, 10)),
	'smuggle': smuggle,
	'poll-stalled': stalled(`${JSON_HEAD}Content-Length: 9\r\n\r\n[`),
	'poll-body-endless': endless(`${JSON_HEAD}\r\n`, ' '),
	'poll-chunks-endless': endless(`${JSON_HEAD}${CHUNKED}`, '1\r\n[\r\n'),
	'poll-bomb': bomb(`${JSON_HEAD}Content-Encoding: gzip\r\n\r\n`, ' '),
	'poll-deep': sized(JSON_HEAD, '['.repeat(500000)),
	'poll-deep-whole': sized(JSON_HEAD, '['.repeat(200000) + ']'.repeat(200000)),
	'poll-deep-objects': sized(JSON_HEAD, '{"a":'.repeat(100000)),
	'poll-wide': sized(JSON_HEAD, `[${'1,'.repeat(400000)}1]`),
	'poll-keys': sized(JSON_HEAD, `{${Array.from({ length: 50000 }, (_, i) =>
		`"k${i}":1`).join()}}`),
	'poll-number': sized(JSON_HEAD, `[{"id":1e99999}]`),
	'poll-html': sized(JSON_HEAD, '<html></html>'),
	'poll-not-utf-8': sized(JSON_HEAD, '["\\ud800"]'),
	'poll-id-huge': sized(JSON_HEAD, `[{"id":"${'i'.repeat(20000)}"}]`),
	'poll-id-null': sized(JSON_HEAD, '[{"id":"a\\u0000b"}]'),
	'poll-cursor-huge': sized(JSON_HEAD, `{"items":[],"next":"${'i'.repeat(20000)}"}`),
	'poll-cursor-null': sized(JSON_HEAD, '{"items":[],"next":"a\\u0000b"}'),
	'poll-etag-huge': sized(`${JSON_HEAD}ETag: "${'e'.repeat(20000)}"\r\n`, BODY),
	'poll-modified-huge': sized(`${JSON_HEAD}Last-Modified: ${'e'.repeat(20000)}\r\n`, BODY),
	'poll-304-first': 'HTTP/1.1 304 Not Modified\r\n\r\n',
	'poll-304-body': (socket) => socket.write('HTTP/1.1 304 Not Modified\r\n\r\nbody'),
	'poll-once': (socket, count) =>
		count === 1 ? socket.write(sized(JSON_HEAD, BODY)) : socket.end(),
	'poll-retry-after-huge': (socket, count) => socket.write(count === 1 ?
		sized(JSON_HEAD, BODY) :
		sized('HTTP/1.1 503 X\r\nRetry-After: 99999999999999999999\r\n', '')),
	'retry-after-huge': sized('HTTP/1.1 503 X\r\nRetry-After: 99999999999999999999\r\n', ''),
	// what is published
	'room': (socket) => socket.write(`${EVENTS}\r\n`),
	'pub-never': () => {},
	'pub-close': (socket) => socket.end(),
	'pub-endless': endless('HTTP/1.1 200 OK\r\n\r\n', 'x'),
	'pub-garbage': 'SSH-2.0-OpenSSH_9.2p1\r\n',
	'pub-redirect': sized('HTTP/1.1 307 X\r\nLocation: /room\r\n', ''),
};

// --- the server --------------------------------------------------------------------------------

const counts = new Map();

function serve(socket, request) {
	const [, name] = request.match(/^[A-Z]+ \/([\w.-]*)/) ?? [];
	const mode = modes[name], count = (counts.get(name) ?? 0) + 1;

	counts.set(name, count);
	console.log(`request ${name}`);
	if (typeof mode === 'function')
		mode(socket, count);
	else
		socket.end(mode ?? `HTTP/1.1 404 Not Found\r\n\r\nno mode ${name}\n`);
}

const server = net.createServer((socket) => {
	let request = '';

	socket.on('error', () => {});
	socket.on('data', (bytes) => {
		request += bytes.toString('latin1');
		if (!request.includes('\r\n\r\n'))
			return;
		serve(socket, request);
		request = '';
	});
});
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
process.on('SIGTERM', () => process.exit(0));
