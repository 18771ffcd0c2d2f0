import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

/** One connection of a client, as the server sees it after `subscribe`. */
export interface FakeSubscription {
  readonly authorization: string;
  readonly since: string | null;
  send(presence: object): void;
  close(code: number): void;
}

export interface FakeGalaxia {
  readonly url: string;
  /** Resolves with the next subscription that a client begins. */
  nextSubscription(): Promise<FakeSubscription>;
  close(): Promise<void>;
}

/** A server with scripted answers: `answer` is asked for the data of every POST, by the operation's text and variables. */
export async function startFakeGalaxia(answer: (query: string, variables: Record<string, unknown>) => object): Promise<FakeGalaxia> {
  const http = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { query, variables } = JSON.parse(Buffer.concat(chunks).toString()) as { query: string; variables: Record<string, unknown> };
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ data: answer(query, variables) }));
    });
  });
  const sockets = new WebSocketServer({ server: http });
  const waiting: FakeSubscription[] = [];
  let wake: () => void = () => undefined;

  sockets.on('connection', (socket: WebSocket) => {
    let authorization = '';
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as {
        type: string;
        id: string;
        payload: { authorization: string; variables: { since: string | null } };
      };
      if (message.type === 'connection_init') {
        ({ authorization } = message.payload);
        socket.send(JSON.stringify({ type: 'connection_ack' }));
      }
      if (message.type !== 'subscribe') return;
      waiting.push({
        authorization,
        since: message.payload.variables.since,
        send: (presence) => socket.send(JSON.stringify({ id: message.id, type: 'next', payload: { data: { presence } } })),
        close: (code) => socket.close(code),
      });
      wake();
    });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');

  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    async nextSubscription() {
      for (;;) {
        const next = waiting.shift();
        if (next !== undefined) return next;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}
