// handshake.js: the opening handshake (RFC 6455, 4) from the server's side: judges the client's
// request and makes answers, right and wrong ones.
'use strict';
const crypto = require('node:crypto');

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

// { method, target, version, headers }: names in lower case, values of one name joined.
function parseRequest(text) {
	const [first, ...lines] = text.split('\r\n');
	const [method, target, version] = first.split(' ');
	const headers = {};

	for (const line of lines) {
		const colon = line.indexOf(':');
		const name = line.slice(0, colon).toLowerCase();
		const value = line.slice(colon + 1).trim();

		headers[name] = name in headers ? headers[name] + ', ' + value : value;
	}
	return { method, target, version, headers };
}

function isUpgrade(request) {
	return 'sec-websocket-key' in request.headers;
}

// What is wrong with a request to upgrade; '' when it is sound.
function fault(request) {
	const { headers } = request, key = headers['sec-websocket-key'];

	if (request.method !== 'GET' || request.version !== 'HTTP/1.1')
		return `the request is ${request.method} by ${request.version}`;
	if (!headers.host)
		return 'no Host';
	if ((headers.upgrade ?? '').toLowerCase() !== 'websocket')
		return `Upgrade: ${headers.upgrade}`;
	if (!/(^|,)\s*upgrade\s*(,|$)/i.test(headers.connection ?? ''))
		return `Connection: ${headers.connection}`;
	if (headers['sec-websocket-version'] !== '13')
		return `Sec-WebSocket-Version: ${headers['sec-websocket-version']}`;
	if (!/^[A-Za-z0-9+/]{21}[AQgw]==$/.test(key))
		return `Sec-WebSocket-Key: ${key}`;
	return '';
}

// The offers in Sec-WebSocket-Extensions as [{ name, params: { … } }]; a parameter without a value
// is true.
function offers(request) {
	const value = request.headers['sec-websocket-extensions'] ?? '';

	return value.split(',').filter((part) => part.trim()).map((part) => {
		const [name, ...rest] = part.split(';').map((word) => word.trim());

		return { name, params: Object.fromEntries(rest.map((word) => {
			const [key, text] = word.split('=').map((half) => half.trim());

			return [key, text === undefined ? true : text.replace(/^"(.*)"$/, '$1')];
		})) };
	});
}

function acceptOf(request) {
	return crypto.createHash('sha1').update(request.headers['sec-websocket-key'] + GUID)
		.digest('base64');
}

// The head of a 101. A header given as null is left out, one of an array stands several times.
function answer(request, headers = {}, status = 'HTTP/1.1 101 Switching Protocols') {
	const all = {
		'Upgrade': 'websocket', 'Connection': 'Upgrade',
		'Sec-WebSocket-Accept': acceptOf(request), ...headers,
	};
	const lines = Object.entries(all).filter(([, value]) => value !== null)
		.flatMap(([name, value]) => [value].flat().map((one) => `${name}: ${one}`));

	return [status, ...lines, '', ''].join('\r\n');
}

module.exports = { parseRequest, isUpgrade, fault, offers, acceptOf, answer };
