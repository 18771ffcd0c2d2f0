import { once } from 'node:events';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { errorsOf, type Json } from '../product/graphql-client.js';
import { openSocket } from './socket.js';

export const liveTransports = ['WebSocket', 'SSE', 'multipart'] as const;
export type LiveTransport = (typeof liveTransports)[number];

/** A client with one operation, by whatever its results come. */
export interface LiveClient {
  /** The next result. */
  next(): Promise<Json>;
  /** What the client is told at the end: a close code of a socket, an error code of a stream, a status where there was none, or `complete`. */
  ended(): Promise<string | number>;
  /** Goes away without a word. */
  vanish(): void;
  /** Reads nothing any more. */
  stall(): void;
}

export interface LiveOperation {
  readonly query: string;
  readonly variables?: object;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of the trace that it is part of: as an extension over WebSocket, otherwise as a header. */
  readonly traceparent?: string;
}

const acceptOf = {
  SSE: 'text/event-stream',
  multipart: 'multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json',
} as const;

export function openLiveClient(transport: LiveTransport, origin: string, operation: LiveOperation): Promise<LiveClient> {
  return transport === 'WebSocket' ? openSocketClient(origin, operation) : openStreamClient(transport, origin, operation);
}

async function openSocketClient(origin: string, { query, variables, token, traceparent }: LiveOperation): Promise<LiveClient> {
  const socket = await openSocket(origin);
  let closed: Promise<string | number> | undefined;
  let first: string | undefined;
  socket.send({ type: 'connection_init', payload: token === undefined ? {} : { authorization: `Bearer ${token}` } });
  const acknowledged = await new Promise<boolean>((resolve) => {
    socket.ws.once('message', () => resolve(true));
    socket.ws.once('close', () => resolve(false));
  });
  if (acknowledged) await socket.next();
  if (acknowledged) socket.send({ id: '1', type: 'subscribe', payload: { query, variables, extensions: { traceparent } } });
  return {
    async next() {
      const { type, payload } = await socket.next();
      if (type === 'complete') throw new Error('There was no next result');
      if (type === 'error') first = codeOf({ errors: payload } as Json);
      return type === 'error' ? ({ errors: payload } as Json) : (payload ?? {});
    },
    ended() {
      closed ??= Promise.race([
        socket.closed().then(({ code }) => code),
        ...(acknowledged && first === undefined ? [untilComplete()] : []),
        ...(first === undefined ? [] : [Promise.resolve('complete')]),
      ]);
      return closed;
    },
    vanish: () => socket.ws.terminate(),
    stall: () => socket.ws.pause(),
  };

  async function untilComplete(): Promise<string> {
    for (;;) {
      const { type, payload } = await socket.next().catch(() => ({ type: 'closed', payload: undefined }));
      if (type === 'complete') return 'complete';
      if (type === 'error') return codeOf({ errors: payload } as Json);
      if (type === 'closed') return new Promise(() => undefined);
    }
  }
}

async function openStreamClient(transport: 'SSE' | 'multipart', origin: string, operation: LiveOperation): Promise<LiveClient> {
  const { query, variables, token, headers, traceparent } = operation;
  const request: ClientRequest = httpRequest(`${origin}/graphql`, {
    method: 'POST',
    agent: false,
    headers: {
      'content-type': 'application/json',
      accept: acceptOf[transport],
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(traceparent === undefined ? {} : { traceparent }),
      ...headers,
    },
  });
  request.end(JSON.stringify({ query, variables }));
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  request.on('error', () => undefined);
  const messages: StreamMessage[] = [];
  const waiting = new Set<() => void>();
  let isGone = false;
  const wake = () => {
    for (const each of [...waiting]) each();
  };
  response.on('close', () => {
    isGone = true;
    wake();
  });
  response.on('error', () => undefined);
  if (response.statusCode !== 200 || (response.headers['content-type'] ?? '').startsWith('application/json')) return refused(response);
  let text = '';
  response.setEncoding('utf8').on('data', (chunk: string) => {
    const [read, rest] = (transport === 'SSE' ? readEvents : readParts)(text + chunk);
    messages.push(...read);
    text = rest;
    wake();
  });

  function take(): Promise<StreamMessage | undefined> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('Nothing came for 10 s')), 10_000);
      const check = () => {
        const message = messages.shift();
        if (message === undefined && !isGone) return;
        clearTimeout(timer);
        waiting.delete(check);
        resolve(message);
      };
      waiting.add(check);
      check();
    });
  }

  return {
    async next() {
      const message = await take();
      if (message === undefined || message === 'complete' || 'last' in message)
        throw new Error(`There was no next result, but ${JSON.stringify(message)}`);
      return message.result;
    },
    async ended() {
      let last: Json | undefined;
      for (;;) {
        const message = await take();
        if (message === undefined) return 'gone without a word';
        if (message === 'complete') return last === undefined ? 'complete' : codeOf(last);
        if ('last' in message) return codeOf(message.last);
        // Over SSE the last result says why.
        last = message.result.errors === undefined || message.result.data !== undefined ? undefined : message.result;
      }
    },
    vanish: () => request.destroy(),
    stall: () => response.pause(),
  };
}

type StreamMessage = 'complete' | { readonly result: Json } | { readonly last: Json };
/** What is whole, and the rest. */
type Read = readonly [readonly StreamMessage[], string];

function readEvents(text: string): Read {
  const events = text.split('\n\n');
  const rest = events.pop() ?? '';
  return [
    events.flatMap((event): StreamMessage[] => {
      if (event === ':') return [];
      if (event === 'event: complete\ndata: ') return ['complete'];
      const [, data = ''] = /^event: next\ndata: ([^\n\r]*)$/.exec(event) ?? [];
      return [{ result: JSON.parse(data) as Json }];
    }),
    rest,
  ];
}

/** As Apollo Client does it: a boundary begins with a line break, and what stands before it is a part. */
function readParts(text: string): Read {
  const parts = text.split('\r\n--graphql');
  const rest = parts.pop() ?? '';
  const messages = parts.flatMap((part): StreamMessage[] => {
    if (part === '') return [];
    const [head = '', body = ''] = part.split('\r\n\r\n');
    if (head !== '\r\nContent-Type: application/json') throw new Error(`A part with ${JSON.stringify(head)}`);
    const { payload, errors } = JSON.parse(body) as { payload?: Json | null; errors: Json };
    if (payload === undefined) return [];
    return payload === null ? [{ last: { errors } }] : [{ result: payload }];
  });
  if (rest === '--\r\n' && messages.every((message) => !(typeof message === 'object' && 'last' in message)))
    return [[...messages, 'complete'], ''];
  return [messages, rest];
}

async function refused(response: IncomingMessage): Promise<LiveClient> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const body = JSON.parse(Buffer.concat(chunks).toString()) as Json;
  return {
    next: () => Promise.resolve(body),
    ended: () => Promise.resolve(response.statusCode ?? 0),
    vanish: () => undefined,
    stall: () => undefined,
  };
}

function codeOf(body: Json): string {
  return errorsOf(body.errors)[0]?.extensions.code ?? 'no code';
}
