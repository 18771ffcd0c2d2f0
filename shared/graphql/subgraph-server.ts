import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginCacheControlDisabled, ApolloServerPluginInlineTraceDisabled } from '@apollo/server/plugin/disabled';
import type { FastifyInstance } from 'fastify';
import { AppError } from '../errors/app-error.js';
import { createDrain } from '../http/drain.js';
import { addHealthRoutes } from '../http/health.js';
import { createHttpServer } from '../http/server.js';
import type { Logger } from '../logging/logger.js';
import { addMetricsRoute } from '../telemetry/metrics-route.js';
import type { Tracing } from '../telemetry/tracing.js';
import type { SubgraphMetrics } from '../telemetry/subgraph-metrics.js';
import { answerHeadersPlugin } from './answer-headers-plugin.js';
import { formatRequestError, maskErrorsPlugin } from './apollo-route.js';
import { readCacheHints, type CacheHints } from './sharing/cache-hints.js';
import { createSecretCheck, gatewaySecretHeader } from './gateway-secret.js';
import { createKnownOperations, type KnownOperations } from './known-operations.js';
import { createExecute } from './execution/compiled-execution.js';
import { createSubgraphDoor, type OperationContext } from './subgraph-door.js';
import { serveSubscriptions } from './subscriptions/subscription-server.js';
import type { Subgraph } from './subgraph.js';

/** The gateway's entity fetches carry lists of representations, so they may be larger than a client's request. In bytes. */
const bodyLimit = 8 * 1024 * 1024;

export interface SubgraphServerOptions<Context extends object> {
  readonly subgraph: Subgraph<Context>;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** What callers must send as `x-gateway-secret`. */
  readonly gatewaySecret: string;
  /** Told without the secret, as health is; undefined when nobody is to know. */
  readonly metrics?: SubgraphMetrics | undefined;
  readonly tracing?: Tracing | undefined;
  readonly logger: Logger;
  /** More routes for the gateway and the other subgraphs, behind the secret as well. */
  readonly internalRoutes?: ((app: FastifyInstance) => Promise<void> | void) | undefined;
  /** How long requests are taken over open connections after its end has begun, in ms. Default 0. */
  readonly lastRequestsMs?: number;
}

export interface SubgraphServer {
  /** Of the GraphQL endpoint. */
  readonly url: string;
  readonly port: number;
  /** Takes no more requests, closes the sockets with 1012 and waits for what is under way. Leaves the subgraph itself open. */
  close(): Promise<void>;
}

/**
 * Serves a subgraph to its gateway: `POST /graphql`, subscriptions by `graphql-transport-ws` on the same path, the subgraph's own
 * routes, and `/health/*` and `/metrics`, which alone answer without the secret. Over a socket the header contract travels as the payload of
 * `connection_init`, or on a shared socket with each `subscribe` (shared-socket.ts).
 */
export async function serveSubgraph<Context extends object>(options: SubgraphServerOptions<Context>): Promise<SubgraphServer> {
  const { subgraph, logger, metrics } = options;
  const isSecret = createSecretCheck(options.gatewaySecret);
  const drain = createDrain(options.lastRequestsMs);
  const known = createKnownOperations<OperationContext<Context>>();
  const hints = readCacheHints(subgraph.schema);
  const apollo = createApollo(subgraph, { known, hints, logger });
  await apollo.start();
  const execute = createExecute(subgraph.schema);
  const door = createSubgraphDoor({
    subgraph,
    execute,
    apollo,
    known,
    hints,
    isSecret,
    bodyLimit,
    onServed: metrics?.onServed,
    tracing: options.tracing,
    logger,
  });
  const app = createHttpServer({ logger, bodyLimit, drain, first: (request, response) => door.handle(request, response) });

  addHealthRoutes(app, () => subgraph.ready());
  if (metrics !== undefined) addMetricsRoute(app, metrics.source, metrics.access);
  await app.register(async (guarded) => {
    guarded.addHook('onRequest', async (request, reply) => {
      // Not a GraphQL answer: to the client of a gateway with a wrong secret this must look like an outage, not like a refusal.
      if (!isSecret(request.headers[gatewaySecretHeader]))
        await reply.code(403).type('text/plain').send('This server answers its gateway only.\n');
    });
    // What the door does not take.
    guarded.post('/graphql', () => {
      throw new AppError('BAD_USER_INPUT', 'Send the body as "application/json", without compression.');
    });
    await options.internalRoutes?.(guarded);
    await guarded.register(async (scope) => subgraph.routes?.(scope));
  });

  const { server } = app;
  const subscriptions = serveSubscriptions({ server, path: '/graphql', subgraph, execute, logger, isSecret, tracing: options.tracing });
  metrics?.observeSubscriptions(() => subscriptions.stats());
  await app.listen({ host: options.host, port: options.port });

  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return {
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}/graphql`,
    port,
    async close() {
      // Together: the server waits for open connections, and a socket is one.
      await Promise.all([drain.begin(), subscriptions.close()]);
      await app.close();
      await apollo.stop();
    },
  };
}

function createApollo<Context extends object>(
  subgraph: Subgraph<Context>,
  {
    known,
    hints,
    logger,
  }: { readonly known: KnownOperations<OperationContext<Context>>; readonly hints: CacheHints | undefined; readonly logger: Logger },
): ApolloServer<OperationContext<Context>> {
  return new ApolloServer<OperationContext<Context>>({
    schema: subgraph.schema,
    introspection: false,
    // Browsers cannot get here: without the secret nothing is answered.
    csrfPrevention: false,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    persistedQueries: false,
    logger,
    formatError: formatRequestError,
    plugins: [
      ApolloServerPluginInlineTraceDisabled(),
      // It would say `no-store`, and whether an answer may be shared, or kept, is for us to say.
      ApolloServerPluginCacheControlDisabled(),
      known.plugin,
      maskErrorsPlugin<OperationContext<Context>>(logger),
      ...(subgraph.sharing === undefined && hints === undefined
        ? []
        : [answerHeadersPlugin<OperationContext<Context>>({ policy: subgraph.sharing, hints })]),
    ],
  });
}
