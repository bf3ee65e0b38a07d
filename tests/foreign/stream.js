// stream.js URL...: publishes numbers without a pause and checks what comes back, by Node's ws.
//
// On each URL (a topic of one node each) it opens a publisher and a receiver; all of them receive
// what all publish. Prints "streaming" once numbers have come back from everyone, and publishes
// until a line comes on the standard input. "hold" makes a pause: when everything has come
// everywhere, "held" is printed; "on" ends the pause. Any other line ends it all: it waits until
// everything has come everywhere, 15 s at most, and prints one line:
//   {"sent":N,"received":N,"lost":N,"duplicate":N,"reordered":N,"closed":N}
'use strict';
const WebSocket = require('ws');
const readline = require('readline');

const EVERY_MS = 2;
const urls = process.argv.slice(2);
const receivers = [], sent = urls.map(() => 0);
let closed = 0;

function open(url) {
	const r = {
		socket: new WebSocket(url), seen: urls.map(() => new Set()), top: urls.map(() => -1),
		received: 0, duplicate: 0, reordered: 0,
	};

	receivers.push(r);
	r.socket.on('message', (data) => {
		const [publisher, number] = String(data).split(':').map(Number);

		r.received++;
		if (r.seen[publisher].has(number))
			r.duplicate++;
		else if (number < r.top[publisher])
			r.reordered++;
		r.seen[publisher].add(number);
		r.top[publisher] = Math.max(r.top[publisher], number);
	});
	r.socket.on('close', () => closed++);
	return new Promise((resolve, reject) => {
		r.socket.on('open', () => resolve(r.socket));
		r.socket.on('error', reject);
	});
}

function lost() {
	let sum = 0;

	for (const r of receivers)
		sent.forEach((count, publisher) => { sum += count - r.seen[publisher].size; });
	return sum;
}

function until(condition, ms) {
	const deadline = Date.now() + ms;

	return new Promise((resolve) => {
		const timer = setInterval(() => {
			if (condition() || Date.now() > deadline) {
				clearInterval(timer);
				resolve();
			}
		}, 20);
	});
}

async function main() {
	const publishers = [];

	for (const url of urls) {
		publishers.push(await open(url));
		await open(url);
	}
	const publish = () => setInterval(() => publishers.forEach((socket, i) =>
		socket.send(`${i}:${sent[i]++}`)), EVERY_MS);
	let timer = publish();
	await until(() => receivers.every((r) => r.top.every((number) => number >= 0)), 10000);
	console.log('streaming');
	for await (const line of readline.createInterface({ input: process.stdin })) {
		if (line === 'on') {
			timer = publish();
			continue;
		}
		clearInterval(timer);
		if (line !== 'hold')
			break;
		await until(() => lost() === 0, 15000);
		console.log('held');
	}
	await until(() => lost() === 0, 15000);
	const sum = (field) => receivers.reduce((total, r) => total + r[field], 0);
	console.log(JSON.stringify({
		sent: sent.reduce((a, b) => a + b, 0), received: sum('received'), lost: lost(),
		duplicate: sum('duplicate'), reordered: sum('reordered'), closed,
	}));
	process.exit(0);
}

main();
