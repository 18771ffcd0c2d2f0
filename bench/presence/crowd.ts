/** A process of clients that follow presence: what they receive is counted, not read. */
import type { JWK } from 'jose';
import { createSigner, numbersOf, userId, type Range } from './people.js';
import { subscribeMessage, type PresenceInput } from './subscription.js';
import { openWireClient, type WireClient } from './wire-client.js';

/** Over IPC; each is answered by a `CrowdState` when it is done. */
export type CrowdOrder =
  /** Everyone in the range opens a socket, follows, and has got the first message. */
  | { readonly kind: 'open'; readonly port: number; readonly range: Range; readonly key: JWK; readonly input: PresenceInput | 'oneself' }
  /** So many events have come since the sockets were opened. */
  | { readonly kind: 'await'; readonly events: number }
  | { readonly kind: 'close' };

export interface CrowdState {
  readonly events: number;
  /** The last event, as it was sent. */
  readonly sample: string;
  /** User and system time of the process since the order before, in µs. */
  readonly cpu: number;
}

/** Connections that are opened at the same time. */
const parallel = 64;

const clients: WireClient[] = [];
let events = 0;
let sample = '';
let awaited = Infinity;
let onAwaited: () => void = () => undefined;
let isClosing = false;

/** Resolves with the first message. */
function follow(order: Extract<CrowdOrder, { kind: 'open' }>, n: number, token: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let state: 'connecting' | 'initialised' | 'following' = 'connecting';
    const client = openWireClient({
      port: order.port,
      localAddress: `127.0.0.${2 + (n % 200)}`,
      onOpen: () => client.send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }),
      onText(buffer, start, end) {
        if (state === 'following') {
          events += 1;
          if (events === awaited) {
            sample = buffer.toString('utf8', start, end);
            onAwaited();
          }
          return;
        }
        const text = buffer.toString('utf8', start, end);
        if (state === 'connecting' && text.includes('connection_ack')) {
          state = 'initialised';
          client.send(subscribeMessage('1', order.input === 'oneself' ? { userIds: [userId(n)] } : order.input));
        } else if (state === 'initialised' && text.includes('"next"') && !text.includes('"errors"')) {
          state = 'following';
          resolve();
        } else reject(new Error(text));
      },
      onClose(code) {
        if (isClosing) return;
        console.error(`a client was closed with ${code}`);
        process.exit(1);
      },
    });
    clients.push(client);
  });
}

async function open(order: Extract<CrowdOrder, { kind: 'open' }>): Promise<void> {
  const sign = await createSigner(order.key);
  const waiting = [...numbersOf(order.range)];
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      for (let n = waiting.shift(); n !== undefined; n = waiting.shift()) await follow(order, n, await sign(n));
    }),
  );
}

async function obey(order: CrowdOrder): Promise<void> {
  switch (order.kind) {
    case 'open':
      return open(order);
    case 'await':
      if (events >= order.events) return;
      awaited = order.events;
      return new Promise((resolve) => (onAwaited = resolve));
    case 'close':
      isClosing = true;
      for (const client of clients) client.cut();
  }
}

let cpu = process.cpuUsage();
process.on('message', (order: CrowdOrder) => {
  obey(order).then(
    () => {
      const { user, system } = process.cpuUsage(cpu);
      cpu = process.cpuUsage();
      process.send?.({ events, sample, cpu: user + system } satisfies CrowdState);
    },
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit(0));
