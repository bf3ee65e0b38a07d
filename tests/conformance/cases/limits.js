// limits.js: long messages, many messages, fragments and writes of all sizes.
'use strict';
const f = require('../frame');
const { letters, pattern, noise, words } = require('../data');

const { TEXT, BINARY, frame } = f;
const KI = 1024, MI = 1 << 20;
const LONG_MS = 30000;

function sizeName(size) {
	return size % MI === 0 && size > 0 ? `${size / MI} MiB` :
		size % KI === 0 && size > 0 ? `${size / KI} KiB` : `${size} bytes`;
}

function dataFor(opcode, size) {
	return opcode === TEXT ? letters(size) : pattern(size);
}

function limits(add) {
	long(add);
	many(add);
	backlog(add);
}

function echoed(opcode, data, frames, options) {
	return async (p) => {
		p.limit = LONG_MS;
		await p.send(frames, options);
		await p.expectMessage(opcode, data);
		await p.goodbye();
	};
}

function long(add) {
	for (const opcode of [TEXT, BINARY]) {
		const kind = f.nameOf(opcode);

		for (const size of [64 * KI, 256 * KI, MI, 4 * MI, 8 * MI, 16 * MI])
			add(`${kind} of ${sizeName(size)}`, (p) => {
				const data = dataFor(opcode, size);

				return echoed(opcode, data, frame(opcode, data))(p);
			});
		for (const size of [64, 256, KI, 4 * KI, 16 * KI, 64 * KI, 256 * KI, MI])
			add(`${kind} of 4 MiB in fragments of ${sizeName(size)}`, (p) => {
				const data = dataFor(opcode, 4 * MI);

				return echoed(opcode, data, f.fragments(opcode, data, size))(p);
			});
		for (const chop of opcode === TEXT ? [64, 128, 256, 512, KI, 2 * KI] : [64, KI])
			add(`${kind} of 1 MiB in writes of ${chop}`, (p) => {
				const data = dataFor(opcode, MI);

				return echoed(opcode, data, frame(opcode, data), { chop })(p);
			});
	}
	add('a text of 4 MiB in characters of all lengths', (p) => {
		const data = words(4 * MI);

		return echoed(TEXT, data, frame(TEXT, data))(p);
	});
	add('a text of 1 MiB in fragments of 1000 that cut characters', (p) => {
		const data = words(MI);

		return echoed(TEXT, data, f.fragments(TEXT, data, 1000))(p);
	});
	add('16 MiB of noise in fragments of 1 MiB', (p) => {
		const data = noise(16 * MI);

		return echoed(BINARY, data, f.fragments(BINARY, data, MI))(p);
	});
	add('a frame of 2^40 bytes', async (p) => {
		await p.send(Buffer.from('827f0000010000000000', 'hex'));
		await p.refused(1009);
	});
}

function many(add) {
	for (const opcode of [TEXT, BINARY])
		for (const size of [0, 16, 64, 256, 1024, 4096])
			add(`1000 times ${f.nameOf(opcode)} of ${size} bytes, one after another`,
				async (p) => {
					const data = dataFor(opcode, size);

					for (let i = 0; i < 1000; i++) {
						p.socket.write(frame(opcode, data));
						await p.expectMessage(opcode, data);
					}
					await p.goodbye();
				});
	for (const size of [0, 125, 126, 4096, 65536])
		add(`${size > 4096 ? 100 : 1000} messages of ${size} bytes at once`, async (p) => {
			const count = size > 4096 ? 100 : 1000;

			for (let i = 0; i < count; i++)
				p.socket.write(frame(BINARY, noise(size, i + 1)));
			for (let i = 0; i < count; i++)
				await p.expectMessage(BINARY, noise(size, i + 1));
			await p.goodbye();
		});
}

// The server sends all of it before it reads anything: the client must neither lose echoes nor
// give up, and goes on when they are taken at last.
function backlog(add) {
	for (const [count, size] of [[400, 64 * KI], [24, MI], [4, 8 * MI]])
		add(`${count} messages of ${sizeName(size)}, read late`, async (p) => {
			const data = pattern(size);

			p.limit = LONG_MS;
			p.socket.pause();
			for (let i = 0; i < count; i++)
				p.socket.write(frame(BINARY, data));
			await p.stalled();
			p.socket.resume();
			for (let i = 0; i < count; i++)
				await p.expectMessage(BINARY, data);
			await p.goodbye();
		});
}

function cut(opcode, size, piece) {
	return (p) => {
		const data = opcode === TEXT ? words(size) : noise(size);

		return echoed(opcode, data, f.fragments(opcode, data, piece))(p);
	};
}

// Messages of odd sizes in fragments of odd sizes.
function chunks(add) {
	for (const opcode of [TEXT, BINARY])
		for (const size of [1000, 65536, 65537, 200003])
			for (const piece of [97, 1300, 4096, 65535, 65536])
				if (piece < size)
					add(`${f.nameOf(opcode)} of ${size} bytes, ${piece} a fragment`,
						cut(opcode, size, piece));
}

module.exports = { limits, chunks };
