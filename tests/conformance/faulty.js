// faulty.js: a small echo client that is right, or wrong in one named way: what the server must
// catch.
//
// The faults are the words given to has() below.
'use strict';
const net = require('node:net');
const crypto = require('node:crypto');
const f = require('./frame');
const { Inflater, Deflater } = require('./flate');
const { acceptOf, parseRequest } = require('./handshake');
const { judge, isUtf8 } = require('./utf8');

function isCloseCode(code) {
	return (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) ||
		(code >= 3000 && code <= 4999);
}

class Refusal extends Error {
	constructor(code) {
		super(`refused with ${code}`);
		this.code = code;
	}
}

class Client {
	constructor(port, path, fault) {
		this.faults = fault;
		this.input = Buffer.alloc(0);
		this.open = this.over = false;
		this.message = null;
		this.key = crypto.randomBytes(16).toString('base64');
		this.socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
		this.socket.on('error', () => {});
		this.socket.on('data', (chunk) => this.received(chunk));
		this.socket.on('end', () => this.socket.end());
		this.done = new Promise((resolve) => this.socket.on('close', resolve));
		this.socket.write(this.request(path));
	}

	request(path) {
		const offer = 'permessage-deflate; client_max_window_bits';

		return [`GET ${path} HTTP/1.1`, 'Host: localhost', 'Upgrade: websocket',
			'Connection: Upgrade', 'Sec-WebSocket-Version: 13',
			`Sec-WebSocket-Key: ${this.has('short key') ? 'c2hvcnQ=' : this.key}`,
			...this.has('no compression') ? [] : [`Sec-WebSocket-Extensions: ${offer}`],
			'', this.has('early bytes') ? 'x' : ''].join('\r\n');
	}

	has(fault) {
		return this.faults === fault;
	}

	// --- in ---------------------------------------------------------------------------------

	received(chunk) {
		if (this.over && !this.has('talks after closing'))
			return;
		this.input = Buffer.concat([this.input, chunk]);
		try {
			if (this.open || this.handshake())
				while (this.frame());
		} catch (e) {
			this.refuse(e.code ?? 1007);
		}
	}

	handshake() {
		const end = this.input.indexOf('\r\n\r\n');

		if (end < 0)
			return false;
		const head = parseRequest(this.input.subarray(0, end).toString());
		const good = head.target === '101' &&
			head.headers['sec-websocket-accept'] === acceptOf({
				headers: { 'sec-websocket-key': this.key },
			});

		if (!good && !this.has('any accept value')) {
			this.over = true;
			this.socket.end();
			return false;
		}
		this.agree(head.headers['sec-websocket-extensions'] ?? '');
		this.input = this.input.subarray(end + 4);
		return (this.open = true);
	}

	agree(extensions) {
		const bits = (name) => Number(extensions.match(`${name}=(\\d+)`)?.[1] ?? 15);

		if (!extensions.includes('permessage-deflate'))
			return;
		const resets = (side) => extensions.includes(`${side}_no_context_takeover`);
		const ignores = this.has('too large a window');

		this.inflater = new Inflater(bits('server_max_window_bits'),
			!resets('server') && !this.has('forgets the window'));
		this.deflater = new Deflater(ignores ? 15 : bits('client_max_window_bits'),
			!resets('client') || this.has('keeps the window'));
	}

	// Takes one frame; true when there may be more.
	frame() {
		const bytes = this.input;

		if (bytes.length < 2 || (this.over && !this.has('talks after closing')))
			return false;
		const short = bytes[1] & 0x7f, head = short < 126 ? 2 : short === 126 ? 4 : 10;

		if (bytes[1] & 0x80)
			throw new Refusal(1002);
		if (bytes.length < head)
			return false;
		const length = head === 2 ? short : head === 4 ? bytes.readUInt16BE(2) :
			Number(bytes.readBigUInt64BE(2));
		const frame = { fin: bytes[0] >= 0x80, rsv: bytes[0] >> 4 & 7,
			opcode: bytes[0] & 15, payload: bytes.subarray(head, head + length) };

		this.judgeHead(frame, length);
		this.judgeText(frame);
		if (bytes.length < head + length)
			return false;
		this.input = bytes.subarray(head + length);
		this.take(frame);
		return true;
	}

	judgeHead({ fin, rsv, opcode }, length) {
		const begins = opcode === f.TEXT || opcode === f.BINARY;
		const control = opcode >= 8;

		if (rsv & (begins && this.inflater ? 3 : 7) && !this.has('any reserved bits'))
			throw new Refusal(1002);
		if (![0, 1, 2, 8, 9, 10].includes(opcode) && !this.has('any opcode'))
			throw new Refusal(1002);
		if (control && (!fin || length > 125) && !this.has('any control frame'))
			throw new Refusal(1002);
		if ((opcode === 0) !== (this.message !== null) && !control &&
			!this.has('any order of fragments'))
			throw new Refusal(1002);
	}

	// What has come of a text so far, in the midst of a frame too.
	judgeText({ opcode, rsv, payload }) {
		const text = opcode === f.TEXT || (opcode === 0 && this.message?.opcode === f.TEXT);
		const compressed = opcode === f.TEXT ? rsv & 4 : this.message?.compressed;

		if (!text || compressed || this.has('no UTF-8') || this.has('late UTF-8'))
			return;
		if (judge(Buffer.concat([...this.message?.pieces ?? [], payload])).bad >= 0)
			throw new Refusal(1007);
	}

	take({ fin, rsv, opcode, payload }) {
		if (opcode === f.CLOSE)
			this.closed(payload);
		else if (opcode === f.PING && !this.has('no pongs'))
			this.say(f.PONG, this.has('empty pongs') ? '' : payload);
		else if (opcode < 3)
			this.data(fin, rsv, opcode, payload);
	}

	data(fin, rsv, opcode, payload) {
		this.message ??= { opcode, compressed: rsv & 4, pieces: [] };
		this.message.pieces.push(payload);
		if (!fin)
			return;
		const { opcode: kind, compressed, pieces } = this.message;
		let data = Buffer.concat(pieces);

		this.message = null;
		if (compressed && this.inflater)
			data = this.inflater.message(data);
		if (kind === f.TEXT && !isUtf8(data) && !this.has('no UTF-8'))
			throw new Refusal(1007);
		this.echo(kind, data);
	}

	closed(payload) {
		const code = payload.length > 1 ? payload.readUInt16BE(0) : 1000;

		if (!this.has('any close code') && (payload.length === 1 || !isCloseCode(code)))
			throw new Refusal(1002);
		if (!isUtf8(payload.subarray(2)))
			throw new Refusal(1007);
		this.say(f.CLOSE, this.has('no close code') ? '' : payload.subarray(0, 2));
		if (this.has('two close frames'))
			this.say(f.CLOSE, payload.subarray(0, 2));
		this.end();
	}

	// --- out --------------------------------------------------------------------------------

	echo(opcode, data) {
		const kind = this.has('text for all') ? f.TEXT : opcode;
		const text = this.has('a byte less') ? data.subarray(0, -1) : data;

		if (this.has('nothing for empty ones') && data.length === 0)
			return;
		if (this.has('pieces'))
			f.fragments(kind, text, 100).forEach((frame) => this.mask(frame));
		else if (this.deflater)
			this.say(kind, this.deflater.message(text), 4);
		else
			this.say(kind, text, this.has('RSV1 unasked') ? 4 : 0);
	}

	say(opcode, payload, rsv = 0) {
		const wide = this.has('long length') ? 64 : 0;

		this.mask(f.frame(opcode, payload, { rsv, wide }));
	}

	mask(frame) {
		const short = frame[1], head = short < 126 ? 2 : short === 126 ? 4 : 10;
		const mask = crypto.randomBytes(4), bytes = Buffer.from(frame);

		if (this.has('unmasked')) {
			this.socket.write(frame);
			return;
		}
		bytes[1] |= 0x80;
		this.socket.write(Buffer.concat([bytes.subarray(0, head), mask,
			f.masked(frame.subarray(head), mask)]));
	}

	refuse(code) {
		if (this.over)
			return;
		if (!this.has('no close frame'))
			this.mask(f.closeFrame(this.has('wrong code') ? 1000 : code));
		else
			this.socket.end();
		if (this.has('talks after refusing'))
			this.say(f.PONG, '');
		this.end();
	}

	// The server is to end first.
	end() {
		this.over = true;
		if (this.has('a reset'))
			this.socket.resetAndDestroy();
		else if (this.has('never ends'))
			this.socket.removeAllListeners('end');
	}
}

function connect(port, path, fault) {
	return new Client(port, path, fault).done;
}

module.exports = { connect };
