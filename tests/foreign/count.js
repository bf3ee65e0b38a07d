// count.js PUBLISH-URL RECEIVE-URL RECEIVERS MESSAGES METRICS-URL: the exact outcome of a
// broadcast under chaos, by Node's ws.
//
// The publisher is not a receiver of the node whose chaos is counted. Waits until as many messages
// came as were delivered according to the metrics (all, less those dropped, plus those doubled), 15
// s at most, then prints one line: {"lost":N,"duplicate":N,"reordered":N,"closed":N}, where closed
// are those with 1011.
'use strict';
const WebSocket = require('ws');

const [publishUrl, receiveUrl, receiverCount, messageCount, metricsUrl] = process.argv.slice(2);
const receivers = [];
let closed = 0;

function open(url, onMessage) {
	const socket = new WebSocket(url);

	socket.on('message', onMessage);
	return new Promise((resolve, reject) => {
		socket.on('open', () => resolve(socket));
		socket.on('error', reject);
	});
}

async function openReceiver() {
	const r = { seen: new Set(), top: -1, received: 0, duplicate: 0, reordered: 0 };
	const socket = await open(receiveUrl, (data) => {
		const number = Number(data);

		r.received++;
		if (r.seen.has(number))
			r.duplicate++;
		else if (number < r.top)
			r.reordered++;
		r.seen.add(number);
		r.top = Math.max(r.top, number);
	});

	socket.on('close', (code) => { closed += code === 1011; });
	receivers.push(r);
}

async function injected() {
	const text = await (await fetch(metricsUrl)).text();
	const counts = { drop: 0, dup: 0, swap: 0, close: 0 };

	for (const [, kind, value] of text.matchAll(/injected_total\{kind="(\w+)",.*\} (\d+)/g))
		counts[kind] += Number(value);
	return counts;
}

function sum(field) {
	return receivers.reduce((total, r) => total + r[field], 0);
}

async function finished() {
	const { drop, dup, close } = await injected();

	if (close > 0)
		return closed === close;
	return sum('received') === receivers.length * Number(messageCount) - drop + dup;
}

async function main() {
	const deadline = Date.now() + 15000;

	for (let i = 0; i < Number(receiverCount); i++)
		await openReceiver();
	const publisher = await open(publishUrl, () => {});
	for (let i = 0; i < Number(messageCount); i++)
		publisher.send(String(i));
	while (!await finished() && Date.now() < deadline)
		await new Promise((resolve) => setTimeout(resolve, 50));
	let lost = 0;
	for (const r of receivers)
		lost += Number(messageCount) - r.seen.size;
	console.log(JSON.stringify({
		lost, duplicate: sum('duplicate'), reordered: sum('reordered'), closed,
	}));
	process.exit(0);
}

main();
