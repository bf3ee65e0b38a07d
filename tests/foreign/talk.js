// talk.js STEP...: WebSocket conversations spelled out as arguments, by Node's ws.
//
//   open NAME URL          opens; prints "NAME refused STATUS" when the upgrade is refused
//   header NAME FIELD      prints "NAME FIELD: VALUE" of the upgrade's answer
//   send NAME TEXT         one text message
//   hex NAME HEX           one binary message
//   zeros NAME COUNT       one binary message of so many zero bytes
//   pieces NAME A B ...    one text message in as many frames
//   repeat NAME COUNT TEXT so many text messages, TEXT0, TEXT1, ...
//   big NAME COUNT SIZE    so many text messages of SIZE bytes
//   next NAME              prints "NAME text DATA", "NAME binary HEX" or "NAME closed CODE"
//   length NAME            the same, but prints how long the message is
//   field NAME FIELD       prints "NAME VALUE" of a field of the next message, which is JSON
//   skip NAME COUNT        takes so many messages; prints nothing
//   id NAME ALIAS          the id of the next message; ${ALIAS} stands for it in later steps
//   lag NAME               prints how many ms after the last send the next message came
//   pause NAME             stops reading
//   resume NAME            reads again
//   close NAME CODE        starts the closing handshake
//   closed NAME            waits for the end, whatever comes before; prints "NAME closed CODE"
//   say TEXT               prints it
//   line                   waits for a line on the standard input
//
// Waiting lasts 10 s at most; then it says for what and exits with 1.
'use strict';
const WebSocket = require('ws');
const readline = require('readline');

const peers = {}, aliases = {};
let sentAt = 0, input = null;

function fail(text) {
	console.log(text);
	process.exit(1);
}

function within(promise, what) {
	let timer;
	const late = new Promise((_, reject) => {
		timer = setTimeout(() => reject(new Error('waited in vain: ' + what)), 10000);
	});
	return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function open(name, url) {
	const peer = { queue: [], wake: null, socket: new WebSocket(url), headers: {} };
	const add = (event) => {
		peer.queue.push({ at: Date.now(), ...event });
		if (peer.wake)
			peer.wake();
	};

	peers[name] = peer;
	peer.socket.on('message', (data, binary) => add({ data, binary }));
	peer.socket.on('close', (code) => add({ code }));
	peer.socket.on('upgrade', (answer) => { peer.headers = answer.headers; });
	return new Promise((resolve) => {
		peer.socket.on('open', resolve);
		peer.socket.on('error', (e) => { peer.error = e; });
		peer.socket.on('unexpected-response', (request, answer) => {
			console.log(`${name} refused ${answer.statusCode}`);
			request.destroy();
			resolve();
		});
	});
}

async function next(name) {
	const peer = peers[name];

	while (peer.queue.length === 0)
		await new Promise((resolve) => { peer.wake = resolve; });
	return peer.queue.shift();
}

async function nextMessage(name) {
	const event = await next(name);

	if (event.data === undefined)
		fail(`${name} closed ${event.code}, but a message was due`);
	return event;
}

function show(name, event) {
	if (event.code !== undefined)
		console.log(`${name} closed ${event.code}`);
	else if (event.binary)
		console.log(`${name} binary ${event.data.toString('hex')}`);
	else
		console.log(`${name} text ${event.data}`);
}

function send(name, data) {
	sentAt = Date.now();
	peers[name].socket.send(data);
}

const verbs = {
	open,
	header: (name, field) => console.log(`${name} ${field}: ${peers[name].headers[field]}`),
	send: (name, ...words) => send(name, words.join(' ')),
	hex: (name, hex) => send(name, Buffer.from(hex, 'hex')),
	zeros: (name, count) => send(name, Buffer.alloc(Number(count))),
	pieces: (name, ...pieces) => pieces.forEach((piece, i) =>
		peers[name].socket.send(piece, { fin: i === pieces.length - 1 })),
	repeat: (name, count, text) => {
		for (let i = 0; i < Number(count); i++)
			send(name, text + i);
	},
	big: (name, count, size) => {
		for (let i = 0; i < Number(count); i++)
			send(name, 'x'.repeat(Number(size)));
	},
	next: async (name) => show(name, await next(name)),
	length: async (name) => console.log(`${name} ${(await nextMessage(name)).data.length}`),
	field: async (name, field) =>
		console.log(`${name} ${JSON.parse((await nextMessage(name)).data)[field]}`),
	skip: async (name, count) => {
		for (let i = 0; i < Number(count); i++)
			await nextMessage(name);
	},
	id: async (name, alias) => {
		aliases[alias] = JSON.parse((await nextMessage(name)).data).id;
	},
	lag: async (name) => {
		const { at } = await nextMessage(name);
		console.log(`${name} ${at - sentAt}`);
	},
	pause: (name) => peers[name].socket.pause(),
	resume: (name) => peers[name].socket.resume(),
	close: (name, code) => peers[name].socket.close(Number(code)),
	closed: async (name) => {
		let event;
		do
			event = await next(name);
		while (event.code === undefined);
		show(name, event);
	},
	say: (...words) => console.log(words.join(' ')),
	line: async () => {
		input = input || readline.createInterface({ input: process.stdin });
		await new Promise((resolve) => input.once('line', resolve));
	},
};

async function main() {
	for (const step of process.argv.slice(2)) {
		const words = step.replace(/\$\{(\w+)\}/g, (_, alias) => aliases[alias]).split(' ');

		if (!verbs[words[0]])
			fail(`no step '${words[0]}'`);
		await within(Promise.resolve(verbs[words[0]](...words.slice(1))), step)
			.catch((e) => fail(e.message));
	}
	process.exit(0);
}

main();
