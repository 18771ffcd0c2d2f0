import type { FastifyInstance } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import type { SubgraphGauge } from '../telemetry/subgraph-gauges.js';
import type { SharingPolicy } from './sharing/sharing.js';

/**
 * What the gateway tells a subgraph about a request, the same in one process and over HTTP. Names are in lower case, as Node gives them.
 * `authorization` is the caller's own token; `x-user-*` repeat what the gateway found in it, for subgraphs that others add.
 */
export interface SubgraphHeaders {
  readonly authorization?: string | undefined;
  readonly 'x-request-id'?: string | undefined;
  readonly 'x-user-id'?: string | undefined;
  readonly 'x-user-name'?: string | undefined;
  /** Address of the client as the gateway sees it through its trusted proxies. */
  readonly 'x-client-ip'?: string | undefined;
  readonly 'user-agent'?: string | undefined;
  /** Of the request that this is for (W3C Trace Context). */
  readonly traceparent?: string | undefined;
}

/**
 * How a client left a subscription; `code` is the WebSocket close code (RFC 6455, 7.4) of the client's socket, and 0 stands for a
 * `complete` message with the socket left open. 1001 and 1006 are abrupt losses, 1012 is our own restart.
 */
export interface Leave {
  readonly code: number;
}

/** What a subscription's resolver may know about the connection behind it. Aborted, with a `Leave` as reason, before `return()` is called. */
export interface SubscriptionConnection {
  readonly id: string;
  readonly signal: AbortSignal;
}

/** Whether a part that the subgraph depends on answers. */
export interface DependencyStatus {
  readonly name: string;
  readonly ok: boolean;
  readonly latencyMs: number;
  /** Shown to operators in `/health/ready`: no addresses, no credentials. */
  readonly error?: string;
  /** False when the process is ready without it. */
  readonly isRequired?: boolean;
}

/**
 * One subgraph, ready to serve. The same value runs in the gateway's process and behind `serveSubgraph`; nothing outside may need to
 * know which.
 */
export interface Subgraph<Context extends object = object> {
  readonly name: string;
  readonly schema: GraphQLSchema;
  /** Which answers hold for everyone. Without it none does, and the gateway asks for each viewer. */
  readonly sharing?: SharingPolicy;
  /**
   * Root fields of `Subscription` whose `resolve` looks at the event and at nothing else: events are executed once for all who get the same
   * object, where what is selected below allows it (event-sharing.ts).
   */
  readonly sharedSubscriptions?: readonly string[];
  /** The context of one operation. Throws an `UNAUTHENTICATED` `AppError` for a bad token. */
  createContext(headers: SubgraphHeaders, connection?: SubscriptionConnection): Promise<Context>;
  /** Public HTTP paths beside `/graphql`, such as an upload's; mounted by the gateway in one process, reached through it otherwise. */
  readonly routes?: (app: FastifyInstance) => Promise<void> | void;
  /** Checks everything that the subgraph depends on; never throws. */
  ready(): Promise<readonly DependencyStatus[]>;
  /** What operators may want to know of it at this moment. */
  readonly gauges?: readonly SubgraphGauge[];
  /** Ends its work and gives back what it holds, in reverse order of taking it. */
  close(): Promise<void>;
}
