// server.js [OPTIONS]: an echo server by Node's ws. Prints "listening PORT", and of each connection
// "extensions TEXT" (what was agreed) when it opens and "messages N closed CODE" when it ends.
//
// OPTIONS is JSON: what perMessageDeflate of ws may have, or false (the default) for none; its
// threshold is 0. {"path":P} listens on a unix socket instead, and "listening 0" is printed.
// {"greets":true} says "welcome" to everyone and takes 100 ms for an echo.
'use strict';
const http = require('node:http');
const { WebSocketServer } = require('ws');

const { path, greets, ...deflate } = JSON.parse(process.argv[2] ?? 'false') || { none: true };
const listener = http.createServer();
const server = new WebSocketServer({
	server: listener, maxPayload: 64 << 20,
	perMessageDeflate: deflate.none || path || greets ? false : { threshold: 0, ...deflate },
});

server.on('connection', (socket) => {
	let count = 0;

	console.log(`extensions ${socket.extensions}`);
	socket.on('error', () => {});
	if (greets)
		socket.send('welcome');
	socket.on('message', (data, isBinary) => {
		count++;
		if (greets)
			setTimeout(() => socket.send(data, { binary: isBinary }), 100);
		else
			socket.send(data, { binary: isBinary });
	});
	socket.on('close', (code) => console.log(`messages ${count} closed ${code}`));
});
listener.on('listening', () => console.log(`listening ${listener.address().port ?? 0}`));
listener.listen(path ? { path } : { host: '127.0.0.1', port: 0 });
process.on('SIGTERM', () => process.exit(0));
