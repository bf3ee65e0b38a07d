// moody.js MOOD EVERY: a small service that publishes by requests, and each EVERYth time does not,
// or not as it says. Prints "listening PORT".
//
// GET /sse/TOPIC is an event stream, POST /pub/TOPIC publishes there, /count has how often it was
// in its MOOD:
//   refuses       429 and 503 in turns; nothing is published
//   cuts          the connection ends without an answer; nothing is published
//   cuts-late     the same, but it is published
//   refuses-late  503, 300 ms after it was published
//   lies          503, and it is published 300 ms later
//   slow          202, 400 ms after it was published
// A request with a bearer token must have the same one as ?token= of its URL.
'use strict';
const http = require('node:http');

const [mood, every] = [process.argv[2], Number(process.argv[3])];
const streams = new Map();
let posts = 0, moods = 0;

function subscribe(topic, answer) {
	if (!streams.has(topic))
		streams.set(topic, new Set());
	streams.get(topic).add(answer);
	answer.on('close', () => streams.get(topic).delete(answer));
	answer.writeHead(200, { 'Content-Type': 'text/event-stream' });
	answer.flushHeaders();
}

function tell(topic, text) {
	for (const stream of streams.get(topic) ?? [])
		stream.write(`data: ${text}\n\n`);
}

function refuse(answer, status) {
	answer.writeHead(status, { 'Retry-After': '1' }).end('not now\n');
}

const moodsOf = {
	refuses: (request, answer) => refuse(answer, moods % 2 ? 429 : 503),
	cuts: (request) => request.socket.destroy(),
	'cuts-late': (request, answer, say) => {
		say();
		request.socket.destroy();
	},
	'refuses-late': (request, answer, say) => {
		say();
		setTimeout(() => refuse(answer, 503), 300);
	},
	slow: (request, answer, say) => {
		say();
		setTimeout(() => answer.writeHead(202).end(), 400);
	},
	lies: (request, answer, say) => {
		refuse(answer, 503);
		setTimeout(say, 300);
	},
};

function publish(topic, request, answer) {
	let text = '';

	request.setEncoding('utf8');
	request.on('data', (piece) => { text += piece; });
	request.on('end', () => {
		if (++posts % every === 0) {
			moods++;
			moodsOf[mood](request, answer, () => tell(topic, text));
			return;
		}
		tell(topic, text);
		answer.writeHead(202).end();
	});
}

const server = http.createServer((request, answer) => {
	const [path, query] = request.url.split('?'), [, what, topic] = path.split('/');
	const token = request.headers.authorization?.replace('Bearer ', 'token=');

	if (query !== token)
		answer.writeHead(401).end();
	else if (what === 'sse')
		subscribe(topic, answer);
	else if (what === 'pub' && request.method === 'POST')
		publish(topic, request, answer);
	else if (what === 'count')
		answer.end(`${moods}\n`);
	else
		answer.writeHead(404).end();
});
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
process.on('SIGTERM', () => process.exit(0));
