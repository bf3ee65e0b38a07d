// text.js: UTF-8, valid and not.
//
// The sequences are those by which decoders are usually told apart: first and last of each
// length, stray continuations, lonely and impossible bytes, truncation, overlong forms,
// surrogates, noncharacters.
'use strict';
const f = require('../frame');
const { judge } = require('../utf8');

const { TEXT, CONTINUATION, PING, frame } = f;

function hex(text) {
	return Buffer.from(text.replace(/ /g, ''), 'hex');
}

const VALID = {
	'κόσμε': hex('ceba e1bdb9 cf83 cebc ceb5'),
	'several scripts': Buffer.from('Hello-µ@ßöäüàá-UTF-8!! Привет 世界 𝄞'),
	'the first of 1 byte': hex('00'), 'the first of 2 bytes': hex('c280'),
	'the first of 3 bytes': hex('e0a080'), 'the first of 4 bytes': hex('f0908080'),
	'the last of 1 byte': hex('7f'), 'the last of 2 bytes': hex('dfbf'),
	'the last of 3 bytes': hex('efbfbf'), 'the last of all': hex('f48fbfbf'),
	'U+D7FF': hex('ed9fbf'), 'U+E000': hex('ee8080'), 'U+FFFD': hex('efbfbd'),
	'U+CFFF': hex('ecbfbf'), 'U+D000': hex('ed8080'), 'U+3FFFF': hex('f0bfbfbf'),
	'U+40000': hex('f1808080'), 'U+FFFFF': hex('f3bfbfbf'), 'U+100000': hex('f4808080'),
	'U+FEFF, a byte order mark': hex('efbbbf'), 'U+FFFE': hex('efbfbe'),
	'U+FFFF': hex('efbfbf'),
	'U+FFF9, U+FFFA and U+FFFB': hex('efbfb9efbfbaefbfbb'), 'U+FDD0': hex('efb790'),
	'two of 2 bytes': hex('c280c280'), 'a mark between letters': hex('61efbbbf62'),
	'all lengths in a row': hex('7f c280 e0a080 f0908080 7f'),
};
for (let plane = 1; plane <= 16; plane++)
	for (const low of [0xfffe, 0xffff])
		VALID[`U+${(plane << 16 | low).toString(16).toUpperCase()}`] =
			Buffer.from(String.fromCodePoint(plane << 16 | low));

const INVALID = {
	'a surrogate between texts': hex('cebae1bdb9cf83cebcceb5 eda080 656469746564'),
	'a lead of 5 bytes': hex('f888808080'), 'a lead of 6 bytes': hex('fc8480808080'),
	'the last of 4 bytes': hex('f7bfbfbf'), 'the last of 5 bytes': hex('fbbfbfbfbf'),
	'the last of 6 bytes': hex('fdbfbfbfbfbf'), 'U+110000': hex('f4908080'),
	'byte fe': hex('fe'), 'byte ff': hex('ff'), 'bytes fe fe ff ff': hex('fefeffff'),
	'overlong / in 2 bytes': hex('c0af'), 'overlong / in 3 bytes': hex('e080af'),
	'overlong / in 4 bytes': hex('f08080af'), 'overlong / in 5 bytes': hex('f8808080af'),
	'overlong / in 6 bytes': hex('fc80808080af'),
	'the last overlong of 2 bytes': hex('c1bf'), 'the last overlong of 3 bytes': hex('e09fbf'),
	'the last overlong of 4 bytes': hex('f08fbfbf'),
	'the last overlong of 5 bytes': hex('f887bfbfbf'),
	'the last overlong of 6 bytes': hex('fc83bfbfbfbf'),
	'overlong NUL in 2 bytes': hex('c080'), 'overlong NUL in 3 bytes': hex('e08080'),
	'overlong NUL in 4 bytes': hex('f0808080'), 'overlong NUL in 5 bytes': hex('f880808080'),
	'overlong NUL in 6 bytes': hex('fc8080808080'),
	'lead f5': hex('f5808080'), 'a valid text, then ff': hex('ceba cf83 ff'),
	'a text of 4 bytes broken at the last': hex('f09080 41'),
	'a text of 3 bytes broken at the last': hex('e0a0 41'),
	'lead and lead': hex('c2c2'), 'continuation behind a whole character': hex('c28080'),
};
for (const count of [1, 2, 3, 4, 5, 6, 7])
	INVALID[`${count} stray continuations`] = Buffer.alloc(count, hex('80bf'));
for (const surrogate of ['eda080', 'edadbf', 'edae80', 'edafbf', 'edb080', 'edbe80', 'edbfbf'])
	INVALID[`surrogate ${surrogate}`] = hex(surrogate);
for (const pair of ['eda080edb080', 'eda080edbfbf', 'edadbfedb080', 'edadbfedbfbf', 'edae80edb080',
	'edae80edbfbf', 'edafbfedb080', 'edafbfedbfbf'])
	INVALID[`surrogates ${pair}`] = hex(pair);
for (let lead = 0xc0; lead <= 0xfd; lead += 0x05)
	INVALID[`lead ${lead.toString(16)} before a space`] = Buffer.from([lead, 0x20]);
for (let low = 0x80; low <= 0xbf; low += 0x09)
	INVALID[`byte ${low.toString(16)} between letters`] = Buffer.from([0x61, low, 0x62]);

// Texts that end in the midst of a character.
const CUT = ['c2', 'df', 'e0', 'e0a0', 'ed9f', 'efbf', 'f0', 'f090', 'f09080', 'f48f', 'f48fbf',
	'61c2', 'cebae1bd', '61 f09f98'];

function valid(add) {
	for (const [name, data] of Object.entries(VALID)) {
		add(name, async (p) => {
			await p.send(frame(TEXT, data));
			await p.expectMessage(TEXT, data);
			await p.goodbye();
		});
		add(`${name}, a fragment for each byte`, async (p) => {
			await p.send(f.fragments(TEXT, data, 1));
			await p.expectMessage(TEXT, data);
			await p.goodbye();
		});
	}
	for (const size of [0, 1, 2])
		add(`${size + 1} empty fragments`, async (p) => {
			const frames = [frame(TEXT, '', { fin: size === 0 })];

			for (let i = 1; i <= size; i++)
				frames.push(frame(CONTINUATION, '', { fin: i === size }));
			await p.send(frames);
			await p.expectMessage(TEXT, '');
			await p.goodbye();
		});
	add('a character cut by an empty fragment and a ping', async (p) => {
		await p.send([frame(TEXT, hex('f09f'), { fin: false }),
			frame(CONTINUATION, '', { fin: false }), frame(PING, hex('ff')),
			frame(CONTINUATION, hex('9880'))]);
		await p.expectPong(hex('ff'));
		await p.expectMessage(TEXT, '😀');
		await p.goodbye();
	});
	add('half a character in one message is no beginning of the next', async (p) => {
		await p.send([frame(TEXT, 'é'), frame(TEXT, hex('c3a9')), frame(TEXT, hex('a9'))]);
		await p.expectMessage(TEXT, 'é');
		await p.expectMessage(TEXT, 'é');
		await p.refused(1007);
	});
}

function invalid(add) {
	const refused = (name, frames, options) => add(name, async (p) => {
		await p.send(frames, options);
		await p.refused(1007);
	});

	for (const [name, data] of Object.entries(INVALID)) {
		refused(name, frame(TEXT, data));
		refused(`${name}, a fragment for each byte`, f.fragments(TEXT, data, 1));
	}
	for (const text of CUT) {
		refused(`a text that ends with ${text}`, frame(TEXT, hex(text)));
		refused(`a text that ends with ${text}, a fragment for each byte`,
			f.fragments(TEXT, hex(text), 1));
		refused(`a text that ends with ${text} and an empty fragment`,
			[frame(TEXT, hex(text), { fin: false }), frame(CONTINUATION)]);
	}
	refused('an invalid text behind a long valid one',
		frame(TEXT, Buffer.concat([Buffer.alloc(200000, 'é'), hex('ff')])));
	refused('a valid text with ff in the midst',
		frame(TEXT, Buffer.concat([Buffer.alloc(70001, 'a'), hex('ff'),
			Buffer.alloc(70000, 'b')])));
	add('an invalid text between valid ones', async (p) => {
		await p.send([frame(TEXT, 'first'), frame(TEXT, hex('c3')), frame(TEXT, 'last')]);
		await p.expectMessage(TEXT, 'first');
		await p.refused(1007);
	});
}

// Refused as soon as the first wrong byte came, though the message, or even the frame, goes on:
// nothing is sent behind that byte.
function early(add) {
	for (const [name, data] of Object.entries(INVALID)) {
		const upTo = data.subarray(0, judge(data).bad + 1);

		add(`${name}, in a fragment of a message that goes on`, async (p) => {
			await p.send([frame(TEXT, 'good', { fin: false }),
				frame(CONTINUATION, upTo, { fin: false })]);
			await p.refused(1007);
		});
		add(`${name}, in a frame that goes on`, async (p) => {
			p.inFrame = true;
			await p.send(frame(TEXT, upTo, { length: upTo.length + 100 }), { chop: 1 });
			await p.refused(1007);
		});
	}
	add('a character that is broken by the next fragment', async (p) => {
		await p.send([frame(TEXT, hex('e2'), { fin: false }),
			frame(CONTINUATION, hex('28'), { fin: false })]);
		await p.refused(1007);
	});
	add('a valid text in pieces, waiting between', async (p) => {
		await p.send(frame(TEXT, hex('ceba'), { fin: false }));
		await p.send(frame(PING, '1'));
		await p.expectPong('1');
		await p.send(frame(CONTINUATION, hex('e1'), { fin: false }));
		await p.send(frame(PING, '2'));
		await p.expectPong('2');
		await p.send(frame(CONTINUATION, hex('bdb9')));
		await p.expectMessage(TEXT, hex('cebae1bdb9'));
		await p.goodbye();
	});
}

module.exports = { valid, invalid, early };
