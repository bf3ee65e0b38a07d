// gate.js: a server that mostly does not upgrade. Prints "listening PORT", and for each request
// "request PATH" and what it showed of itself: " authorization=…", " cookie=…", " origin=…".
//
//   /echo             upgrades (by Node's ws) and echoes
//   /chain/N          302 to /chain/N-1, and so on to /echo
//   /loop             302 to itself
//   /to/PORT/PATH     302 to ws://127.0.0.1:PORT/PATH, another origin
//   /nowhere          302 without Location
//   /status/N         that status, with a body in JSON and the fields that go with it
//   /page             200 with a page
//   /accept           101 with the accept value of another key
'use strict';
const http = require('node:http');
const { WebSocketServer } = require('ws');

const SHOWN = ['authorization', 'cookie', 'origin', 'proxy-authorization'];
const FIELDS = {
	401: { 'WWW-Authenticate': 'Bearer realm="gate"' },
	426: { 'Upgrade': 'websocket', 'Sec-WebSocket-Version': '99' },
	429: { 'Retry-After': '7' },
};
const echo = new WebSocketServer({ noServer: true });

function answer(socket, status, fields, body = '') {
	const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);

	socket.end(`HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? ''}\r\n${lines.join('')}` +
		`Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
}

function redirect(socket, location) {
	answer(socket, 302, location ? { Location: location } : {}, 'elsewhere\n');
}

function upgrade(request, socket, head) {
	echo.handleUpgrade(request, socket, head, (peer) =>
		peer.on('message', (data, binary) => peer.send(data, { binary })));
}

function wrongAccept(socket) {
	socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n' +
		'Connection: Upgrade\r\n' +
		'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n');
}

function serve(request, socket, head) {
	const [, what, ...rest] = request.url.split('/');
	const shown = SHOWN.filter((name) => name in request.headers)
		.map((name) => ` ${name}=${request.headers[name]}`).join('');

	console.log(`request ${request.url}${shown}`);
	switch (what) {
	case 'echo': upgrade(request, socket, head); break;
	case 'chain': redirect(socket, rest[0] === '0' ? '/echo' : `/chain/${rest[0] - 1}`); break;
	case 'loop': redirect(socket, '/loop'); break;
	case 'to': redirect(socket, `ws://127.0.0.1:${rest[0]}/${rest.slice(1).join('/')}`); break;
	case 'nowhere': redirect(socket); break;
	case 'status': answer(socket, Number(rest[0]), { 'Content-Type': 'application/json',
		...FIELDS[rest[0]] }, `{"gate":"says ${rest[0]}"}\n`); break;
	case 'page': answer(socket, 200, { 'Content-Type': 'text/html' },
		'<html><body>a page</body></html>\n'); break;
	case 'accept': wrongAccept(socket); break;
	default: answer(socket, 404, {}, 'no such gate\n');
	}
}

const server = http.createServer((request, response) => serve(request, response.socket));
server.on('upgrade', (request, socket, head) => {
	socket.on('error', () => {});
	serve(request, socket, head);
});
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
process.on('SIGTERM', () => process.exit(0));
