// feed.js [PATH]: messages by HTTP in many ways, by Node's http. Prints "listening PORT" (PATH: it
// listens on that unix socket, and the port is 0), and for each request "request METHOD URL" with
// what it showed of itself: " NAME=VALUE" of the fields in SHOWN.
//
// Event streams. What stands in [] may be left out.
//   /events/N[?total=T]    N events "tick", ids from the last one on, then the end in order; 204
//                          when T are told
//   /hold[?every=MS]       one event, then nothing; or a comment every MS
//   /gzip/N, /deflate/N    N events and a long one, each flushed, then the end
//   /gzip-hold             one event, compressed and flushed, then nothing
//   /seen                  one event: the request's fields as JSON
//   /cut, /reset           an event, half of another, and the connection breaks
//   /mime/TYPE             an event of that Content-Type
//   /room                  what is posted to /pub, from now on or behind Last-Event-ID
// Requests.
//   POST /pub              201; /slow: 201 after 30 ms; /deny: 403, of messages with "no" in them;
//                          /vanish: no answer
//   /status/N              that status, with a body and the fields that go with it
//   /chain/N               302 to /chain/N-1, and so on to /seen; /loop: to itself
//   /to/PORT/PATH          302 to http://127.0.0.1:PORT/PATH; /name/PORT/PATH to localhost
//   /login                 sets two cookies and sends on to /seen
// Polls, each with messages 1, 2, 3 and then nothing new; KEY is a name for the count.
//   /list/KEY              all so far as an array, one more with each request; /window/KEY: the
//                          last two; /plain/KEY: without ids; /gap/KEY leaves 5 and 6 out
//   /after?id=I[&wait=S]   an array of those behind I; at the end it waits S seconds, then 204
//   /cursor?c=C            {"data":{"next":…,"items":[…]}}
//   /etag, /both           one as text, by If-None-Match; /both: by that and If-Modified-Since
//   /modified              one as text, by If-Modified-Since
//   /head/KEY              the request's fields as JSON
//   /never                 no answer; /never-again/KEY: but to the first request
//   /busy/KEY              429 with Retry-After to the second request
//   /empty/STATUS/KEY      that status for a while, then a message
//   /short/KEY             keeps no connection; /idle/KEY: for 20 ms
'use strict';
const http = require('node:http');
const zlib = require('node:zlib');

const SHOWN = ['last-event-id', 'authorization', 'cookie', 'accept', 'accept-encoding',
	'cache-control', 'if-none-match', 'if-modified-since', 'prefer', 'content-type',
	'content-length'];
const FIELDS = { 401: { 'WWW-Authenticate': 'Bearer realm="feed"' }, 429: { 'Retry-After': '7' } };
const LAST = 3;
const counts = new Map(), published = [], room = new Set();
let connections = 0;

function tick(id) {
	return `id: ${id}\nevent: tick\ndata: message ${id}\n\n`;
}

function begin(response, fields = {}) {
	response.writeHead(200, { 'Content-Type': 'text/event-stream', ...fields });
}

function count(key) {
	counts.set(key, (counts.get(key) ?? 0) + 1);
	return counts.get(key);
}

function json(response, value, fields = {}) {
	response.writeHead(200, { 'Content-Type': 'application/json', ...fields });
	response.end(JSON.stringify(value));
}

function item(id) {
	return { id, text: `message ${id}` };
}

function items(from, to) {
	return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => item(from + i));
}

// --- event streams ---------------------------------------------------------------------------

function events(q, number, query) {
	const last = Number(q.headers['last-event-id'] ?? 0);
	const to = Math.min(last + Number(number), Number(query.get('total') ?? Infinity));

	if (to <= last) {
		q.response.writeHead(204).end();
		return;
	}
	begin(q.response);
	q.response.write('retry: 20\n\n');
	for (let id = last + 1; id <= to; id++)
		q.response.write(tick(id));
	q.response.end();
}

function hold(q, every) {
	begin(q.response);
	q.response.write(tick(1));
	if (every) {
		const timer = setInterval(() => q.response.write(':\n\n'), Number(every));

		q.response.on('close', () => clearInterval(timer));
	}
}

async function compressed(q, coding, number) {
	const coder = coding === 'gzip' ? zlib.createGzip() : zlib.createDeflate();

	begin(q.response, { 'Content-Encoding': coding });
	coder.pipe(q.response);
	for (let id = 1; id <= number; id++) {
		coder.write(tick(id));
		await new Promise((flushed) => coder.flush(flushed));
	}
	coder.end(`data: ${'x'.repeat(100000)}\n\n`);
}

function compressedHold(q) {
	const coder = zlib.createGzip();

	begin(q.response, { 'Content-Encoding': 'gzip' });
	coder.pipe(q.response);
	coder.write(tick(1));
	coder.flush();
}

function cut(q, reset) {
	begin(q.response);
	q.response.write(`${tick(1)}id: 2\ndata: half`, () => setTimeout(() =>
		reset ? q.socket.resetAndDestroy() : q.socket.destroy(), 20));
}

function enter(q) {
	const last = Number(q.headers['last-event-id'] ?? published.length);

	begin(q.response);
	q.response.write(':\n');
	published.slice(last).forEach((text, i) => say(q.response, last + i + 1, text));
	room.add(q.response);
	q.response.on('close', () => room.delete(q.response));
}

function say(response, id, text) {
	response.write(`id: ${id}\n${text.split('\n').map((line) => `data: ${line}\n`).join('')}\n`);
}

// --- requests ----------------------------------------------------------------------------------

async function publish(q, how) {
	const parts = [];

	for await (const part of q)
		parts.push(part);
	const text = Buffer.concat(parts).toString();

	console.log(`posted ${text}`);
	if (how === 'vanish') {
		q.socket.destroy();
		return;
	}
	if (how === 'deny' && text.includes('no')) {
		q.response.writeHead(403, { 'Content-Type': 'application/json' });
		q.response.end('{"error":"not allowed here"}\n');
		return;
	}
	published.push(text);
	room.forEach((response) => say(response, published.length, text));
	setTimeout(() => q.response.writeHead(201, { 'Content-Type': 'text/plain' }).end('ok\n'),
		how === 'slow' ? 30 : 0);
}

function redirect(q, location, fields = {}) {
	q.response.writeHead(302, { Location: location, ...fields }).end('elsewhere\n');
}

function status(q, number) {
	q.response.writeHead(Number(number), { 'Content-Type': 'application/json', ...FIELDS[number] });
	q.response.end(number === '204' || number === '304' ? undefined :
		`{"feed":"says ${number}"}\n`);
}

// --- polls -------------------------------------------------------------------------------------

function list(q, what, n) {
	const last = Math.min(n, LAST), some = items(1, last);

	if (what === 'window')
		json(q.response, items(Math.max(1, 2 * n - 1), 2 * n));
	else if (what === 'plain')
		json(q.response, some.map((one) => one.text));
	else if (what === 'gap')
		json(q.response, items(1, 9).filter((one) => one.id < 5 || one.id > 6).slice(0, 2 * n));
	else
		json(q.response, some);
}

function after(q, id, wait) {
	const from = Number(id || 0) + 1;

	if (from <= LAST)
		json(q.response, items(from, from));
	else
		setTimeout(() => q.response.writeHead(204).end(), Number(wait ?? 0) * 1000);
}

function cursor(q, at) {
	const from = Number(at.replace('c/', '') || 0) + 1, to = Math.min(from + 1, LAST);

	json(q.response, { data: { next: from > LAST ? null : `c/${to}`, items: items(from, to) } });
}

const DATES = [0, 1, 2, 3].map((n) => `Tue, 0${n + 1} Jan 2030 00:00:00 GMT`);

function conditional(q, what) {
	const byTag = what !== 'modified', byDate = what !== 'etag';
	const tag = Number((q.headers['if-none-match'] ?? '"v0"').slice(2, -1));
	const date = Math.max(0, DATES.indexOf(q.headers['if-modified-since']));
	const at = byTag ? tag : date;

	if (byTag && byDate && tag !== date) {
		status(q, '400');
	} else if (at === LAST) {
		q.response.writeHead(304).end();
	} else {
		q.response.writeHead(200, { 'Content-Type': 'text/plain',
			...(byTag && { ETag: `"v${at + 1}"` }),
			...(byDate && { 'Last-Modified': DATES[at + 1] }) });
		q.response.end(`message ${at + 1}`);
	}
}

function busy(q, n) {
	if (n === 2)
		q.response.writeHead(429, { 'Retry-After': '1' }).end('slower\n');
	else
		json(q.response, items(1, n));
}

function empty(q, code, n) {
	if (n === 1 || n > 3)
		json(q.response, items(1, n));
	else
		q.response.writeHead(Number(code)).end();
}

// --- which of them -----------------------------------------------------------------------------

function serve(q) {
	const { pathname, searchParams: query } = new URL(q.url, 'http://feed');
	const [, what, one, ...rest] = pathname.split('/');
	const shown = SHOWN.filter((name) => name in q.headers)
		.map((name) => ` ${name}=${q.headers[name]}`).join('');

	console.log(`request ${q.method} ${q.url} connection=${q.socket.number}${shown}`);
	switch (what) {
	case 'events': return events(q, one, query);
	case 'hold': return hold(q, query.get('every'));
	case 'gzip': case 'deflate': return compressed(q, what, Number(one));
	case 'gzip-hold': return compressedHold(q);
	case 'seen': begin(q.response);
		return q.response.end(`data: ${JSON.stringify(q.headers)}\n\n`);
	case 'cut': return cut(q, false);
	case 'reset': return cut(q, true);
	case 'mime': begin(q.response, { 'Content-Type': decodeURIComponent(one) });
		return q.response.end(tick(1));
	case 'room': return enter(q);
	case 'pub': case 'slow': case 'deny': case 'vanish': return publish(q, what);
	case 'status': return status(q, one);
	case 'chain': return redirect(q, one === '0' ? '/seen' : `/chain/${one - 1}`);
	case 'loop': return redirect(q, '/loop');
	case 'to': return redirect(q, `http://127.0.0.1:${one}/${rest.join('/')}`);
	case 'name': return redirect(q, `http://localhost:${one}/${rest.join('/')}`);
	case 'login': return redirect(q, '/seen',
		{ 'Set-Cookie': ['session=abc; Path=/', 'other=1; Path=/elsewhere'] });
	case 'list': case 'window': case 'plain': case 'gap':
		return list(q, what, count(pathname));
	case 'after': return after(q, query.get('id'), query.get('wait'));
	case 'cursor': return cursor(q, query.get('c') ?? '');
	case 'etag': case 'both': case 'modified': return conditional(q, what);
	case 'head': return json(q.response, q.headers);
	case 'never': return undefined;
	case 'never-again': return count(pathname) === 1 ? json(q.response, items(1, 1)) : undefined;
	case 'busy': return busy(q, count(pathname));
	case 'empty': return empty(q, one, count(pathname));
	case 'short': return json(q.response, items(1, count(pathname)), { Connection: 'close' });
	case 'idle': q.response.on('finish', () => setTimeout(() => q.socket.end(), 20));
		return json(q.response, items(1, count(pathname)));
	default: return status(q, '404');
	}
}

const server = http.createServer({ keepAliveTimeout: 60000 }, (request, response) => {
	request.response = response;
	serve(request);
});
server.on('connection', (socket) => { socket.number = ++connections; });
server.on('listening', () => console.log(`listening ${server.address().port ?? 0}`));
server.listen(process.argv[2] ? { path: process.argv[2] } : { host: '127.0.0.1', port: 0 });
process.on('SIGTERM', () => process.exit(0));
