import { WebSocket } from 'ws';
import type { Json } from '../testkit/product/graphql-client.js';
import type { Login } from './account.js';
import { createToldMap, type Told, type ToldMap } from './told-map.js';

const subscription = `subscription ($friends: Boolean, $userIds: [ID!], $since: String) {
  presence(input: { friends: $friends, userIds: $userIds }, since: $since) {
    __typename
    ... on PresenceSnapshot { cursor entries { ...Entry } }
    ... on PresenceChanged { cursor entries { ...Entry } }
    ... on PresenceResync { cursor entries { ...Entry } }
    ... on PresenceRemoved { cursor user { id } reason }
  }
}
fragment Entry on PresenceEntry { availability statusMessage lastSeenAt version user { id } }`;

export interface Following {
  readonly friends: boolean;
  readonly userIds: readonly string[];
}

/** A socket that was closed, and by whom. */
export interface Closing {
  readonly at: number;
  readonly by: 'ordered' | 'cut' | 'not us';
  readonly code: number;
}

/** A client of one person's as docs/presence.md describes it: it comes back by itself, until it is told to stay away. */
export interface Device {
  readonly name: string;
  readonly login: Login;
  readonly following: Following;
  readonly told: ToldMap;
  /** Whether its user wants to be online with it. */
  isWanted(): boolean;
  /** Since when it has had its first message on the socket that is open now; null while there is none. */
  liveSince(): number | null;
  /** Since when it has been online but for the time that it took to come back; null when it is not wanted, or came too late. */
  keptSince(): number | null;
  /** Sockets that were closed, oldest first. */
  readonly closings: readonly Closing[];
  connect(): void;
  /** Ends the socket; the device comes back when `isBack`. */
  cut(isBack: boolean): void;
  closeInOrder(): void;
  /** Its session is about to be ended: from now on it may be told so. */
  expectEnd(): void;
  /** Does not come back, however its socket ends. */
  stayAway(): void;
}

export interface DeviceOptions {
  readonly name: string;
  readonly login: Login;
  readonly following: Following;
  /** A gateway that takes sockets. */
  readonly origin: () => string;
  /** In ms, before it comes back. */
  readonly pause: () => number;
  readonly onTold: (device: Device, told: Told) => void;
  /** A refusal, or anything that the protocol does not know. */
  readonly onSurprise: (what: string) => void;
}

/** Whoever takes longer to come back than this may have been offline: the grace of a lost socket is 15 s. */
const gapMs = 10_000;

export function createDevice(options: DeviceOptions): Device {
  const { name, login, following, origin, pause, onTold, onSurprise } = options;
  const told = createToldMap();
  const closings: Closing[] = [];
  let socket: WebSocket | undefined;
  let isWanted = false;
  let liveSince: number | null = null;
  let keptSince: number | null = null;
  let isEnding = false;
  let retry: NodeJS.Timeout | undefined;

  async function open(): Promise<void> {
    const token = await login.token().catch(() => undefined);
    if (!isWanted || socket !== undefined) return;
    if (token === undefined) {
      comeBack();
      return;
    }
    const mine = new WebSocket(`${origin().replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    socket = mine;
    const send = (frame: object): void => mine.send(JSON.stringify(frame));
    mine.on('open', () => send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }));
    mine.on('message', (data: Buffer) => {
      if (socket !== mine) return;
      const frame = JSON.parse(data.toString()) as { type: string; payload?: Json };
      switch (frame.type) {
        case 'connection_ack':
          send({
            type: 'subscribe',
            id: '1',
            payload: { query: subscription, variables: { ...following, since: told.cursor() ?? null } },
          });
          return;
        case 'ping':
          send({ type: 'pong' });
          return;
        case 'next':
          if (hasPresence(frame.payload)) take(frame.payload.data.presence);
          else lost(mine, `${name} was told ${JSON.stringify(frame)}`);
          return;
        case 'error':
        case 'complete':
          lost(mine, `${name} was answered ${JSON.stringify(frame)}`);
      }
    });
    mine.on('error', () => undefined);
    mine.on('close', (code) => {
      if (socket === mine) gone({ at: Date.now(), by: 'not us', code });
    });
  }

  function take(message: Json): void {
    forgetLongAway();
    liveSince ??= Date.now();
    keptSince ??= liveSince;
    onTold(device, told.take(message));
  }

  function forgetLongAway(): void {
    const last = closings.at(-1);
    if (liveSince === null && last !== undefined && Date.now() - last.at > gapMs) keptSince = null;
  }

  function lost(mine: WebSocket, what: string): void {
    const isExpected = /UNAVAILABLE|INTERNAL_SERVER_ERROR|SUBSCRIPTION_LOST/.test(what) || (isEnding && what.includes('UNAUTHENTICATED'));
    if (!isExpected) onSurprise(what);
    if (socket !== mine) return;
    gone({ at: Date.now(), by: 'not us', code: 0 });
    mine.terminate();
  }

  function gone(closing: Closing): void {
    if (liveSince !== null) closings.push(closing);
    socket = undefined;
    liveSince = null;
    if (isWanted) comeBack();
  }

  function comeBack(): void {
    clearTimeout(retry);
    retry = setTimeout(() => void open(), pause());
  }

  function leave(by: 'ordered' | 'cut', isBack: boolean): void {
    isWanted = isBack;
    clearTimeout(retry);
    const mine = socket;
    gone({ at: Date.now(), by, code: by === 'ordered' ? 1000 : 1006 });
    if (!isBack) keptSince = null;
    if (by === 'ordered') mine?.close(1000);
    else mine?.terminate();
  }

  const device: Device = {
    name,
    login,
    following,
    told,
    closings,
    isWanted: () => isWanted,
    liveSince: () => liveSince,
    keptSince() {
      forgetLongAway();
      return keptSince;
    },
    connect() {
      if (isWanted) return;
      isWanted = true;
      void open();
    },
    cut: (isBack) => leave('cut', isBack),
    closeInOrder: () => leave('ordered', false),
    expectEnd: () => void (isEnding = true),
    stayAway() {
      isWanted = false;
      keptSince = null;
      clearTimeout(retry);
    },
  };
  return device;
}

function hasPresence(payload: Json | undefined): payload is Json & { readonly data: { readonly presence: Json } } {
  return payload?.errors === undefined && typeof payload?.data?.presence === 'object' && (payload.data.presence as unknown) !== null;
}

/** What a new subscription of the same session says first. */
export async function readFresh(device: Device, origin: string): Promise<ToldMap> {
  const token = await device.login.token();
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  const fresh = createToldMap();
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${device.name} got no fresh snapshot`)), 10_000);
      const send = (frame: object): void => socket.send(JSON.stringify(frame));
      socket.on('open', () => send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }));
      socket.on('error', reject);
      socket.on('message', (data: Buffer) => {
        const frame = JSON.parse(data.toString()) as { type: string; payload?: Json };
        if (frame.type === 'connection_ack')
          send({ type: 'subscribe', id: '1', payload: { query: subscription, variables: device.following } });
        if (frame.type !== 'next') return;
        clearTimeout(timer);
        if (!hasPresence(frame.payload)) reject(new Error(`Not a snapshot: ${data.toString()}`));
        else {
          fresh.take(frame.payload.data.presence);
          resolve();
        }
      });
    });
    return fresh;
  } finally {
    socket.terminate();
  }
}
