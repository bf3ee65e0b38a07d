// proxy.js http|socks5 [USER:PASSWORD]: a proxy: HTTP CONNECT, or SOCKS5 (RFC 1928, RFC 1929).
// Prints "listening PORT", and for each that asks "connect HOST:PORT" or "refused WHY".
//
// Every name leads to 127.0.0.1, as only this proxy knows: a client that looks up names such as
// node.invalid itself does not get here. The name refused.invalid is refused.
'use strict';
const net = require('node:net');

const [kind, auth = ''] = process.argv.slice(2);
const REFUSED = 'refused.invalid';

function tunnel(socket, port, host, greeting) {
	const peer = net.connect(port, net.isIP(host) ? host : '127.0.0.1', () => {
		console.log(`connect ${host}:${port}`);
		socket.write(greeting);
		peer.pipe(socket);
		socket.pipe(peer);
	});

	peer.on('error', () => socket.destroy());
	peer.on('close', () => socket.end());
	socket.on('close', () => peer.destroy());
}

// Calls take(bytes) with all that came so far until that says how many bytes it took.
function need(socket, take) {
	let bytes = Buffer.alloc(0);
	const more = (chunk) => {
		bytes = Buffer.concat([bytes, chunk]);
		const taken = take(bytes);

		if (taken > 0) {
			socket.off('data', more);
			socket.unshift(bytes.subarray(taken));
		}
	};

	socket.on('data', more);
}

// --- HTTP CONNECT --------------------------------------------------------------------------------

function serveHttp(socket) {
	need(socket, (bytes) => {
		const end = bytes.indexOf('\r\n\r\n');

		if (end >= 0)
			answerHttp(socket, bytes.subarray(0, end).toString());
		return end >= 0 ? end + 4 : 0;
	});
}

function answerHttp(socket, head) {
	const [, host, port] = head.match(/^CONNECT \[?([^\]\s]+?)\]?:(\d+) HTTP\/1\.1\r\n/) ?? [];
	const given = head.match(/^proxy-authorization: basic (.*)$/im)?.[1]?.trim() ?? '';
	const refuse = (status, fields = '') => {
		console.log(`refused ${status}`);
		socket.end(`HTTP/1.1 ${status}\r\n${fields}Content-Length: 0\r\n\r\n`);
	};

	if (!host)
		refuse('405 Method Not Allowed');
	else if (auth && Buffer.from(given, 'base64').toString() !== auth)
		refuse('407 Proxy Authentication Required',
			'Proxy-Authenticate: Basic realm="proxy"\r\n');
	else if (host === REFUSED)
		refuse('403 Forbidden');
	else
		tunnel(socket, Number(port), host, 'HTTP/1.1 200 Connection established\r\n\r\n');
}

// --- SOCKS5 --------------------------------------------------------------------------------------

function serveSocks(socket) {
	need(socket, (bytes) => {
		const length = 2 + (bytes[1] ?? 255), wanted = auth ? 2 : 0;

		if (bytes.length < length)
			return 0;
		const good = bytes[0] === 5 && bytes.subarray(2, length).includes(wanted);

		if (!good) {
			console.log('refused method');
			socket.end(Buffer.from([5, 0xff]));
		} else {
			socket.write(Buffer.from([5, wanted]));
			(auth ? takePassword : takeRequest)(socket);
		}
		return length;
	});
}

function takePassword(socket) {
	need(socket, (bytes) => {
		const user = bytes[1] ?? 255, length = 3 + user + (bytes[2 + user] ?? 255);

		if (bytes.length < length)
			return 0;
		const text = `${bytes.subarray(2, 2 + user)}:${bytes.subarray(3 + user, length)}`;

		if (text === auth) {
			socket.write(Buffer.from([1, 0]));
			takeRequest(socket);
		} else {
			console.log('refused password');
			socket.end(Buffer.from([1, 1]));
		}
		return length;
	});
}

// The address in a request of this type, and the request's length.
function addressOf(bytes) {
	const type = bytes[3];

	if (type === 3)
		return { length: 7 + (bytes[4] ?? 255),
			host: bytes.subarray(5, 5 + (bytes[4] ?? 0)).toString() };
	if (type === 1)
		return { length: 10, host: [...bytes.subarray(4, 8)].join('.') };
	return { length: 22, host: [0, 2, 4, 6, 8, 10, 12, 14].map((i) =>
		bytes.subarray(4 + i, 6 + i).toString('hex')).join(':') };
}

function takeRequest(socket) {
	need(socket, (bytes) => {
		const { length, host } = addressOf(bytes);

		if (bytes.length < length)
			return 0;
		const reply = (code) => Buffer.from([5, code, 0, 1, 127, 0, 0, 1, 0, 0]);

		if (bytes[1] !== 1 || host === REFUSED) {
			console.log('refused request');
			socket.end(reply(bytes[1] !== 1 ? 7 : 2));
		} else {
			tunnel(socket, bytes.readUInt16BE(length - 2), host, reply(0));
		}
		return length;
	});
}

const server = net.createServer((socket) => {
	socket.on('error', () => {});
	(kind === 'socks5' ? serveSocks : serveHttp)(socket);
});
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
process.on('SIGTERM', () => process.exit(0));
