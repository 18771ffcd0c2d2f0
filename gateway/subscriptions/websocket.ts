import type { IncomingMessage, Server } from 'node:http';
import type { DocumentNode, GraphQLError, GraphQLSchema } from 'graphql';
import type { Revocations } from '../../shared/auth/revocations.js';
import type { Viewer } from '../../shared/auth/viewer.js';
import type { SubgraphHeaders } from '../../shared/graphql/subgraph.js';
import type { Logger } from '../../shared/logging/logger.js';
import type { Supergraph } from '../execution/supergraph.js';
import type { WebSocketLimits } from './limits.js';

/** Who is behind a socket: found once, at `connection_init`. */
export interface SocketIdentity {
  /** Null for an anonymous caller. Its expiry and revocation close the socket with 4403. */
  readonly viewer: Viewer | null;
  /** Sent to subgraphs with every operation of the socket. */
  readonly subgraphHeaders: SubgraphHeaders;
}

export interface WebSocketOptions {
  readonly server: Server;
  readonly supergraph: Supergraph;
  /**
   * Finds the caller from the `authorization` of the `connection_init` payload (undefined without one) and the upgrade request. Rejects
   * with an `UNAUTHENTICATED` `AppError` for a bad token, which closes the socket with 4403.
   */
  readonly authenticate: (input: {
    readonly authorization: string | undefined;
    readonly request: IncomingMessage;
    readonly requestId: string;
  }) => Promise<SocketIdentity>;
  readonly revocations: Revocations;
  readonly logger: Logger;
  /** Origins of browser pages, beside our own, that may connect: `https://game.example`. */
  readonly allowedOrigins: readonly string[];
  /** The same policy as over HTTP (depth, cost, introspection …), asked before validation. What it gives refuses the operation. */
  readonly checkOperation?: (input: {
    readonly schema: GraphQLSchema;
    readonly document: DocumentNode;
    readonly operationName: string | undefined;
    readonly variables: Readonly<Record<string, unknown>>;
  }) => readonly GraphQLError[];
  readonly limits?: Partial<WebSocketLimits>;
  /** Default `/graphql`. */
  readonly path?: string;
  readonly now?: () => number;
}

export interface WebSocketStats {
  /** Open sockets, initialised or not. */
  readonly sockets: number;
  readonly uninitialised: number;
  /** Operations under way, of all sockets. */
  readonly operations: number;
}

export interface WebSockets {
  stats(): WebSocketStats;
  /** Takes no new sockets and closes the open ones with `code` (1012 for a restart); resolves when they are gone. */
  close(code: number): Promise<void>;
}

/** Serves `graphql-transport-ws` on the server's `/graphql`: subscriptions over any supergraph, queries and mutations. */
export declare function attachWebSocket(options: WebSocketOptions): WebSockets;
