import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';
import type { JSONWebKeySet } from 'jose';
import type { AccessTokenVerifier } from '../shared/auth/access-token.js';
import type { Revocations } from '../shared/auth/revocations.js';
import type { DependencyStatus } from '../shared/graphql/subgraph.js';
import { clientAddress } from '../shared/http/client-address.js';
import { createDrain } from '../shared/http/drain.js';
import { addHealthRoutes } from '../shared/http/health.js';
import { addMetricsRoute, type MetricsSource } from '../shared/telemetry/metrics-route.js';
import type { Tracing } from '../shared/telemetry/tracing.js';
import type { MetricsConfig } from '../shared/telemetry/telemetry-variables.js';
import { createHttpServer } from '../shared/http/server.js';
import type { Logger } from '../shared/logging/logger.js';
import { createAuthenticate } from './authentication/authenticate.js';
import { warnAboutTokens } from './authorization/warn-about-tokens.js';
import { addInvalidationRoute, type InvalidationAccess } from './caching/invalidation/invalidation-route.js';
import type { DoorConfig, DoorLimits } from './config/serving-config.js';
import type { Supergraph } from './supergraph/supergraph.js';
import { exposedHeaders } from './http/cross-site.js';
import { createGraphqlDoor } from './http/graphql-door.js';
import { addPage } from './graphiql/page.js';
import { createOperationPolicy, type OperationPolicy } from './policy/operation-policy.js';
import { addSubgraphRoutes } from './subgraph-routes/subgraph-routes.js';
import { createLiveClients } from './subscriptions/live-clients.js';
import { createStreamDoor } from './subscriptions/stream-door.js';
import { attachWebSocket } from './subscriptions/websocket.js';
import type { GatewayMetrics } from './telemetry/gateway-metrics.js';
import type { InsightConfig } from './telemetry/insight-variables.js';
import { createOperationLog } from './telemetry/operation-log.js';
import type { OnOperation } from './telemetry/operation-report.js';
import { createOperationTracing } from './telemetry/operation-tracing.js';

/** Service restart: clients come back at once. */
const restart = 1012;

export interface GatewayOptions {
  readonly config: DoorConfig;
  readonly supergraph: Supergraph;
  /** Null passes tokens on unverified: the subgraphs are somebody else's and know their own. */
  readonly accessTokens: AccessTokenVerifier | null;
  /** Lower-case names of headers of clients that subgraphs get as they came. */
  readonly forwardedHeaders?: readonly string[];
  readonly revocations: Revocations;
  /** Public signing keys; null when there are none to show. */
  readonly jwks: (() => Promise<JSONWebKeySet>) | null;
  /** State of everything that the gateway depends on; never rejects. */
  readonly ready: () => Promise<readonly DependencyStatus[]>;
  /** Public HTTP paths of subgraphs: their own routes in one process, proxies to them otherwise. Each gets a scope of its own. */
  readonly routes: readonly ((app: FastifyInstance) => Promise<void> | void)[];
  /** What clients may ask for; by default, all that is within the limits. */
  readonly policy?: OperationPolicy;
  /** Folder of the built GraphiQL page. */
  readonly pageFolder: string;
  /** Why there is a line of text instead of it; undefined when there is not. */
  readonly withoutPage?: string | undefined;
  /** Undefined when nobody is to know. */
  readonly insight?: InsightConfig;
  readonly tracing?: Tracing | undefined;
  readonly metrics?: { readonly counted: GatewayMetrics; readonly source: MetricsSource; readonly access: MetricsConfig } | undefined;
  /** Undefined when operators may not end kept answers. */
  readonly invalidation?: InvalidationAccess | undefined;
  readonly logger: Logger;
  readonly limits?: Partial<DoorLimits>;
  /** How long requests are taken over open connections after its end has begun, in ms. Default 0. */
  readonly lastRequestsMs?: number;
}

export interface Gateway {
  readonly app: FastifyInstance;
  /** Origin under which it listens. Rejects when the port is taken. */
  listen(): Promise<string>;
  /** Takes no more requests, closes sockets with 1012 and waits for what is under way. */
  close(): Promise<void>;
}

/** The public door: everything that clients reach, over any supergraph. */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { config, supergraph, revocations, logger, metrics, policy = createOperationPolicy() } = options;
  const authenticate = createAuthenticate(options.accessTokens, options.forwardedHeaders);
  if (options.accessTokens === null) warnAboutTokens(supergraph, logger);
  const { corsOrigins, publicUrl, trustsProxy } = config;
  const origins = { allowed: corsOrigins, publicUrl };
  const logOperation = createOperationLog(logger, options.insight?.slowOperationMs);
  const onOperation: OnOperation = (report) => {
    metrics?.counted.onOperation(report);
    logOperation(report);
  };
  const tracing = createOperationTracing(options.tracing, options.insight?.trustsTraceparent ?? true);
  const live = createLiveClients({
    supergraph,
    revocations,
    limits: options.limits?.sockets,
    eventTracing: options.tracing,
    countsOf: metrics?.counted.subscriptionsOf,
  });
  const drain = createDrain(options.lastRequestsMs);
  const streams = createStreamDoor({ live, policy, onOperation, logger });
  const door = createGraphqlDoor({
    supergraph,
    authenticate,
    policy,
    forwardedHeaders: options.forwardedHeaders,
    trustsProxy,
    corsOrigins,
    publicUrl,
    streams,
    limits: live.limits,
    httpLimits: options.limits?.http,
    uploadLimits: options.limits?.uploads,
    isClosing: () => drain.isOn(),
    showsQueryPlans: options.insight?.showsQueryPlans,
    tracing,
    onOperation,
    logger,
  });
  const app = createHttpServer({
    logger,
    trustsProxy,
    tellsMethods: true,
    drain,
    first: (request, response) => door.handle(request, response),
  });

  if (corsOrigins.length > 0) {
    await app.register(cors, {
      origin: corsOrigins.includes('*') ? '*' : [...corsOrigins],
      methods: ['GET', 'HEAD', 'POST', 'PUT'],
      exposedHeaders,
      // For the cookie of browser sessions; browsers allow it to no page when all are allowed.
      credentials: !corsOrigins.includes('*'),
      maxAge: 600,
    });
  }
  addHealthRoutes(app, options.ready);
  if (metrics !== undefined) addMetricsRoute(app, metrics.source, metrics.access);
  if (options.invalidation !== undefined) addInvalidationRoute(app, { ...options.invalidation, supergraph, logger });

  const { jwks } = options;
  if (jwks !== null) {
    app.get('/.well-known/jwks.json', async (_request, reply) => reply.header('cache-control', 'public, max-age=60').send(await jwks()));
  }
  await addSubgraphRoutes(app, { routes: options.routes, trustsProxy, origins });
  await addPage(app, { folder: options.pageFolder, without: options.withoutPage, objectsUrl: config.objectsUrl });

  const sockets = attachWebSocket({
    server: app.server,
    supergraph,
    authenticate: ({ authorization, request, requestId }) =>
      authenticate({
        authorization,
        requestId,
        clientAddress: clientAddress(request, trustsProxy),
        userAgent: request.headers['user-agent'],
        headers: request.headers,
      }),
    revocations,
    logger,
    origins,
    policy,
    tracing,
    onOperation,
    live,
  });
  metrics?.counted.observeSupergraph(supergraph);
  metrics?.counted.observeSockets(() => sockets.stats());
  metrics?.counted.observeDependencies(options.ready);

  return {
    app,
    async listen() {
      await app.listen({ host: config.host, port: config.port });
      const address = app.server.address();
      const port = typeof address === 'object' && address !== null ? address.port : config.port;
      return `http://${reachable(config.host)}:${port}`;
    },
    async close() {
      // Together: the server waits for open connections, and a socket is one.
      await Promise.all([drain.begin(), sockets.close(restart)]);
      await app.close();
    },
  };
}

/** Where a browser on this machine finds who listens on `host`: all addresses are none to go to. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
