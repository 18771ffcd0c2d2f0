import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { Json } from '../product/graphql-client.js';

export interface Frame {
  readonly type: string;
  readonly id?: string;
  readonly payload?: Json;
}

/** A client that speaks `graphql-transport-ws` frame by frame, so that tests see the wire and nothing a library makes of it. */
export interface Socket {
  readonly ws: WebSocket;
  send(frame: object): void;
  /** The next frame that was not taken yet. Rejects after `withinMs`. Pings are answered and left out. */
  next(withinMs?: number): Promise<Frame>;
  /** Every frame that arrived and was not taken yet. */
  pending(): readonly Frame[];
  /** Code and reason with which the server closed. */
  closed(withinMs?: number): Promise<{ code: number; reason: string }>;
}

export async function openSocket(origin: string, headers: Readonly<Record<string, string>> = {}): Promise<Socket> {
  const ws = new WebSocket(`${origin.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers });
  const frames: Frame[] = [];
  const waiting = new Set<() => void>();
  let end: { code: number; reason: string } | null = null;
  const wake = () => {
    for (const check of [...waiting]) check();
  };
  ws.on('message', (data: Buffer) => {
    const frame = JSON.parse(data.toString()) as Frame;
    if (frame.type === 'ping') {
      ws.send(JSON.stringify({ type: 'pong' }));
      return;
    }
    frames.push(frame);
    wake();
  });
  ws.on('close', (code, reason) => {
    end = { code, reason: reason.toString() };
    wake();
  });
  await once(ws, 'open');

  function until<Value>(take: () => Value | undefined, withinMs: number, what: string): Promise<Value> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(check);
        reject(
          new Error(`No ${what} within ${withinMs} ms; the socket is ${end === null ? 'open' : `closed with ${end.code} ${end.reason}`}`),
        );
      }, withinMs);
      timer.unref();
      function check(): void {
        const value = take();
        if (value === undefined) return;
        clearTimeout(timer);
        waiting.delete(check);
        resolve(value);
      }
      waiting.add(check);
      check();
    });
  }

  return {
    ws,
    send: (frame) => ws.send(JSON.stringify(frame)),
    next: (withinMs = 10_000) => until(() => frames.shift(), withinMs, 'frame'),
    pending: () => [...frames],
    closed: (withinMs = 10_000) => until(() => end ?? undefined, withinMs, 'close'),
  };
}

/** A socket after `connection_init` with this token was acknowledged. */
export async function openInitialisedSocket(origin: string, token?: string): Promise<Socket> {
  const socket = await openSocket(origin);
  socket.send({ type: 'connection_init', payload: token === undefined ? {} : { authorization: `Bearer ${token}` } });
  const frame = await socket.next();
  if (frame.type !== 'connection_ack') throw new Error(`connection_init was answered with ${JSON.stringify(frame)}`);
  return socket;
}
