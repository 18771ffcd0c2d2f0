import type { Revocations } from '../../shared/auth/revocations.js';
import type { Tracing } from '../../shared/telemetry/tracing.js';
import { AppError } from '../../shared/errors/app-error.js';
import type { ParsedOperation } from '../operations/operation-store.js';
import type { Supergraph } from '../supergraph/supergraph.js';
import type { ClientStream } from './client-stream.js';
import { createFanOut, type FanOut } from './fan-out/fan-out.js';
import { createHeartbeat, type Heartbeat } from './heartbeat.js';
import { createIdentityWatch, type IdentityWatch } from './identity-watch.js';
import { defaultWebSocketLimits, type WebSocketLimits } from './limits.js';
import { createRunningSubscriptions, type RunningSubscriptions } from './running-subscriptions.js';

export interface LiveClientsOptions {
  readonly supergraph: Supergraph;
  readonly revocations: Revocations;
  readonly limits?: Partial<WebSocketLimits> | undefined;
  readonly fanOut?: FanOut | undefined;
  /** Of events. */
  readonly eventTracing?: Tracing | undefined;
  readonly countsOf?: CountsOf | undefined;
  readonly now?: (() => number) | undefined;
}

/** What is counted of all subscriptions with one name. */
export interface SubscriptionCounts {
  started: number;
  running: number;
  results: number;
}

export type CountsOf = (operation: ParsedOperation) => SubscriptionCounts;

/** What clients share that stay connected, by sockets and by streams alike. */
export interface LiveClients {
  readonly limits: WebSocketLimits;
  readonly heartbeat: Heartbeat;
  /** A user's streams count as sockets. */
  readonly watch: IdentityWatch;
  readonly running: RunningSubscriptions;
  readonly fanOut: FanOut;
  /** Results that were sent. */
  readonly delivered: { results: number };
  /** Of operations, for operators. */
  readonly countsOf: CountsOf;
  /** How many connections were closed, by the code. */
  readonly closes: Map<number, number>;
  /** Operations under way, of all of them. */
  readonly operations: { running: number };
  /** Sockets and streams that are open. */
  readonly connections: { open: number };
  readonly streams: Set<ClientStream>;
  close(): void;
}

export function createLiveClients({ supergraph, revocations, now = Date.now, ...options }: LiveClientsOptions): LiveClients {
  const limits = { ...defaultWebSocketLimits, ...options.limits };
  const watch = createIdentityWatch({ revocations, maxSocketsPerUser: limits.maxSocketsPerUser, now });
  const running = createRunningSubscriptions(supergraph);
  const fanOut = options.fanOut ?? createFanOut({ tracing: options.eventTracing, now });
  return {
    limits,
    heartbeat: createHeartbeat(limits),
    watch,
    running,
    fanOut,
    delivered: { results: 0 },
    countsOf: options.countsOf ?? countNothing(),
    closes: new Map(),
    operations: { running: 0 },
    connections: { open: 0 },
    streams: new Set(),
    close() {
      watch.close();
      running.close();
      fanOut.close();
    },
  };
}

function countNothing(): CountsOf {
  const counts = { started: 0, running: 0, results: 0 };
  return () => counts;
}

export function countClose({ closes }: LiveClients, code: number): void {
  closes.set(code, (closes.get(code) ?? 0) + 1);
}

/** Those of a process are at their limit. */
export function tooManyOperations(): AppError {
  return new AppError('UNAVAILABLE', 'Too many operations are under way. Try again in a moment.');
}
