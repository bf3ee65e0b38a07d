// basic.js: framing, pings, reserved bits, opcodes, fragments.
'use strict';
const f = require('../frame');
const { pattern, letters, text } = require('../data');

const { TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG, frame } = f;
const RSV_NAMES = { 1: 'RSV3', 2: 'RSV2', 3: 'RSV2 and 3', 4: 'RSV1', 5: 'RSV1 and 3',
	6: 'RSV1 and 2', 7: 'RSV1, 2 and 3' };

function framing(add) {
	const sizes = [0, 1, 2, 124, 125, 126, 127, 128, 65534, 65535, 65536, 65537];
	const echo = (opcode, size, chop) => async (p) => {
		const data = opcode === TEXT ? letters(size) : pattern(size);

		await p.send(frame(opcode, data), { chop });
		await p.expectMessage(opcode, data);
		await p.goodbye();
	};

	for (const opcode of [TEXT, BINARY]) {
		const kind = f.nameOf(opcode);

		for (const size of sizes)
			add(`${kind} of ${size} bytes`, echo(opcode, size));
		for (const size of [0, 1, 125, 126, 300])
			add(`${kind} of ${size} bytes, byte by byte`, echo(opcode, size, 1));
		for (const chop of [7, 997, 1460, 16384])
			add(`${kind} of 65536 bytes in writes of ${chop}`,
				echo(opcode, 65536, chop));
	}
	add('a text of several scripts', async (p) => {
		await p.send(frame(TEXT, text));
		await p.expectMessage(TEXT, text);
		await p.goodbye();
	});
	add('many messages in one write', async (p) => {
		const all = Array.from({ length: 100 }, (_, i) => letters(i));

		await p.send(all.map((data) => frame(TEXT, data)));
		for (const data of all)
			await p.expectMessage(TEXT, data);
		await p.goodbye();
	});
	add('text and binary in turns', async (p) => {
		for (let i = 0; i < 20; i++)
			await p.send(frame(i % 2 ? TEXT : BINARY, `message ${i}`));
		for (let i = 0; i < 20; i++)
			await p.expectMessage(i % 2 ? TEXT : BINARY, `message ${i}`);
		await p.goodbye();
	});
	add('a binary message that is no UTF-8', async (p) => {
		await p.send(frame(BINARY, Buffer.from('c328ff80', 'hex')));
		await p.expectMessage(BINARY, Buffer.from('c328ff80', 'hex'));
		await p.goodbye();
	});
	add('a text with NUL, CR and LF', async (p) => {
		await p.send(frame(TEXT, 'a\0b\r\nc\nd\r'));
		await p.expectMessage(TEXT, 'a\0b\r\nc\nd\r');
		await p.goodbye();
	});
	for (const [name, payload, wide] of [['5 bytes with a length of 16 bits', 'hello', 16],
		['5 bytes with a length of 64 bits', 'hello', 64],
		['125 bytes with a length of 16 bits', letters(125), 16],
		['65535 bytes with a length of 64 bits', letters(65535), 64]])
		add(name, async (p) => {
			await p.send(frame(TEXT, payload, { wide }));
			await p.refused(1002);
		});
	add('a length with its top bit set', async (p) => {
		await p.send(Buffer.from('827f8000000000000000', 'hex'));
		await p.refused(1002, 1009);
	});
	add('a masked text', async (p) => {
		await p.send(frame(TEXT, 'hello', { mask: Buffer.from('01020304', 'hex') }));
		await p.refused(1002);
	});
	add('a masked ping', async (p) => {
		await p.send(frame(PING, '', { mask: Buffer.alloc(4) }));
		await p.refused(1002);
	});
	add('a masked close frame', async (p) => {
		await p.send(frame(CLOSE, Buffer.from('03e8', 'hex'), { mask: Buffer.alloc(4) }));
		await p.refused(1002);
	});
}

function pings(add) {
	const answered = (payload, chop) => async (p) => {
		await p.send(frame(PING, payload), { chop });
		await p.expectPong(payload);
		await p.goodbye();
	};

	add('an empty ping', answered(''));
	add('a ping with text', answered('Hello, world!'));
	add('a ping with bytes that are no UTF-8',
		answered(Buffer.from('00fffefdfcfb00ff', 'hex')));
	add('a ping of 125 bytes', answered(pattern(125)));
	add('a ping of 125 bytes, byte by byte', answered(pattern(125), 1));
	for (const size of [126, 127, 200, 65536])
		add(`a ping of ${size} bytes`, async (p) => {
			await p.send(frame(PING, pattern(size)));
			await p.refused(1002);
		});
	for (const payload of ['', 'unsolicited'])
		add(`a pong that nobody asked for, of ${payload.length} bytes`, async (p) => {
			await p.send([frame(PONG, payload), frame(PING, 'real')]);
			await p.expectPong('real');
			await p.goodbye();
		});
	add('a pong of 126 bytes', async (p) => {
		await p.send(frame(PONG, pattern(126)));
		await p.refused(1002);
	});
	for (const chop of [undefined, 1])
		add(`ten pings${chop ? ', byte by byte' : ' in one write'}`, async (p) => {
			await p.send(Array.from({ length: 10 }, (_, i) => frame(PING, `ping ${i}`)),
				{ chop });
			for (let i = 0; i < 10; i++)
				await p.expectPong(`ping ${i}`);
			await p.goodbye();
		});
	add('pings and messages in turns', async (p) => {
		for (let i = 0; i < 50; i++) {
			await p.send([frame(PING, `p${i}`), frame(TEXT, `m${i}`)]);
			await p.expectPong(`p${i}`);
			await p.expectMessage(TEXT, `m${i}`);
		}
		await p.goodbye();
	});
	// Only the last of many needs an answer (RFC 6455, 5.5.3).
	add('a thousand pings in one write', async (p) => {
		let last = -1;

		await p.send(Array.from({ length: 1000 }, (_, i) => frame(PING, String(i))));
		while (last < 999) {
			const event = await p.next('the pong of the last ping');
			const number = Number(event.data);

			if (event.type !== 'pong' || !(number > last && number < 1000))
				p.fail(event, `a pong for one after ${last}`);
			last = number;
		}
		await p.goodbye();
	});
	add('a ping between the bytes of a long message in fragments', async (p) => {
		const data = letters(20000), frames = f.fragments(TEXT, data, 2000);

		await p.send(frames.flatMap((one, i) =>
			(i > 0 ? [frame(PING, `at ${i}`), one] : [one])));
		for (let i = 1; i < frames.length; i++)
			await p.expectPong(`at ${i}`);
		await p.expectMessage(TEXT, data);
		await p.goodbye();
	});
}

// The wrong frame stands between a message, which is still echoed, and a ping, which gets no
// answer.
function behind(add, name, wrong) {
	for (const chop of [undefined, 1])
		add(`${name} behind a message${chop ? ', byte by byte' : ''}`, async (p) => {
			await p.send([frame(TEXT, 'first'), wrong, frame(PING)], { chop });
			await p.expectMessage(TEXT, 'first');
			await p.refused(1002);
		});
}

function reserved(add) {
	for (const rsv of [1, 2, 3, 4, 5, 6, 7]) {
		for (const opcode of [TEXT, BINARY, PING, PONG])
			add(`${RSV_NAMES[rsv]} in a ${f.nameOf(opcode)}`, async (p) => {
				await p.send(frame(opcode, 'hello', { rsv }));
				await p.refused(1002);
			});
		add(`${RSV_NAMES[rsv]} in a close frame`, async (p) => {
			await p.send(frame(CLOSE, Buffer.from('03e8', 'hex'), { rsv }));
			await p.refused(1002);
		});
		add(`${RSV_NAMES[rsv]} in a continuation`, async (p) => {
			await p.send([frame(TEXT, 'a', { fin: false }),
				frame(CONTINUATION, 'b', { rsv })]);
			await p.refused(1002);
		});
		add(`${RSV_NAMES[rsv]} in an empty text`, async (p) => {
			await p.send(frame(TEXT, '', { rsv }));
			await p.refused(1002);
		});
		behind(add, RSV_NAMES[rsv], frame(TEXT, 'second', { rsv }));
	}
}

function opcodes(add) {
	for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) {
		add(`opcode ${opcode}, empty`, async (p) => {
			await p.send(frame(opcode));
			await p.refused(1002);
		});
		add(`opcode ${opcode} with a payload`, async (p) => {
			await p.send(frame(opcode, 'reserved'));
			await p.refused(1002);
		});
		behind(add, `opcode ${opcode}`, frame(opcode, 'reserved'));
		add(`opcode ${opcode} inside a fragmented message`, async (p) => {
			await p.send([frame(TEXT, 'a', { fin: false }), frame(opcode, 'x'),
				frame(CONTINUATION, 'b')]);
			await p.refused(1002);
		});
	}
}

// Frames in sequences, once in one write and once byte by byte.
function sequences(add) {
	const first = (opcode, payload, fin = false) => frame(opcode, payload, { fin });
	const more = (payload, fin = false) => frame(CONTINUATION, payload, { fin });
	const good = (name, frames, expected) => {
		for (const chop of [undefined, 1])
			add(name + (chop ? ', byte by byte' : ''), async (p) => {
				await p.send(frames, { chop });
				for (const [kind, payload] of expected) {
					if (kind === PONG)
						await p.expectPong(payload);
					else
						await p.expectMessage(kind, payload);
				}
				await p.goodbye();
			});
	};
	const bad = (name, frames, expected = []) => {
		for (const chop of [undefined, 1])
			add(name + (chop ? ', byte by byte' : ''), async (p) => {
				await p.send(frames, { chop });
				for (const payload of expected)
					await p.expectMessage(TEXT, payload);
				await p.refused(1002);
			});
	};

	for (const opcode of [TEXT, BINARY]) {
		const kind = f.nameOf(opcode);

		good(`${kind} in two fragments`, [first(opcode, 'one'), more('two', true)],
			[[opcode, 'onetwo']]);
		good(`${kind} in three fragments`,
			[first(opcode, 'one'), more('two'), more('three', true)],
			[[opcode, 'onetwothree']]);
		good(`${kind} in two fragments, a ping between`,
			[first(opcode, 'one'), frame(PING, 'between'), more('two', true)],
			[[PONG, 'between'], [opcode, 'onetwo']]);
		good(`${kind} in five fragments with pings between`,
			[first(opcode, '1'), more('2'), frame(PING, 'a'), more('3'), more('4'),
				frame(PING, 'b'), more('5', true)],
			[[PONG, 'a'], [PONG, 'b'], [opcode, '12345']]);
		good(`${kind}: an empty first fragment`, [first(opcode, ''), more('rest', true)],
			[[opcode, 'rest']]);
		good(`${kind}: an empty last fragment`, [first(opcode, 'begin'), more('', true)],
			[[opcode, 'begin']]);
		good(`${kind}: an empty fragment between`,
			[first(opcode, 'a'), more(''), more('b', true)], [[opcode, 'ab']]);
		good(`${kind}: nothing but empty fragments`,
			[first(opcode, ''), more(''), more('', true)], [[opcode, '']]);
		good(`two ${kind} messages in fragments, a whole one between`,
			[first(opcode, 'a'), more('b', true), frame(opcode, 'c'),
				first(opcode, 'd'), more('e', true)],
			[[opcode, 'ab'], [opcode, 'c'], [opcode, 'de']]);
		bad(`a ${kind} without FIN inside a fragmented message`,
			[first(opcode, 'a'), first(opcode, 'b'), more('c', true)]);
		bad(`a whole ${kind} inside a fragmented message`,
			[first(opcode, 'a'), frame(opcode, 'b'), more('c', true)]);
	}
	good('pongs between fragments', [first(TEXT, 'a'), frame(PONG, 'x'), more('b', true)],
		[[TEXT, 'ab']]);
	bad('a ping without FIN', [first(PING, 'one'), more('two', true)]);
	bad('an empty ping without FIN', [first(PING, '')]);
	bad('a pong without FIN', [first(PONG, 'one'), more('two', true)]);
	bad('a close frame without FIN', [first(CLOSE, Buffer.from('03e8', 'hex'))]);
	bad('a ping without FIN inside a fragmented message',
		[first(TEXT, 'a'), first(PING, 'b'), more('c', true)]);
	bad('a continuation of nothing, with FIN', [more('non', true), frame(TEXT, 'hello')]);
	bad('a continuation of nothing, without FIN', [more('non'), frame(TEXT, 'hello')]);
	bad('an empty continuation of nothing', [more('', true)]);
	bad('a continuation behind a whole message', [frame(TEXT, 'whole'), more('x', true)],
		['whole']);
	bad('a continuation behind a finished message',
		[first(TEXT, 'a'), more('b', true), more('c', true)], ['ab']);
	bad('a binary inside a fragmented text',
		[first(TEXT, 'a'), frame(BINARY, 'b'), more('c', true)]);
}

function fragmentation(add) {
	const data = Buffer.from('κόσμε, 世界');

	sequences(add);
	for (let at = 0; at <= data.length; at++)
		add(`a text cut at byte ${at}, between and inside of characters`, async (p) => {
			await p.send([frame(TEXT, data.subarray(0, at), { fin: false }),
				frame(CONTINUATION, data.subarray(at))]);
			await p.expectMessage(TEXT, data);
			await p.goodbye();
		});
	for (const opcode of [TEXT, BINARY])
		add(`${f.nameOf(opcode)} in 5000 fragments of a byte`, async (p) => {
			const all = letters(5000);

			await p.send(f.fragments(opcode, all, 1));
			await p.expectMessage(opcode, all);
			await p.goodbye();
		});
	add('a text with 10000 empty fragments', async (p) => {
		await p.send([frame(TEXT, 'a', { fin: false }),
			...new Array(10000).fill(frame(CONTINUATION, '', { fin: false })),
			frame(CONTINUATION, 'z')]);
		await p.expectMessage(TEXT, 'az');
		await p.goodbye();
	});
	add('fragments in writes that begin in the midst of heads', async (p) => {
		const all = letters(3000);

		await p.send(f.fragments(TEXT, all, 130), { chop: 3 });
		await p.expectMessage(TEXT, all);
		await p.goodbye();
	});
}

module.exports = { framing, pings, reserved, opcodes, fragmentation };
