import type { GraphQLFormattedError } from 'graphql';
import type { Viewer } from '../../shared/auth/viewer.js';
import type { Leave, SubgraphHeaders } from '../../shared/graphql/subgraph.js';
import type { OperationCaching } from '../caching/operation-caching.js';
import type { CallerSignal } from './caller-signal.js';
import type { CircuitState } from './faults/circuit-breaker.js';
import type { RequestFiles } from './http/request-files.js';
import type { WireResult } from './wire.js';

/** On whose behalf the gateway asks. The context value of every operation must have these two; data sources read nothing else of it. */
export interface Caller {
  /** What subgraphs are told, besides the gateway's own secret. Built by the gateway alone: identity headers of clients never get here. */
  readonly subgraphHeaders: SubgraphHeaders;
  /** Aborted when nobody waits for the answer any more; subgraph requests under way are then aborted too. */
  readonly signal: CallerSignal;
  /** When the whole operation must be answered, by `performance.now()`; no subgraph is waited for any longer. Undefined means never. */
  readonly deadline?: number;
  /** Who that is, by the token that the gateway has verified. */
  readonly viewer?: Viewer | null;
  /** Of the query or mutation that this is for; without it nothing is taken from the cache, or left there. */
  readonly caching?: OperationCaching | undefined;
}

/** A subgraph as the gateway sees it, in this process or over HTTP. Both ways behave alike: data-source.test.ts runs on both. */
export interface SubgraphDataSource {
  /** Asks a query or mutation. Never rejects: what goes wrong is told by the errors. */
  fetch(request: FetchRequest, caller: Caller): Promise<WireResult>;
  /** Starts a subscription. Never throws: what goes wrong is told by the first message. */
  subscribe(request: SubscribeRequest): UpstreamSubscription;
  /** Whether it is left alone for the moment, because it did not answer; undefined for a source that never does that. */
  readonly circuit?: () => CircuitState;
  /** How many of its subscriptions run. Those that share one are one. */
  readonly subscriptions?: () => number;
  /** Whether it can be sent `files`. */
  readonly takesFiles?: boolean;
  close(): Promise<void>;
}

export interface FetchRequest {
  readonly query: string;
  readonly operationName: string | undefined;
  /** With `variablesText` it is read from there each time. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** JSON of `variables`, where whoever asks has written it. */
  readonly variablesText?: string;
  /** What `variablesText` was made of but for its representations: files are told apart here. */
  readonly given?: Readonly<Record<string, unknown>> | undefined;
  /** No answer to a request with files may be taken for that to another. */
  readonly files?: RequestFiles;
  /** Whether data that came without an error has all that was asked for. */
  isAnsweredBy?(data: Readonly<Record<string, unknown>>): boolean;
  /** Of a request for `_entities`, where whoever asks knows them apart. */
  readonly entities?: EntityQuestions;
}

/** What is asked about several objects at once. */
export interface EntityQuestions {
  /** JSON of their representations, none twice. */
  readonly representations: readonly string[];
  /** JSON of the other variables. */
  readonly othersText: string;
  /** The same about these objects alone. */
  about(representations: readonly string[]): FetchRequest;
}

export interface SubscribeRequest extends FetchRequest {
  readonly headers: SubgraphHeaders;
}

export interface UpstreamEvent {
  readonly kind: 'event';
  readonly data: Record<string, unknown> | null;
  readonly errors: readonly GraphQLFormattedError[];
  /** Others get the same object: nobody may change `data`. */
  readonly isShared?: boolean;
}

/** What a subgraph's subscription says. After anything but `event` nothing follows. */
export type UpstreamMessage =
  | UpstreamEvent
  /** The subgraph has nothing more to say. */
  | { readonly kind: 'complete' }
  /** It could not start, or its source failed. */
  | { readonly kind: 'error'; readonly errors: readonly GraphQLFormattedError[] }
  /** A running subscription broke; `code` is the WebSocket close code of the connection to the subgraph. */
  | { readonly kind: 'lost'; readonly code: number };

/**
 * A running subscription of a subgraph. Hand-made rather than an `async function*`, whose `return()` would queue behind a pending
 * `next()` and leave the upstream open while it is quiet; and with callbacks rather than promises, so that what thousands wait for reaches
 * all of them in one turn of the event loop, and nothing is kept for those who wait but the function that they wait with.
 */
export interface UpstreamSubscription {
  /**
   * Asks for the next message, which `receive` is called with once, maybe at once. One call at a time; not calling it holds the subgraph
   * back. It is `complete` after `leave`.
   */
  next(receive: (message: UpstreamMessage) => void): void;
  /** Ends it at once and tells the subgraph how the client left. */
  leave(leave: Leave): void;
}
