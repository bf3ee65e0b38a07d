// peer.js: a case's view of the client: sends to it, and waits for what it must do next.
//
// Whatever the client does is an event, in order: a message, a ping, a pong, a close frame, its
// FIN, a RST. A case awaits them one by one, so that anything out of place is the one not awaited;
// it throws a Failure, which is the verdict of the case.
'use strict';
const f = require('./frame');
const { Inflater, Deflater } = require('./flate');
const { offers } = require('./handshake');
const { isUtf8 } = require('./utf8');

class Failure extends Error {}

function excerpt(data) {
	const text = data.subarray(0, 16).toString('hex');

	return `${data.length} bytes${data.length > 0 ? ': ' + text : ''}` +
		(data.length > 16 ? '…' : '');
}

function describe(event) {
	switch (event.type) {
	case 'message': return `a ${f.nameOf(event.opcode)} message of ${excerpt(event.data)}`;
	case 'ping': case 'pong': return `a ${event.type} of ${excerpt(event.data)}`;
	case 'close': return `a close frame ${event.code ?? 'without a code'}`;
	case 'end': return 'the end of the connection';
	default: return event.text;
	}
}

function firstDifference(a, b) {
	let i = 0;

	while (i < a.length && a[i] === b[i])
		i++;
	return i;
}

// Whether an answer with these parameters may follow the offer (RFC 7692, 7.1).
function allows({ name, params: offered }, params) {
	const bits = offered.server_max_window_bits;

	return name === 'permessage-deflate' &&
		!(offered.server_no_context_takeover && !params.server_no_context_takeover) &&
		!(bits && !(params.server_max_window_bits <= Number(bits))) &&
		!(params.client_max_window_bits && !offered.client_max_window_bits);
}

class Peer {
	static LIMIT_MS = 10000;               // how long a case waits for what must come

	constructor(socket, request) {
		this.socket = socket;
		this.request = request;
		this.limit = Peer.LIMIT_MS;
		this.events = [];
		this.wake = null;
		this.reader = new f.FrameReader();
		this.message = null;           // the fragmented message that is coming in
		this.deflater = this.inflater = null;
		this.compressed = 0;           // messages that came compressed
		this.closed = false;           // a close frame came
		this.inFrame = false;          // the last frame sent is not all there
		this.exit = null;              // what the client's exit status should be
		socket.on('data', (chunk) => this.received(chunk));
		socket.on('end', () => this.ended());
		socket.on('error', (e) => this.add({ type: 'reset', text: `a reset (${e.code})` }));
	}

	// --- what the client does ---------------------------------------------------------------

	add(event) {
		this.events.push(event);
		this.wake?.();
	}

	// A reset right behind the last bytes looks like a FIN to Node; but a socket that was reset
	// has no peer any more, while one whose own side is still open has.
	ended() {
		if (!this.socket.writableFinished && this.socket.remoteAddress === undefined)
			this.add({ type: 'reset', text: 'a reset' });
		else
			this.add({ type: 'end' });
	}

	received(chunk) {
		if (this.broken)
			return;
		this.reader.add(chunk);
		try {
			for (let frame; (frame = this.reader.next()) !== null;)
				this.frameCame(frame);
		} catch (e) {
			this.broken = true;
			this.add({ type: 'fault', text: e.message });
		}
	}

	frameCame({ fin, rsv, opcode, payload }) {
		if (opcode === f.CLOSE)
			this.closeCame(payload);
		else if (opcode === f.PONG || (opcode === f.PING && this.closed))
			this.add({ type: f.nameOf(opcode), data: payload });
		else if (opcode === f.PING)
			return;                // may come at any time; it gets no answer here
		else
			this.dataCame(fin, rsv, opcode, payload);
	}

	closeCame(payload) {
		if (payload.length === 1)
			throw new Error('a close frame of one byte');
		if (!isUtf8(payload.subarray(2)))
			throw new Error('a close frame whose reason is no UTF-8');
		this.closed = true;
		this.add({ type: 'close', reason: payload.subarray(2).toString(),
			code: payload.length > 0 ? payload.readUInt16BE(0) : undefined });
	}

	dataCame(fin, rsv, opcode, payload) {
		const begins = opcode !== f.CONTINUATION;

		if (begins !== (this.message === null))
			throw new Error(begins ? 'a new message inside a fragmented one' :
				'a continuation of nothing');
		if (rsv !== 0 && (!begins || this.inflater === null))
			throw new Error(`RSV1 in a ${f.nameOf(opcode)} frame`);
		this.message ??= { opcode, compressed: rsv !== 0, pieces: [] };
		this.message.pieces.push(payload);
		if (!fin)
			return;
		const { opcode: kind, compressed, pieces } = this.message;
		let data = Buffer.concat(pieces);

		this.message = null;
		if (compressed) {
			data = this.inflater.message(data);
			this.compressed++;
		}
		if (kind === f.TEXT && !isUtf8(data))
			throw new Error('a text message that is no UTF-8');
		this.add({ type: 'message', opcode: kind, data });
	}

	async next(awaited) {
		let timer;

		if (this.events.length === 0) {
			await new Promise((resolve) => {
				this.wake = resolve;
				timer = setTimeout(resolve, this.limit);
			});
			clearTimeout(timer);
			this.wake = null;
		}
		if (this.events.length === 0)
			throw new Failure(`nothing for ${this.limit / 1000} s; awaited ${awaited}`);
		return this.events.shift();
	}

	// --- what is agreed ---------------------------------------------------------------------

	// permessage-deflate with these parameters; throws when the client's offer rules them out.
	agree(params) {
		if (!offers(this.request).some((offer) => allows(offer, params)))
			throw new Failure('the offer does not allow what this case is about: ' +
				this.request.headers['sec-websocket-extensions']);
		this.deflater = new Deflater(params.server_max_window_bits ?? 15,
			!params.server_no_context_takeover);
		this.inflater = new Inflater(params.client_max_window_bits ?? 15,
			!params.client_no_context_takeover);
	}

	// --- what is sent -----------------------------------------------------------------------

	// `chop`: so many bytes a write, each in a turn of its own.
	async send(what, { chop } = {}) {
		const bytes = Buffer.concat([what].flat().map((part) => Buffer.from(part)));

		if (!chop) {
			this.socket.write(bytes);
			return;
		}
		for (let at = 0; at < bytes.length && !this.socket.destroyed; at += chop) {
			this.socket.write(bytes.subarray(at, at + chop));
			await new Promise((resolve) => setImmediate(resolve));
		}
	}

	// Nothing of what was written goes out any more: the client does not read. It may also be
	// that all of it went out.
	async stalled() {
		for (let left = -1; this.socket.writableLength !== left;) {
			left = this.socket.writableLength;
			await new Promise((resolve) => setTimeout(resolve, 200));
		}
	}

	// A message's frames as agreed: `size` cuts it into fragments.
	frames(opcode, data, size = Infinity) {
		if (this.deflater === null)
			return f.fragments(opcode, data, size);
		return f.fragments(opcode, this.deflater.message(Buffer.from(data)), size, 4);
	}

	// --- what must come ---------------------------------------------------------------------

	fail(event, awaited) {
		throw new Failure(`got ${describe(event)}; awaited ${awaited}`);
	}

	async expectMessage(opcode, payload) {
		const data = Buffer.from(payload);
		const awaited = `a ${f.nameOf(opcode)} message of ${excerpt(data)}`;
		const event = await this.next(awaited);

		if (event.type !== 'message' || event.opcode !== opcode)
			this.fail(event, awaited);
		if (!event.data.equals(data))
			this.fail(event, `${awaited} (they differ at byte ` +
				`${firstDifference(event.data, data)})`);
	}

	async expectPong(payload) {
		const data = Buffer.from(payload), awaited = `a pong of ${excerpt(data)}`;
		const event = await this.next(awaited);

		if (event.type !== 'pong' || !event.data.equals(data))
			this.fail(event, awaited);
	}

	async expectClose(codes, begins) {
		const names = codes.map((code) => code ?? 'without a code').join(' or ');
		const awaited = `a close frame ${names}` +
			(begins ? ', for what it must refuse' : '');
		const event = await this.next(awaited);

		if (event.type !== 'close' || !codes.includes(event.code))
			this.fail(event, awaited);
	}

	// Some message came compressed, so that the client's compressor is under test at all.
	expectCompressed() {
		if (this.compressed === 0)
			throw new Failure('compression was agreed, but no message came compressed');
	}

	// The server ends its side; the client must end its own, and say nothing more.
	async expectEnd() {
		this.socket.end();
		await this.expectFin();
	}

	// The client ends its side.
	async expectFin() {
		const event = await this.next('the end of the connection');

		if (event.type !== 'end')
			this.fail(event, 'the end of the connection');
		await this.expectClosed();
	}

	// Both sides are ended, and no RST says otherwise.
	async expectClosed() {
		this.socket.end();
		if (!this.socket.closed)
			await new Promise((resolve) => this.socket.once('close', resolve));
		if (this.events.length > 0)
			this.fail(this.events[0], 'nothing after the end');
	}

	// --- how cases end ----------------------------------------------------------------------

	// The server closes; the client answers with the same code.
	async goodbye(code = 1000, reason = '') {
		await this.send(f.closeFrame(code, reason));
		await this.expectClose(code === undefined ? [undefined, 1000] : [code]);
		await this.expectEnd();
		this.exit = code === undefined || code === 1000 ? 0 : null;
	}

	// The client refuses what it got with one of the codes, and nothing comes behind that.
	async refused(...codes) {
		await this.expectClose(codes, true);
		if (!this.inFrame)
			await this.send(f.closeFrame(codes[0]));
		await this.expectEnd();
		this.exit = 3;
	}

	// The client refuses the handshake: it ends without a frame.
	async declined() {
		const event = await this.next('the end of the connection, for what it must refuse');

		if (event.type !== 'end')
			this.fail(event, 'the end of the connection, for what it must refuse');
		await this.expectClosed();
		this.exit = 3;
	}
}

module.exports = { Peer, Failure, describe };
