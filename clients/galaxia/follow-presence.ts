import { createClient, type Client } from 'graphql-ws';
import type { PresenceLineFragment, WatchPresenceSubscription } from '../__generated__/graphql.js';
import { watchPresence } from './operations.js';
import { SignedOut, type Session } from './session.js';

export type PresenceLine = PresenceLineFragment;

export interface FollowOptions {
  readonly session: Session;
  /** Ids of the users to follow, at most 500. */
  readonly userIds: readonly string[];
  /** Everyone followed as they are now, by id; `changed` are the ones that differ from the call before. */
  readonly onChange: (people: ReadonlyMap<string, PresenceLine>, changed: readonly PresenceLine[]) => void;
  /** Told whether the connection is up, for a sign on the screen. */
  readonly onConnection?: (state: ConnectionState) => void;
  /** Ends it all. */
  readonly signal: AbortSignal;
  /** For Node below 22, which has no WebSocket of its own: the one of the package `ws`. */
  readonly webSocketImpl?: unknown;
  /** Milliseconds to wait after so many attempts that failed in a row. */
  readonly pauseAfter?: (failures: number) => number;
}

export type ConnectionState = { kind: 'connected' } | { kind: 'waiting'; milliseconds: number; reason: string };

/** Closes that a new connection would only meet again. */
const hopeless = new Set([4400, 4401, 4406, 4409]);

/**
 * Follows users' presence until `signal` is aborted, over as many connections as it takes: a lost one is opened again with growing
 * pauses and resumed by the last cursor, so that nothing is missed and nothing is sent twice. Rejects with `SignedOut` when the session
 * has ended.
 */
export async function followPresence({
  session,
  userIds,
  onChange,
  onConnection,
  signal,
  webSocketImpl,
  pauseAfter = pause,
}: FollowOptions): Promise<void> {
  const people = new Map<string, PresenceLine>();
  let cursor: string | null = null;
  let failures = 0;

  function take(message: WatchPresenceSubscription['presence']): void {
    if (failures > 0 || cursor === null) onConnection?.({ kind: 'connected' });
    failures = 0;
    cursor = message.cursor;
    if (message.__typename === 'PresenceRemoved') {
      people.delete(message.userId);
      onChange(people, []);
      return;
    }
    // A snapshot and a resync are everyone anew, with versions that may have begun again; a change never goes back.
    const isAnew = message.__typename !== 'PresenceChanged';
    const newer = message.entries.filter(({ user, version }) => isAnew || version >= (people.get(user.id)?.version ?? 0));
    const changed = newer.filter((entry) => !looksAlike(entry, people.get(entry.user.id)));
    if (isAnew) people.clear();
    for (const entry of newer) people.set(entry.user.id, entry);
    onChange(people, changed);
  }

  while (!signal.aborted) {
    const end = await connectOnce({ session, userIds, since: cursor, take, signal, webSocketImpl });
    if (isAborted(signal)) return;
    if (end.error !== null) throw end.error;
    // 4403: the token was good once and is not any more. A session that was ended elsewhere says so here, as SignedOut.
    if (end.code === 4403) await session.refresh().catch(rethrowSignedOut);
    const milliseconds = end.code === 4403 && failures === 0 ? 0 : pauseAfter(failures);
    failures += 1;
    onConnection?.({ kind: 'waiting', milliseconds, reason: end.reason });
    await sleep(milliseconds, signal);
  }
}

function looksAlike(line: PresenceLine, before: PresenceLine | undefined): boolean {
  return before !== undefined && JSON.stringify({ ...line, version: 0 }) === JSON.stringify({ ...before, version: 0 });
}

/** 0.5 s, doubling to 30 s, and a random part of it: a thousand clients must not come back in one moment. */
function pause(failures: number): number {
  return Math.round(Math.min(30_000, 500 * 2 ** failures) * (0.5 + Math.random() / 2));
}

interface Attempt {
  session: Session;
  userIds: readonly string[];
  since: string | null;
  take: (message: WatchPresenceSubscription['presence']) => void;
  signal: AbortSignal;
  webSocketImpl: unknown;
}

/** One connection, from beginning to end. An `error` is one that another attempt would not mend. */
async function connectOnce({
  session,
  userIds,
  since,
  take,
  signal,
  webSocketImpl,
}: Attempt): Promise<{ code: number; reason: string; error: Error | null }> {
  let pongTimer: ReturnType<typeof setTimeout> | undefined;
  let unsubscribe: () => void = () => undefined;
  const client: Client = createClient({
    url: new URL('/graphql', session.url).href.replace(/^http/, 'ws'),
    connectionParams: async () => ({ authorization: `Bearer ${await session.accessToken()}` }),
    // Trying again is up to followPresence: it has to send another cursor each time.
    retryAttempts: 0,
    lazyCloseTimeout: 0,
    keepAlive: 10_000,
    on: {
      // A network that went away silently: no pong in 5 seconds is a dead connection.
      ping: (received) => {
        if (!received) pongTimer = setTimeout(() => client.terminate(), 5_000);
      },
      pong: (received) => {
        if (received) clearTimeout(pongTimer);
      },
    },
    ...(webSocketImpl === undefined ? {} : { webSocketImpl }),
  });
  try {
    return await new Promise((resolve) => {
      unsubscribe = client.subscribe<WatchPresenceSubscription>(
        { query: watchPresence.toString(), variables: { userIds, since } },
        {
          next: ({ data, errors }) => {
            if (data) take(data.presence);
            else
              resolve({ code: 0, reason: errors?.[0]?.message ?? 'empty', error: new Error(errors?.[0]?.message ?? 'An empty message') });
          },
          error: (problem) => resolve(endOf(problem)),
          complete: () => resolve({ code: 1000, reason: 'The server ended the subscription', error: null }),
        },
      );
      signal.addEventListener('abort', unsubscribe, { once: true });
    });
  } finally {
    clearTimeout(pongTimer);
    signal.removeEventListener('abort', unsubscribe);
    await client.dispose();
  }
}

function endOf(problem: unknown): { code: number; reason: string; error: Error | null } {
  if (problem instanceof SignedOut) return { code: 0, reason: problem.message, error: problem };
  if (Array.isArray(problem)) {
    const [first] = problem as { message: string; extensions?: { code?: string } }[];
    const isPassing = first?.extensions?.code === 'UNAVAILABLE' || first?.extensions?.code === 'INTERNAL_SERVER_ERROR';
    const message = first?.message ?? 'The server refused the subscription';
    // A token can expire between connection_init and the subscription.
    if (first?.extensions?.code === 'UNAUTHENTICATED') return { code: 4403, reason: message, error: null };
    return { code: 0, reason: message, error: isPassing ? null : new Error(message) };
  }
  if (problem instanceof Error) return { code: 0, reason: problem.message, error: null };
  // A CloseEvent; in browsers its fields are getters. Without a code, the connection could not be opened at all.
  const { code = 1006, reason = '' } = problem as { code?: number; reason?: string };
  const words = reason === '' ? `The connection was lost (${code})` : reason;
  return { code, reason: words, error: hopeless.has(code) ? new Error(words) : null };
}

/** Only the end of the session ends the following: a server that is out of reach may come back. */
function rethrowSignedOut(error: unknown): void {
  if (error instanceof SignedOut) throw error;
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(wake, milliseconds);
    function wake(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      resolve();
    }
    signal.addEventListener('abort', wake);
  });
}
