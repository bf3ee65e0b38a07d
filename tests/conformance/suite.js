// suite.js: all cases by number, and the server that plays them: GET /case/N.
//
// A case is { number, category, name, run, options }; options are
//   answer(request)   the whole answer to the handshake, latin1; else a plain 101
//   chop              the answer goes out so many bytes a write
//   deflate           the parameters of permessage-deflate to agree to
'use strict';
const net = require('node:net');
const tls = require('node:tls');
const { Peer, Failure } = require('./peer');
const handshake = require('./handshake');
const basic = require('./cases/basic');
const text = require('./cases/text');
const { closing } = require('./cases/close');
const { limits, chunks } = require('./cases/limits');
const { opening } = require('./cases/opening');
const deflate = require('./cases/deflate');

const CATEGORIES = {
	'opening': opening, 'framing': basic.framing, 'pings': basic.pings,
	'reserved-bits': basic.reserved, 'opcodes': basic.opcodes,
	'fragments': basic.fragmentation, 'utf8-valid': text.valid, 'utf8-invalid': text.invalid,
	'closing': closing, 'limits': limits, 'chunks': chunks,
	'deflate-vectors': deflate.vectors, 'deflate-parameters': deflate.parameters,
	'deflate-messages': deflate.messages, 'deflate-errors': deflate.errors,
	'utf8-early': text.early,
};
const REQUEST_MAX = 65536;

const cases = [];
for (const [category, fill] of Object.entries(CATEGORIES))
	fill((name, run, options = {}) =>
		cases.push({ number: cases.length + 1, category, name, run, options }));

function writeParams(params) {
	return ['permessage-deflate', ...Object.entries(params).map(([name, value]) =>
		(value === true ? name : `${name}=${value}`))].join('; ');
}

function answerOf(one, request) {
	const { answer, deflate: params } = one.options;

	if (answer)
		return answer(request);
	return handshake.answer(request,
		params ? { 'Sec-WebSocket-Extensions': writeParams(params) } : {});
}

// Plays a case; the verdict is { text, exit }: '' when the client did all right, and the exit
// status that the client should have, null when either will do.
async function play(one, socket, request) {
	const peer = new Peer(socket, request);

	try {
		const fault = handshake.fault(request);

		if (fault)
			throw new Failure(`the request: ${fault}`);
		if (one.options.deflate)
			peer.agree(one.options.deflate);
		await peer.send(Buffer.from(answerOf(one, request), 'latin1'), one.options);
		await one.run(peer);
		return { text: '', exit: peer.exit };
	} catch (e) {
		socket.destroy();
		return { text: e instanceof Failure ? e.message : e.stack, exit: null };
	}
}

// The head of the request; '' when the client left before its end. Nothing may come behind it
// before the answer.
function readHead(socket) {
	return new Promise((resolve) => {
		let head = '';
		const done = (result) => {
			socket.off('data', more);
			resolve(result);
		};
		const more = (chunk) => {
			head += chunk.toString('latin1');
			if (head.includes('\r\n\r\n') || head.length > REQUEST_MAX)
				done(head);
		};

		socket.on('data', more);
		socket.once('end', () => done(''));
		socket.once('error', () => done(''));
	});
}

function answerPlain(socket, body) {
	socket.end('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n' +
		`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

class Server {
	// judged(case, verdict) is called for every case that was played, began(case) before that.
	// `pem`: a certificate and its key, to speak TLS; null: plain.
	constructor(judged, began = () => {}, pem = null) {
		const serve = (socket) => this.serve(socket);
		const options = { allowHalfOpen: true, noDelay: true };

		this.judged = judged;
		this.began = began;
		this.verdicts = {};
		this.listener = pem === null ? net.createServer(options, serve) :
			tls.createServer({ ...options, cert: pem, key: pem }, serve);
	}

	listen() {
		return new Promise((resolve) => this.listener.listen(0, '127.0.0.1', () =>
			resolve(this.listener.address().port)));
	}

	close() {
		this.listener.close();
	}

	async serve(socket) {
		const head = await readHead(socket), end = head.indexOf('\r\n\r\n');

		if (end < 0) {
			socket.destroy();
			return;
		}
		const request = handshake.parseRequest(head.slice(0, end));
		const [, what, digits] = request.target.match(/^\/(\w+)\/?(\d*)/) ?? [];
		const number = Number(digits), one = cases[number - 1];

		socket.on('error', () => {});
		if (what === 'case' && one)
			await this.serveCase(one, socket, request, head.length - end - 4);
		else if (what === 'result')
			answerPlain(socket, JSON.stringify(this.verdicts[number] ?? null));
		else
			answerPlain(socket, JSON.stringify(cases.length));
	}

	async serveCase(one, socket, request, early) {
		this.began(one);
		let verdict = { text: `${early} bytes came before the answer`, exit: null };

		if (early > 0)
			socket.destroy();
		else
			verdict = await play(one, socket, request);
		this.verdicts[one.number] = verdict;
		this.judged(one, verdict);
	}
}

module.exports = { cases, CATEGORIES: Object.keys(CATEGORIES), Server };
