// rooms.js: two servers with rooms, made with Node's ws, linked to each other. Prints
// "listening PORT PORT".
//   /ws/ROOM          what anybody in the room sends comes as {"id":…,"room":…,"data":…} to all in
//                     it, on both servers, the sender too; ?raw=1: the data only; ?since=N: first
//                     what was sent after number N
//   POST /pub/ROOM    the same by a request: 202 and {"id":…}
'use strict';
const http = require('http');
const { WebSocketServer } = require('ws');

const rooms = new Map();

function room(name) {
	if (!rooms.has(name))
		rooms.set(name, { name, members: new Set(), history: [] });
	return rooms.get(name);
}

function form(member, message) {
	return member.raw ? message.data : JSON.stringify(message);
}

function publish(to, data) {
	const message = { id: String(to.history.length + 1), room: to.name, data };

	to.history.push(message);
	for (const member of to.members)
		member.socket.send(form(member, message));
	return message.id;
}

function enter(socket, url) {
	const to = room(url.pathname.slice('/ws/'.length));
	const member = { socket, raw: url.searchParams.get('raw') === '1' };
	const since = url.searchParams.get('since');

	to.members.add(member);
	if (since !== null)
		for (const message of to.history.slice(Number(since)))
			socket.send(form(member, message));
	socket.on('message', (data) => publish(to, String(data)));
	socket.on('error', () => {});
	socket.on('close', () => to.members.delete(member));
}

function answer(request, response) {
	const url = new URL(request.url, 'http://localhost');
	let body = '';

	if (request.method !== 'POST' || !url.pathname.startsWith('/pub/')) {
		response.writeHead(404).end();
		return;
	}
	request.on('data', (piece) => { body += piece; });
	request.on('end', () => {
		const id = publish(room(url.pathname.slice('/pub/'.length)), body);

		response.writeHead(202, { 'Content-Type': 'application/json' });
		response.end(JSON.stringify({ id }));
	});
}

function start() {
	const server = http.createServer(answer);
	const sockets = new WebSocketServer({ server });

	sockets.on('connection', (socket, request) =>
		enter(socket, new URL(request.url, 'http://localhost')));
	return new Promise((resolve) =>
		server.listen(0, '127.0.0.1', () => resolve(server.address().port)));
}

Promise.all([start(), start()]).then((ports) => console.log(`listening ${ports.join(' ')}`));
