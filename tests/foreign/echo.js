// echo.js URL FIRST LAST: plays the cases URL/case/FIRST to LAST of the conformance server, four at
// a time, as a client by Node's ws that sends back whatever comes.
'use strict';
const WebSocket = require('ws');

const [url, first, last] = process.argv.slice(2);
let next = Number(first);

function play(number) {
	const socket = new WebSocket(`${url}/case/${number}`, {
		perMessageDeflate: { clientMaxWindowBits: true, threshold: 0 },
	});

	return new Promise((resolve) => {
		socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
		socket.on('error', () => {});
		socket.on('close', resolve);
	});
}

async function work() {
	while (next <= Number(last))
		await play(next++);
}

for (let i = 0; i < 4; i++)
	work();
