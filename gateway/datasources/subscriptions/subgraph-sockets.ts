import { readSharedSocketTerms } from '../../../shared/graphql/subscriptions/shared-socket.js';
import { createDeferredSubscription, createEndedSubscription, type DeferredSubscription } from './deferred-subscription.js';
import { createOwnSocketSubscription, type UpstreamOptions } from './own-socket-subscription.js';
import { createSharedSocket, type SharedSocket } from './shared-socket.js';
import type { SubscribeRequest, UpstreamSubscription } from '../subgraph-data-source.js';
import { unavailable } from '../wire.js';

/** The subscriptions of one subgraph. */
export interface SubgraphSockets {
  subscribe(request: SubscribeRequest): UpstreamSubscription;
  /** Ends what is left on shared sockets as lost; sockets of one client end with their subscription. */
  close(): Promise<void>;
}

/** A subgraph that shares no sockets is asked again after this long: it may have been replaced by one that does. In ms. */
const plainForMs = 60_000;
/** A shared socket that nobody uses stays open for this long, in ms: clients that come back need not wait for a new one. */
const idleMs = 10_000;
/** Our own restart: the subgraph leaves alone what its clients had. */
const restart = 1012;

interface OpenSocket {
  readonly socket: SharedSocket;
  readonly maxOperations: number;
}

/**
 * As few sockets as the subgraph allows, when it can share them; otherwise one for each subscription. Which of the two is asked with the
 * first subscription: `connection_init` offers, `connection_ack` agrees or says nothing of it.
 */
export function createSubgraphSockets(options: UpstreamOptions, now: () => number): SubgraphSockets {
  const { logger } = options;
  const open = new Set<OpenSocket>();
  /** What waits for a socket, oldest first. */
  const waiting = new Map<DeferredSubscription, SubscribeRequest>();
  let connecting: SharedSocket | undefined;
  let plainUntil = 0;
  let isClosed = false;

  function roomIn(): SharedSocket | undefined {
    for (const { socket, maxOperations } of open) if (socket.size() < maxOperations) return socket;
    return undefined;
  }

  function connect(): void {
    if (connecting !== undefined || isClosed) return;
    let opened: OpenSocket | undefined;
    let idleTimer: NodeJS.Timeout | undefined;
    const socket = createSharedSocket({
      ...options,
      onAcknowledged(payload) {
        const terms = readSharedSocketTerms(payload);
        connecting = undefined;
        if (terms === undefined) {
          void socket.close(1000);
          goOnPlainly();
          return;
        }
        opened = { socket, maxOperations: terms.maxOperations };
        open.add(opened);
        beginWaiting();
        watchIdle();
      },
      onIdle: watchIdle,
      onLost({ code, error }) {
        clearTimeout(idleTimer);
        if (opened !== undefined) {
          open.delete(opened);
          logger.warn({ code, err: error }, 'a socket of the subgraph was lost');
          return;
        }
        connecting = undefined;
        if (refusesOffer(code)) {
          goOnPlainly();
          return;
        }
        logger.error({ code, err: error }, 'the subgraph cannot be subscribed to');
        begin(waiting.keys(), () => createEndedSubscription({ kind: 'error', errors: [unavailable] }));
      },
    });
    connecting = socket;

    function watchIdle(): void {
      clearTimeout(idleTimer);
      idleTimer = setTimeout(() => {
        if (opened === undefined || socket.size() > 0) return;
        open.delete(opened);
        void socket.close(1000);
      }, idleMs);
      // Only an optimisation: it must not keep a process alive.
      idleTimer.unref();
    }
  }

  function goOnPlainly(): void {
    plainUntil = now() + plainForMs;
    begin(waiting.keys(), (request) => createOwnSocketSubscription(request, options));
  }

  function beginWaiting(): void {
    for (const deferred of waiting.keys()) {
      const socket = roomIn();
      if (socket === undefined) {
        connect();
        return;
      }
      begin([deferred], (request) => socket.subscribe(request));
    }
  }

  function begin(deferreds: Iterable<DeferredSubscription>, start: (request: SubscribeRequest) => UpstreamSubscription): void {
    for (const deferred of deferreds) {
      const request = waiting.get(deferred);
      waiting.delete(deferred);
      if (request !== undefined) deferred.begin(() => start(request));
    }
  }

  return {
    subscribe(request) {
      if (isClosed) return createEndedSubscription({ kind: 'error', errors: [unavailable] });
      if (now() < plainUntil) return createOwnSocketSubscription(request, options);
      const socket = roomIn();
      if (socket !== undefined) return socket.subscribe(request);
      const deferred = createDeferredSubscription(() => waiting.delete(deferred));
      waiting.set(deferred, request);
      connect();
      return deferred.subscription;
    },
    async close() {
      isClosed = true;
      const sockets = [...open].map(({ socket }) => socket).concat(connecting ?? []);
      open.clear();
      begin(waiting.keys(), () => createEndedSubscription({ kind: 'error', errors: [unavailable] }));
      await Promise.all(sockets.map((socket) => socket.close(restart)));
    },
  };
}

/**
 * Whether a subgraph that closes with `code` instead of `connection_ack` dislikes that we name nobody: application codes, and "policy".
 * A busy one that was late (4408) or one that goes away has refused nothing.
 */
function refusesOffer(code: number): boolean {
  return code === 1008 || (code >= 4000 && code <= 4999 && code !== 4408);
}
