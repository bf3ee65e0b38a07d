// opening.js: the opening handshake: answers that must be taken, and those that must not.
'use strict';
const f = require('../frame');
const { answer, acceptOf, offers } = require('../handshake');

const { TEXT, PING, frame } = f;

async function works(p) {
	await p.send(frame(TEXT, 'hello'));
	await p.expectMessage(TEXT, 'hello');
	await p.goodbye();
}

function opening(add) {
	taken(add);
	declined(add);
	declinedExtensions(add);
}

function taken(add) {
	const takes = (name, make) => add(name, works, { answer: make });

	takes('names and values in lower case', (r) => answer(r, {
		'Upgrade': null, 'Connection': null, 'Sec-WebSocket-Accept': null,
		'upgrade': 'websocket', 'connection': 'upgrade',
		'sec-websocket-accept': acceptOf(r),
	}));
	takes('names and values in capitals', (r) => answer(r, {
		'Upgrade': null, 'Connection': null, 'Sec-WebSocket-Accept': null,
		'UPGRADE': 'WEBSOCKET', 'CONNECTION': 'UPGRADE',
		'SEC-WEBSOCKET-ACCEPT': acceptOf(r),
	}));
	takes('Connection: keep-alive, Upgrade', (r) => answer(r, {
		'Connection': 'keep-alive, Upgrade',
	}));
	takes('Content-Length: 0', (r) => answer(r, { 'Content-Length': '0' }));
	takes('another reason phrase', (r) => answer(r, {}, 'HTTP/1.1 101 Web Socket Protocol'));
	takes('an empty reason phrase', (r) => answer(r, {}, 'HTTP/1.1 101 '));
	takes('white space around values', (r) => answer(r, {
		'Upgrade': ' \t websocket \t', 'Sec-WebSocket-Accept': `   ${acceptOf(r)}  `,
	}));
	takes('no white space before values', (r) => answer(r).replace(/: /g, ':'));
	takes('a hundred other fields', (r) => answer(r, Object.fromEntries(
		Array.from({ length: 100 }, (_, i) => [`X-Field-${i}`, `value ${i}`]))));
	add('an answer byte by byte', works, { chop: 1 });
	add('frames in the same write as the answer', async (p) => {
		await p.expectMessage(TEXT, 'early');
		await p.expectPong('early');
		await p.goodbye();
	}, { answer: (r) => answer(r) + frame(TEXT, 'early').toString('latin1') +
		frame(PING, 'early').toString('latin1') });
	add('half a frame in the same write as the answer', async (p) => {
		await p.send('hello');
		await p.expectMessage(TEXT, 'hello');
		await p.goodbye();
	}, { answer: (r) => answer(r) + '\x81\x05' });
	add('a close frame in the same write as the answer', async (p) => {
		await p.expectClose([1000]);
		await p.expectEnd();
		p.exit = 0;
	}, { answer: (r) => answer(r) + '\x88\x02\x03\xe8' });
}

function declined(add) {
	const declines = (name, make) => add(name, (p) => p.declined(), { answer: make });

	declines('no Sec-WebSocket-Accept', (r) => answer(r, { 'Sec-WebSocket-Accept': null }));
	declines('an empty Sec-WebSocket-Accept', (r) => answer(r, { 'Sec-WebSocket-Accept': '' }));
	declines('the accept value of another key', (r) => answer(r, {
		'Sec-WebSocket-Accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
	}));
	declines('the accept value in other letters', (r) => {
		const value = acceptOf(r), swapped = value.toLowerCase();

		return answer(r, { 'Sec-WebSocket-Accept':
			swapped === value ? value.toUpperCase() : swapped });
	});
	declines('the accept value with a letter more', (r) => answer(r, {
		'Sec-WebSocket-Accept': acceptOf(r) + 'A',
	}));
	declines('no Upgrade', (r) => answer(r, { 'Upgrade': null }));
	declines('another Upgrade', (r) => answer(r, { 'Upgrade': 'h2c' }));
	declines('no Connection', (r) => answer(r, { 'Connection': null }));
	declines('Connection: keep-alive', (r) => answer(r, { 'Connection': 'keep-alive' }));
	declines('a subprotocol that nobody asked for', (r) => answer(r, {
		'Sec-WebSocket-Protocol': 'never-offered',
	}));
	declines('200 in place of 101', (r) =>
		answer(r, { 'Content-Length': '0' }, 'HTTP/1.1 200 OK'));
	declines('404 in place of 101', (r) =>
		answer(r, { 'Content-Length': '0' }, 'HTTP/1.1 404 Not Found'));
	declines('no HTTP', () => 'SSH-2.0-OpenSSH_9.2p1\r\n\r\n');
}

function declinedExtensions(add) {
	const declines = (value) => add(`the extension answer ${[value].flat().join(' and ')}`,
		(p) => p.declined(), {
			answer: (r) => answer(r, { 'Sec-WebSocket-Extensions': value }),
		});

	declines('x-never-offered');
	declines('permessage-deflate, x-never-offered');
	declines('permessage-deflate, permessage-deflate');
	declines(['permessage-deflate', 'permessage-deflate']);
	declines('permessage-deflate; unknown_parameter');
	declines('permessage-deflate; server_no_context_takeover; server_no_context_takeover');
	declines('permessage-deflate; client_no_context_takeover; client_no_context_takeover');
	declines('permessage-deflate; server_max_window_bits=10; server_max_window_bits=10');
	declines('permessage-deflate; server_no_context_takeover=1');
	declines('permessage-deflate; client_no_context_takeover=true');
	for (const name of ['server_max_window_bits', 'client_max_window_bits']) {
		declines(`permessage-deflate; ${name}`);
		for (const value of ['7', '16', '0', '08', '-9', '1e1', 'x', '""', '15 15'])
			declines(`permessage-deflate; ${name}=${value}`);
	}
	add('the value of a parameter in quotes', async (p) => {
		p.agree({ server_max_window_bits: 10 });
		await p.send(p.frames(TEXT, 'hello hello hello'));
		await p.expectMessage(TEXT, 'hello hello hello');
		await p.goodbye();
	}, { answer: (r) => answer(r, {
		'Sec-WebSocket-Extensions': 'permessage-deflate; server_max_window_bits="10"',
	}) });
	add('the offer is well formed', async (p) => {
		checkOffer(p);
		await works(p);
	});
}

function checkOffer(p) {
	const names = ['server_no_context_takeover', 'client_no_context_takeover',
		'server_max_window_bits', 'client_max_window_bits'];

	for (const { params } of offers(p.request))
		for (const [name, value] of Object.entries(params)) {
			const bits = /^([89]|1[0-5])$/.test(value);
			const good = name.endsWith('takeover') ? value === true :
				bits || (name.startsWith('client') && value === true);

			if (!names.includes(name) || !good)
				p.fail({ text: `an offer of ${name}=${value}` },
					'parameters of RFC 7692');
		}
}

module.exports = { opening };
