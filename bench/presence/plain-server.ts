/** The limit: a `ws` server that knows nothing but whom to send bytes to. Publishes what it is told over IPC; says its port first. */
import { WebSocketServer, type WebSocket } from 'ws';

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false, handleProtocols: () => 'graphql-transport-ws' });
const followers = new Set<WebSocket>();

server.on('connection', (socket) => {
  socket.on('message', (data: Buffer) => {
    if (data.includes('"connection_init"')) {
      socket.send('{"type":"connection_ack"}');
      return;
    }
    followers.add(socket);
    socket.send('{"id":"1","type":"next","payload":{"data":null}}');
  });
  socket.on('close', () => followers.delete(socket));
});
server.on('listening', () => {
  const address = server.address();
  process.send?.(typeof address === 'object' ? address?.port : undefined);
});
process.on('message', (text: string) => {
  for (const socket of followers) socket.send(text);
});
process.on('disconnect', () => process.exit(0));
