import { once } from 'node:events';
import { createServer } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';

export interface PlainSubgraph {
  /** Of its GraphQL endpoint. */
  readonly url: string;
  /** Sockets open to it. */
  openSockets(): number;
  close(): Promise<void>;
}

/**
 * Stands in front of a subgraph of ours and makes one of it that has never heard of shared sockets: an offer does not arrive, and nothing is
 * said of it. All else passes as it is, closing codes too.
 */
export async function startPlainSubgraph(target: string): Promise<PlainSubgraph> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => void forward(Buffer.concat(chunks)));

    async function forward(body: Buffer): Promise<void> {
      const { host: _host, connection: _connection, 'content-length': _length, ...headers } = request.headers;
      const answer = await fetch(target, { method: 'POST', headers: headers as Record<string, string>, body });
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
      response.end(await answer.text());
    }
  });
  const sockets = new WebSocketServer({ server, handleProtocols: () => 'graphql-transport-ws' });
  sockets.on('connection', (client, request) => {
    const upstream = new WebSocket(target.replace('http', 'ws'), 'graphql-transport-ws', {
      headers: { 'x-gateway-secret': request.headers['x-gateway-secret'] },
    });
    const early: string[] = [];
    client.on('message', (data: Buffer) => {
      const text = withoutOffer(data.toString());
      if (upstream.readyState === WebSocket.CONNECTING) early.push(text);
      else upstream.send(text);
    });
    upstream.on('open', () => {
      for (const text of early) upstream.send(text);
    });
    upstream.on('message', (data: Buffer) => {
      client.send(data.toString(), () => upstream.resume());
      // A client that does not read must hold the subgraph back through us.
      if (client.bufferedAmount > 64 * 1024) upstream.pause();
    });
    client.on('close', (code) => closeLike(upstream, code));
    upstream.on('close', (code) => closeLike(client, code));
    upstream.on('error', () => client.terminate());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}/graphql`,
    openSockets: () => sockets.clients.size,
    async close() {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function withoutOffer(text: string): string {
  const message = JSON.parse(text) as { type: string; payload?: object };
  if (message.type !== 'connection_init') return text;
  return JSON.stringify({ ...message, payload: { ...message.payload, sharedSocket: undefined } });
}

function closeLike(socket: WebSocket, code: number): void {
  if (code === 1006 || socket.readyState === WebSocket.CONNECTING) socket.terminate();
  else socket.close(code === 1005 ? 1000 : code);
}
