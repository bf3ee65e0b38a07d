// relay.js: a server made with Node's ws. Prints "listening PORT".
//   /        relays every message to all, the sender too
//   /others  relays it to all others
//   /echo    sends it back
//   /rooms   JSON: {"op":"hello"} is answered, {"op":"join","room":R} joins,
//            {"op":"say","room":R,"text":T} goes to the others in R
'use strict';
const { WebSocketServer } = require('ws');

const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });

function peers(socket) {
  return [...server.clients].filter((c) => c.path === socket.path && c.readyState === c.OPEN);
}

function inRooms(socket, text) {
  const message = JSON.parse(text);
  if (message.op === 'hello') socket.send(JSON.stringify({ op: 'welcome' }));
  else if (message.op === 'join') socket.room = message.room;
  else
    for (const peer of peers(socket))
      if (peer !== socket && peer.room === message.room) peer.send(text);
}

server.on('connection', (socket, request) => {
  socket.path = request.url;
  socket.on('error', () => {});
  socket.on('message', (data, isBinary) => {
    const message = isBinary ? data : data.toString();
    if (socket.path === '/echo') socket.send(message);
    else if (socket.path === '/rooms') inRooms(socket, message);
    else
      for (const peer of peers(socket))
        if (socket.path !== '/others' || peer !== socket) peer.send(message);
  });
});
server.on('listening', () => console.log(`listening ${server.address().port}`));
process.on('SIGTERM', () => process.exit(0));
