// close.js: the closing handshake, and ends without one.
'use strict';
const f = require('../frame');
const { letters } = require('../data');

const { TEXT, CONTINUATION, CLOSE, PING, frame, closeFrame } = f;
const VALID = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3001,
	3999, 4000, 4001, 4999];
const INVALID = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999];

function closing(add) {
	codes(add);
	reasons(add);
	order(add);
	ends(add);
}

function codes(add) {
	add('a close frame without a code', (p) => p.goodbye(undefined));
	for (const code of VALID) {
		add(`code ${code}`, (p) => p.goodbye(code));
		add(`code ${code} with a reason`, (p) => p.goodbye(code, 'because'));
	}
	for (const code of INVALID) {
		add(`the invalid code ${code}`, async (p) => {
			await p.send(closeFrame(code));
			await p.refused(1002);
		});
		add(`the invalid code ${code} with a reason`, async (p) => {
			await p.send(closeFrame(code, 'because'));
			await p.refused(1002);
		});
	}
	// RFC 6455 says nothing of codes from 5000 up: refused or answered, but an end.
	for (const code of [5000, 65535])
		add(`code ${code}`, async (p) => {
			await p.send(closeFrame(code));
			await p.expectClose([code, 1002]);
			await p.expectEnd();
		});
}

function reasons(add) {
	add('a reason of 123 bytes', (p) => p.goodbye(1000, letters(123)));
	add('a reason of several scripts', (p) => p.goodbye(1000, 'κόσμε 世界 😀'));
	add('a reason byte by byte', async (p) => {
		await p.send(closeFrame(1000, 'slowly'), { chop: 1 });
		await p.expectClose([1000]);
		await p.expectEnd();
		p.exit = 0;
	});
	add('a reason of 124 bytes', async (p) => {
		await p.send(closeFrame(1000, letters(124)));
		await p.refused(1002);
	});
	add('a close frame of one byte', async (p) => {
		await p.send(frame(CLOSE, Buffer.from([3])));
		await p.refused(1002);
	});
	for (const text of ['c328', 'ff', '61c3', 'eda080', 'cebae1bdb9eda080656469746564'])
		add(`the reason ${text}, which is no UTF-8`, async (p) => {
			await p.send(closeFrame(1000, Buffer.from(text, 'hex')));
			await p.refused(1007, 1002);
		});
}

// Whatever comes behind the server's close frame is not looked at.
function order(add) {
	const nothingBehind = (name, frames, opts) => add(name, async (p) => {
		await p.send([closeFrame(1000), ...frames], opts);
		await p.expectClose([1000]);
		await p.expectEnd();
		p.exit = 0;
	});

	nothingBehind('two close frames', [closeFrame(1000)]);
	nothingBehind('two close frames of different codes', [closeFrame(1001)]);
	nothingBehind('a ping behind the close frame', [frame(PING, 'late')]);
	nothingBehind('a text behind the close frame', [frame(TEXT, 'late')]);
	nothingBehind('a wrong frame behind the close frame', [frame(3, 'wrong')]);
	nothingBehind('a ping behind the close frame, byte by byte', [frame(PING)], { chop: 1 });
	add('a message, then the close frame', async (p) => {
		await p.send([frame(TEXT, 'last'), closeFrame(1000)]);
		await p.expectMessage(TEXT, 'last');
		await p.expectClose([1000]);
		await p.expectEnd();
		p.exit = 0;
	});
	add('messages of 256 KiB, then the close frame', async (p) => {
		const data = letters(256 << 10);

		await p.send([frame(TEXT, data), frame(TEXT, data), closeFrame(1000)]);
		await p.expectMessage(TEXT, data);
		await p.expectMessage(TEXT, data);
		await p.expectClose([1000]);
		await p.expectEnd();
		p.exit = 0;
	});
	add('a ping, then the close frame', async (p) => {
		await p.send([frame(PING, 'x'), closeFrame(1000)]);
		await p.expectPong('x');
		await p.expectClose([1000]);
		await p.expectEnd();
		p.exit = 0;
	});
	add('a close frame inside a fragmented message', async (p) => {
		await p.send([frame(TEXT, 'one', { fin: false }), closeFrame(1000),
			frame(CONTINUATION, 'two')]);
		await p.expectClose([1000]);
		await p.expectEnd();
		p.exit = 0;
	});
}

function ends(add) {
	// The client's answer still goes out when the server has ended its side.
	add('a close frame and FIN at once', async (p) => {
		p.socket.end(closeFrame(1000));
		await p.expectClose([1000]);
		await p.expectEnd();
		p.exit = 0;
	});
	add('a message, a close frame and FIN at once', async (p) => {
		p.socket.end(Buffer.concat([frame(TEXT, 'last'), closeFrame(1000)]));
		await p.expectMessage(TEXT, 'last');
		await p.expectClose([1000]);
		await p.expectEnd();
		p.exit = 0;
	});
	add('FIN without a close frame', async (p) => {
		await lost(p, '');
	});
	add('FIN behind a message', async (p) => {
		await lost(p, frame(TEXT, 'last'));
	});
	add('FIN inside a head', async (p) => {
		await lost(p, frame(TEXT, 'hello').subarray(0, 1));
	});
	add('FIN inside a frame', async (p) => {
		await lost(p, frame(TEXT, 'hello').subarray(0, 4));
	});
	add('FIN inside a fragmented message', async (p) => {
		await lost(p, frame(TEXT, 'a', { fin: false }));
	});
	add('a close frame, but the server stays', async (p) => {
		p.limit = 30000;
		await p.send(closeFrame(1000));
		await p.expectClose([1000]);
		await p.expectFin();
	});
	add('a wrong frame, and the server neither answers nor ends', async (p) => {
		p.limit = 30000;
		await p.send(frame(3, 'wrong'));
		await p.expectClose([1002]);
		await p.expectFin();
		p.exit = 3;
	});
}

// The server ends without a close frame. The client may echo what came and send a close frame of
// its own, then it must end.
async function lost(p, bytes) {
	p.socket.end(bytes);
	for (;;) {
		const event = await p.next('the end of the connection');

		if (event.type === 'end')
			break;
		if (event.type !== 'close' && event.type !== 'message')
			p.fail(event, 'the end of the connection');
	}
	await p.expectClosed();
	p.exit = 3;
}

module.exports = { closing };
