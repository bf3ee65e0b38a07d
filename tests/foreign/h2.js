// h2.js [CERTIFICATE KEY]: a server that speaks nothing but HTTP/2, over TLS when it is given a
// certificate. Prints "listening PORT".
'use strict';
const fs = require('node:fs');
const http2 = require('node:http2');

const [cert, key] = process.argv.slice(2).map((path) => fs.readFileSync(path));
const server = cert ? http2.createSecureServer({ cert, key, ALPNProtocols: ['h2'] }) :
	http2.createServer();

server.on('sessionError', () => {});
server.on('stream', (stream) => {
	stream.respond({ ':status': 200 });
	stream.end('by HTTP/2\n');
});
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
process.on('SIGTERM', () => process.exit(0));
