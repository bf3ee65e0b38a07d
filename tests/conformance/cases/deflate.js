// deflate.js: permessage-deflate (RFC 7692): the vectors of the RFC, every combination of
// parameters, many messages of many kinds and sizes, and compressed data that are wrong.
'use strict';
const f = require('../frame');
const { fixedBlock } = require('../flate');
const { letters, noise, words, json, text } = require('../data');

const { TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG, frame } = f;
const RSV1 = 4;
const BITS = [undefined, 8, 9, 10, 11, 12, 13, 14, 15];

function hex(digits) {
	return Buffer.from(digits.replace(/ /g, ''), 'hex');
}

// --- vectors -------------------------------------------------------------------------------------

// Each step is a list of frames and what they mean.
function vectors(add) {
	const given = (name, steps, deflate = {}) => {
		for (const chop of [undefined, 1])
			add(name + (chop ? ', byte by byte' : ''), async (p) => {
				for (const [frames, meaning] of steps) {
					await p.send(frames, { chop });
					await p.expectMessage(TEXT, meaning);
				}
				await p.goodbye();
			}, { deflate });
	};
	const whole = (digits) => frame(TEXT, hex(digits), { rsv: RSV1 });
	const hello = whole('f248cdc9c90700');

	given('7.2.3.1: Hello', [[hello, 'Hello']]);
	given('7.2.3.1: Hello in two fragments', [[[
		frame(TEXT, hex('f248cd'), { rsv: RSV1, fin: false }),
		frame(CONTINUATION, hex('c9c90700'))], 'Hello']]);
	given('7.2.3.2: Hello twice, the window kept',
		[[hello, 'Hello'], [whole('f200110000'), 'Hello']]);
	given('7.2.3.2: Hello twice, the window not kept', [[hello, 'Hello'], [hello, 'Hello']],
		{ server_no_context_takeover: true });
	given('7.2.3.3: a block without compression', [[whole('000500faff48656c6c6f00'), 'Hello']]);
	given('7.2.3.4: a final block', [[whole('f348cdc9c9070000'), 'Hello']]);
	given('7.2.3.4: messages behind a final block',
		[[whole('f348cdc9c9070000'), 'Hello'], [hello, 'Hello'],
			[whole('f348cdc9c9070000'), 'Hello']]);
	given('7.2.3.4: the window outlives a final block',
		[[whole('f348cdc9c9070000'), 'Hello'], [whole('f200110000'), 'Hello']]);
	given('7.2.3.5: two blocks', [[whole('f248050000 00ffff cac9c90700'), 'Hello']]);
	given('7.2.3.6: an empty message of one byte', [[whole('00'), '']]);
	given('an empty message of an empty fixed block', [[whole('0200'), '']]);
	given('an empty message in a fragment of one byte and an empty one',
		[[[frame(TEXT, hex('00'), { rsv: RSV1, fin: false }), frame(CONTINUATION)], '']]);
	given('an empty first fragment', [[[frame(TEXT, '', { rsv: RSV1, fin: false }),
		frame(CONTINUATION, hex('f248cdc9c90700'))], 'Hello']]);
	given('a plain message where compression was agreed', [[frame(TEXT, 'Hello'), 'Hello']]);
	given('a plain message is not in the window', [[hello, 'Hello'],
		[frame(TEXT, 'xyzzy'), 'xyzzy'], [whole('f200110000'), 'Hello']]);
	given('a plain message in fragments between compressed ones', [[hello, 'Hello'],
		[[frame(TEXT, 'xyz', { fin: false }), frame(CONTINUATION, 'zy')], 'xyzzy'],
		[whole('f200110000'), 'Hello']]);
	windows(add);
}

// References over the whole of each window, within a message and into the one before.
function windows(add) {
	for (let bits = 8; bits <= 15; bits++) {
		const reach = 1 << bits, before = noise(reach, bits);
		const over = [{ length: 258, distance: reach }, { length: 3, distance: reach }];
		const all = Buffer.concat([before, before]).subarray(0, 261);

		add(`a reference over all of ${reach} bytes`, async (p) => {
			await p.send(frame(BINARY, fixedBlock([before, ...over]), { rsv: RSV1 }));
			await p.expectMessage(BINARY, Buffer.concat([before, all]));
			await p.goodbye();
		}, { deflate: { server_max_window_bits: bits } });
		add(`a reference over all of ${reach} bytes into the message before`, async (p) => {
			await p.send(frame(BINARY, fixedBlock([before]), { rsv: RSV1 }));
			await p.expectMessage(BINARY, before);
			await p.send(frame(BINARY, fixedBlock(over), { rsv: RSV1 }));
			await p.expectMessage(BINARY, all);
			await p.goodbye();
		}, { deflate: { server_max_window_bits: bits } });
	}
}

// --- parameters ----------------------------------------------------------------------------------

// What differs by window: repeated near and far, across messages, empty and incompressible ones.
let conversation = () => {
	const far = noise(3000, 7);
	const all = [[TEXT, text], [TEXT, text], [TEXT, ''], [BINARY, noise(700, 3)],
		[BINARY, Buffer.concat([far, letters(5000), far, noise(20000, 9), far])],
		[TEXT, json(9000)], [TEXT, json(9000)], [TEXT, 'a'], [BINARY, noise(700, 3)],
		[BINARY, Buffer.concat([noise(33000, 5), noise(33000, 5)])], [TEXT, text]];

	conversation = () => all;
	return all;
};

// Every object that has for each name one of its values, or lacks it where that is undefined.
function combinations([[name, values] = [], ...rest]) {
	if (name === undefined)
		return [{}];
	return combinations(rest).flatMap((one) => values.map((value) =>
		(value === undefined ? one : { [name]: value, ...one })));
}

function parameters(add) {
	for (const deflate of combinations([
		['server_no_context_takeover', [undefined, true]],
		['client_no_context_takeover', [undefined, true]],
		['server_max_window_bits', BITS], ['client_max_window_bits', BITS]]))
		add(nameOf(deflate), converse, { deflate });
}

function nameOf(deflate) {
	const parts = Object.entries(deflate).map(([name, value]) =>
		(value === true ? name : `${name}=${value}`));

	return parts.join('; ') || 'no parameters';
}

async function converse(p) {
	for (const [opcode, data] of conversation())
		await p.send(p.frames(opcode, data, 4000));
	for (const [opcode, data] of conversation())
		await p.expectMessage(opcode, data);
	p.expectCompressed();
	await p.goodbye();
}

// --- messages ------------------------------------------------------------------------------------

const KINDS = {
	'JSON': (size) => json(size), 'text of several scripts': (size) => words(size),
	'one letter': (size) => Buffer.alloc(size, 'a'), noise: (size, i) => noise(size, i + 1),
};

function many(make, count, size, piece) {
	const opcode = make === KINDS.noise ? BINARY : TEXT;

	return async (p) => {
		for (let i = 0; i < count; i++)
			await p.send(p.frames(opcode, make(size, i), piece));
		for (let i = 0; i < count; i++)
			await p.expectMessage(opcode, make(size, i));
		if (size >= 8192 && opcode === TEXT)
			p.expectCompressed();
		await p.goodbye();
	};
}

function messages(add) {
	for (const [kind, make] of Object.entries(KINDS))
		for (const size of [1, 16, 64, 256, 1024, 4096, 8192, 16384, 32768, 65536, 131072])
			for (const piece of size > 1024 ? [Infinity, 1000] : [Infinity]) {
				const count = size > 8192 ? 10 : 100;
				const cut = piece < size ? `, in fragments of ${piece}` : '';

				add(`${count} times ${kind} of ${size} bytes${cut}`,
					many(make, count, size, piece), { deflate: {} });
			}
	add('4 MiB of JSON', (p) => single(p, TEXT, json(4 << 20)), { deflate: {} });
	add('16 MiB of one letter', (p) => single(p, TEXT, Buffer.alloc(16 << 20, 'a')),
		{ deflate: {} });
	add('4 MiB of noise', (p) => single(p, BINARY, noise(4 << 20)), { deflate: {} });
	for (const piece of [1, 2, 7])
		add(`JSON in compressed fragments of ${piece}`,
			(p) => single(p, TEXT, json(5000), piece), { deflate: {} });
	for (const level of [0, 1, 9])
		add(`compressed at level ${level}`, async (p) => {
			for (const [opcode, data] of conversation()) {
				const payload = p.deflater.message(Buffer.from(data), { level });

				await p.send(frame(opcode, payload, { rsv: RSV1 }));
			}
			for (const [opcode, data] of conversation())
				await p.expectMessage(opcode, data);
			await p.goodbye();
		}, { deflate: {} });
	add('compressed and plain in turns', async (p) => {
		for (let i = 0; i < 50; i++) {
			await p.send(i % 2 ? frame(TEXT, json(300)) : p.frames(TEXT, json(300)));
			await p.expectMessage(TEXT, json(300));
		}
		await p.goodbye();
	}, { deflate: {} });
	add('pings between compressed fragments', async (p) => {
		const frames = p.frames(TEXT, json(5000), 100);

		await p.send(frames.flatMap((one, i) =>
			(i > 0 ? [frame(PING, `at ${i}`), one] : [one])));
		for (let i = 1; i < frames.length; i++)
			await p.expectPong(`at ${i}`);
		await p.expectMessage(TEXT, json(5000));
		await p.goodbye();
	}, { deflate: {} });
}

async function single(p, opcode, data, piece) {
	p.limit = 30000;
	await p.send(p.frames(opcode, data, piece));
	await p.expectMessage(opcode, data);
	await p.goodbye();
}

// --- errors --------------------------------------------------------------------------------------

function errors(add) {
	const refuses = (name, frames, codes) => {
		for (const chop of [undefined, 1])
			add(name + (chop ? ', byte by byte' : ''), async (p) => {
				await p.send(frames, { chop });
				await p.refused(...codes);
			}, { deflate: {} });
	};
	const whole = (digits) => frame(TEXT, hex(digits), { rsv: RSV1 });
	const wrong = [1007, 1002];       // the RFC does not say which

	for (const rsv of [1, 2, 3, 5, 6, 7])
		refuses(`RSV bits ${rsv.toString(2).padStart(3, '0')}`,
			frame(TEXT, hex('f248cdc9c90700'), { rsv }), [1002]);
	for (const opcode of [PING, PONG])
		refuses(`RSV1 in a ${f.nameOf(opcode)}`, frame(opcode, 'x', { rsv: RSV1 }), [1002]);
	refuses('RSV1 in a close frame', frame(CLOSE, hex('03e8'), { rsv: RSV1 }), [1002]);
	refuses('RSV1 in a continuation of a compressed message',
		[frame(TEXT, hex('f248cd'), { rsv: RSV1, fin: false }),
			frame(CONTINUATION, hex('c9c90700'), { rsv: RSV1 })], [1002]);
	refuses('RSV1 in a continuation of a plain message',
		[frame(TEXT, 'a', { fin: false }),
			frame(CONTINUATION, hex('00'), { rsv: RSV1 })], [1002]);
	refuses('a block of the reserved type', whole('0700'), wrong);
	refuses('a stored block with a wrong length', whole('000500fafe48656c6c6f00'), wrong);
	refuses('bytes that are no compressed data', whole('ffffffffffff'), wrong);
	refuses('a reference before the beginning', whole('f200110000'), wrong);
	refuses('a compressed text that is no UTF-8', whole('000200fdffc32800'), [1007]);
	refuses('a compressed text that ends in the midst of a character',
		whole('000200fdff61c300'), [1007]);
	refuses('a compressed text that is no UTF-8, in fragments',
		[frame(TEXT, hex('000200fdff'), { rsv: RSV1, fin: false }),
			frame(CONTINUATION, hex('c3'), { fin: false }),
			frame(CONTINUATION, hex('2800'))], [1007]);
	add('a reference into a plain message', async (p) => {
		await p.send([frame(TEXT, 'Hello'), whole('f200110000')]);
		await p.expectMessage(TEXT, 'Hello');
		await p.refused(...wrong);
	}, { deflate: {} });
	add('an invalid text that goes on, compressed, is refused early', async (p) => {
		await p.send(frame(TEXT, hex('000300fcff61ff62'), { rsv: RSV1, fin: false }));
		await p.refused(1007);
	}, { deflate: {} });
	add('a bomb of 256 MiB', async (p) => {
		const mebibyte = Buffer.concat([p.deflater.message(Buffer.alloc(1 << 20)),
			hex('0000ffff')]);
		const head = frame(BINARY, mebibyte, { rsv: RSV1, fin: false });
		const more = frame(CONTINUATION, mebibyte, { fin: false });

		p.limit = 30000;
		await p.send([head, ...new Array(255).fill(more)]);
		await p.refused(1009);
	}, { deflate: { server_no_context_takeover: true } });
}

module.exports = { vectors, parameters, messages, errors };
