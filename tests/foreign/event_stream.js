// event_stream.js FOLDER: answers of FOLDER as raw bytes. Prints "listening PORT".
//
// GET /NAME/WAY gets NAME.http, the next request for it NAME.2.http, and so on; 204 when there is
// none. Behind each the connection ends. WAY says how the bytes go out:
//   whole     as they stand, at once
//   bytes     one by one, each in a segment of its own
//   chunked   the body in the chunked coding instead, in chunks of one to five bytes or kibibytes
'use strict';
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');

const folder = process.argv[2], asked = new Map();
const NONE = Buffer.from('HTTP/1.1 204 No Content\r\n\r\n');

// The file for this request; how often its path was asked for says which.
function answerTo(where, name) {
	const count = (asked.get(where) ?? 0) + 1;
	const file = path.join(folder, `${name}${count > 1 ? `.${count}` : ''}.http`);

	asked.set(where, count);
	return fs.existsSync(file) ? fs.readFileSync(file) : NONE;
}

// Where the body begins: behind the head of the answer that is not 1xx.
function bodyOf(answer) {
	let at = answer.indexOf('\r\n\r\n') + 4;

	while (answer.toString('latin1', 0, at).match(/HTTP\/1\.1 1\d\d[^]*?\r\n\r\n$/) &&
	    answer.indexOf('\r\n\r\n', at) >= 0)
		at = answer.indexOf('\r\n\r\n', at) + 4;
	return at;
}

function hasBody(answer) {
	return !/^HTTP\/1\.\d (204|304)/.test(answer.toString('latin1', 0, 20)) &&
		!/^HTTP\/1\.0/.test(answer.toString('latin1', 0, 20));
}

function chunked(answer) {
	const at = bodyOf(answer), unit = answer.length - at > 5000 ? 1024 : 1;
	const parts = [answer.subarray(0, at - 2), Buffer.from('Transfer-Encoding: chunked\r\n\r\n')];

	for (let i = at, size = 1; i < answer.length; i += size, size = size % (5 * unit) + unit)
		parts.push(Buffer.from(`${Math.min(size, answer.length - i).toString(16)}\r\n`),
			answer.subarray(i, i + size), Buffer.from('\r\n'));
	parts.push(Buffer.from('0\r\n\r\n'));
	return Buffer.concat(parts);
}

function sendBytes(socket, answer, at) {
	if (at === answer.length)
		socket.end();
	else
		socket.write(answer.subarray(at, at + 1), () => sendBytes(socket, answer, at + 1));
}

function serve(socket, request) {
	const [, where, name, way] = request.match(/^GET (\/([\w.-]+)\/(\w+)) HTTP\/1\.1\r\n/);
	const answer = answerTo(where, name);

	if (way === 'bytes')
		sendBytes(socket, answer, 0);
	else
		socket.end(way === 'chunked' && hasBody(answer) ? chunked(answer) : answer);
}

const server = net.createServer((socket) => {
	let request = '';

	socket.setNoDelay(true);
	socket.on('error', () => {});
	socket.on('data', (bytes) => {
		request += bytes.toString('latin1');
		if (request.endsWith('\r\n\r\n'))
			serve(socket, request);
	});
});
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
process.on('SIGTERM', () => process.exit(0));
