import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';
import { createHttpDataSource } from '../../../gateway/datasources/http/http-data-source.js';
import { createInProcessDataSource } from '../../../gateway/datasources/in-process/in-process-data-source.js';
import type { OnFetch } from '../../../gateway/datasources/on-fetch.js';
import { traceSource } from '../../../gateway/telemetry/trace-source.js';
import type { SubgraphDataSource } from '../../../gateway/datasources/subgraph-data-source.js';
import { createSupergraph, type Supergraph } from '../../../gateway/supergraph/supergraph.js';
import type { WebSocketLimits } from '../../../gateway/subscriptions/limits.js';
import { attachWebSocket, type WebSocketOptions, type WebSockets } from '../../../gateway/subscriptions/websocket.js';
import type { Tracing } from '../../../shared/telemetry/tracing.js';
import { createRevocations, type Revocations } from '../../../shared/auth/revocations.js';
import { unauthenticated } from '../../../shared/errors/app-error.js';
import { serveSubgraph } from '../../../shared/graphql/subgraph-server.js';
import { createLogger } from '../../../shared/logging/logger.js';
import type { Feed } from './little-feed.js';
import { createLittleSubgraphs, type Received } from './little-subgraphs.js';
import { startPlainSubgraph } from './plain-subgraph.js';
import { until } from '../until.js';

/** `http-plain`: subgraphs that know nothing of shared sockets, as somebody else's. */
export type Way = 'in-process' | 'http' | 'http-plain';

const secret = 'a secret of the little supergraph';
const logger = createLogger({ name: 'test', level: 'silent' });

export interface LittleSupergraph {
  readonly origin: string;
  readonly supergraph: Supergraph;
  readonly sockets: WebSockets;
  readonly feed: Feed;
  readonly revocations: Revocations;
  /** Headers of every operation that a subgraph received, oldest first. */
  readonly received: Received[];
  sourceOf(name: string): SubgraphDataSource;
  /** Changes the file of the supergraph, and waits until the gateway serves it. */
  replaceSupergraph(change: (sdl: string) => string): Promise<void>;
  /** Stops the servers of the subgraphs, as a crash or a deploy does. Only over HTTP. */
  stopSubgraphs(): Promise<void>;
  close(): Promise<void>;
}

export interface LittleOptions {
  readonly limits?: Partial<WebSocketLimits>;
  readonly socketOptions?: Partial<WebSocketOptions>;
  /** When tokens of `authorization: "Bearer short"` expire, in ms since the epoch. */
  readonly expiresAt?: number;
  readonly operationTimeoutMs?: number;
  /** For one request to a subgraph over HTTP; 2 s by default. */
  readonly subgraphTimeoutMs?: number;
  readonly onFetch?: OnFetch | undefined;
  readonly tracing?: Tracing | undefined;
}

/** A supergraph of three subgraphs with everything that makes federated subscriptions hard, served on a WebSocket door. */
export async function startLittleSupergraph(way: Way, options: LittleOptions = {}): Promise<LittleSupergraph> {
  const received: Received[] = [];
  const { feed, subgraphs } = createLittleSubgraphs(received);
  const folder = await mkdtemp(join(tmpdir(), 'little-'));
  const servers =
    way === 'in-process'
      ? []
      : await Promise.all(
          subgraphs.map(({ subgraph }) =>
            serveSubgraph({ subgraph, host: '127.0.0.1', port: 0, gatewaySecret: secret, logger, tracing: options.tracing }),
          ),
        );
  const relays = way === 'http-plain' ? await Promise.all(servers.map(({ url }) => startPlainSubgraph(url))) : [];
  const path = join(folder, 'supergraph.graphql');
  await writeFile(
    path,
    compose(
      subgraphs.map(({ subgraph, typeDefs }, index) => ({
        name: subgraph.name,
        typeDefs,
        url: (relays[index] ?? servers[index])?.url ?? 'http://127.0.0.1:1',
      })),
    ),
  );
  const sources = new Map<string, SubgraphDataSource>();
  const supergraph = await createSupergraph({
    path,
    logger,
    pollIntervalMs: 20,
    operationTimeoutMs: options.operationTimeoutMs ?? 30_000,
    dataSource({ name, url }) {
      const own = subgraphs.find(({ subgraph }) => subgraph.name === name);
      if (own === undefined) throw new Error(`unknown subgraph ${name}`);
      const source =
        way === 'in-process'
          ? createInProcessDataSource({ subgraph: own.subgraph, logger, onFetch: options.onFetch })
          : createHttpDataSource({
              name,
              url,
              secret,
              logger,
              timeoutMs: options.subgraphTimeoutMs ?? 2_000,
              onFetch: options.onFetch ?? (() => undefined),
            });
      sources.set(name, source);
      return traceSource(name, source, options.tracing);
    },
  });
  const revocations = createRevocations();
  const server = createServer((_request, response) => response.writeHead(404).end());
  const sockets = attachWebSocket({
    server,
    supergraph,
    revocations,
    logger,
    origins: { allowed: ['https://game.example'], publicUrl: undefined },
    authenticate: (input) => authenticate(input, options.expiresAt ?? Date.now() + 600_000),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    ...options.socketOptions,
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');

  let stopped: Promise<unknown> | undefined;
  const stopSubgraphs = async (): Promise<void> => {
    stopped ??= Promise.all([...relays, ...servers].map((each) => each.close()));
    await stopped;
  };
  return {
    origin: `http://127.0.0.1:${address.port}`,
    supergraph,
    sockets,
    feed,
    revocations,
    received,
    sourceOf(name) {
      const source = sources.get(name);
      if (source === undefined) throw new Error(`no data source of ${name}`);
      return source;
    },
    async replaceSupergraph(change) {
      const before = supergraph.current().id;
      await writeFile(path, change(await readFile(path, 'utf8')));
      await until(() => supergraph.current().id !== before, 'the new supergraph');
    },
    stopSubgraphs,
    async close() {
      await sockets.close(1012);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await supergraph.close();
      await stopSubgraphs();
      await rm(folder, { recursive: true });
    },
  };
}

function authenticate(
  { authorization, requestId }: { authorization: string | undefined; request: IncomingMessage; requestId: string },
  expiresAt: number,
) {
  const name = authorization?.replace('Bearer ', '');
  if (name === 'bad') return Promise.reject(unauthenticated());
  if (name === 'fault') return Promise.reject(new Error('keys cannot be fetched'));
  return Promise.resolve({
    viewer:
      name === undefined
        ? null
        : {
            userId: name,
            username: name,
            sessionId: `session of ${name}`,
            roles: [],
            authenticatedAt: 0,
            expiresAt: name === 'short' ? expiresAt : Date.now() + 600_000,
          },
    subgraphHeaders: { 'x-request-id': requestId, ...(authorization === undefined ? {} : { authorization }) },
  });
}

export function compose(services: readonly { name: string; url: string; typeDefs: string }[]): string {
  const result = composeServices(services.map(({ name, url, typeDefs }) => ({ name, url, typeDefs: parse(typeDefs) })));
  if (result.errors !== undefined) throw new Error(result.errors.map(({ message }) => message).join('\n'));
  return result.supergraphSdl;
}
