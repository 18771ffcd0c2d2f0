import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginInlineTraceDisabled, ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import cors from '@fastify/cors';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { JSONWebKeySet } from 'jose';
import type { AccessTokenVerifier } from '../shared/auth/access-token.js';
import type { Revocations } from '../shared/auth/revocations.js';
import { AppError } from '../shared/errors/app-error.js';
import { answerGraphQL, formatRequestError, maskErrorsPlugin } from '../shared/graphql/apollo-route.js';
import type { DependencyStatus } from '../shared/graphql/subgraph.js';
import { clientAddress } from '../shared/http/client-address.js';
import { addHealthRoutes } from '../shared/http/health.js';
import { createHttpServer } from '../shared/http/server.js';
import type { Logger } from '../shared/logging/logger.js';
import { createAuthenticate } from './authenticate.js';
import type { DoorConfig } from './config.js';
import { createContext, type GatewayContext } from './context.js';
import { finiteNumbers } from './operations/finite-numbers.js';
import { maximumTokens } from './operations/operation-store.js';
import type { Supergraph } from './execution/supergraph.js';
import { addPage } from './page.js';
import { addSubgraphRoutes } from './subgraph-routes.js';
import { attachWebSocket } from './subscriptions/websocket.js';

/** Service restart: clients come back at once. */
const restart = 1012;

export interface GatewayOptions {
  readonly config: DoorConfig;
  readonly supergraph: Supergraph;
  /** Null passes tokens on unverified: the subgraphs are somebody else's and know their own. */
  readonly accessTokens: AccessTokenVerifier | null;
  readonly revocations: Revocations;
  /** Public signing keys; null when there are none to show. */
  readonly jwks: (() => Promise<JSONWebKeySet>) | null;
  /** State of everything that the gateway depends on; never rejects. */
  readonly ready: () => Promise<readonly DependencyStatus[]>;
  /** Public HTTP paths of subgraphs: their own routes in one process, proxies to them otherwise. Each gets a scope of its own. */
  readonly routes: readonly ((app: FastifyInstance) => Promise<void> | void)[];
  /** Folder of the built GraphiQL page. */
  readonly pageFolder: string;
  readonly logger: Logger;
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
  const { config, supergraph, revocations, logger } = options;
  const authenticate = createAuthenticate(options.accessTokens);
  const allowedOrigins = [...config.corsOrigins, ...(config.publicUrl === undefined ? [] : [new URL(config.publicUrl).origin])];
  const app = createHttpServer({ logger, trustsProxy: config.trustsProxy });
  const apollo = createApollo(supergraph, logger);
  await apollo.start();

  if (config.corsOrigins.length > 0) {
    await app.register(cors, {
      origin: config.corsOrigins.includes('*') ? '*' : [...config.corsOrigins],
      methods: ['GET', 'HEAD', 'POST', 'PUT'],
      exposedHeaders: ['x-request-id', 'retry-after'],
      // For the cookie of browser sessions; browsers allow it to no page when all are allowed.
      credentials: !config.corsOrigins.includes('*'),
      maxAge: 600,
    });
  }
  addHealthRoutes(app, options.ready);

  const answer = async (request: FastifyRequest, reply: FastifyReply) => {
    refuseCompressed(request);
    const identity = await authenticate({
      authorization: request.headers.authorization,
      requestId: request.id,
      clientAddress: clientAddress(request.raw, config.trustsProxy),
      userAgent: request.headers['user-agent'],
    });
    return answerGraphQL(apollo, request, reply, createContext(identity, request.id, reply));
  };
  app.post('/graphql', answer);
  app.get('/graphql', answer);

  const { jwks } = options;
  if (jwks !== null) {
    app.get('/.well-known/jwks.json', async (_request, reply) => reply.header('cache-control', 'public, max-age=60').send(await jwks()));
  }
  await addSubgraphRoutes(app, { routes: options.routes, trustsProxy: config.trustsProxy, allowedOrigins });
  await addPage(app, { folder: options.pageFolder, objectsUrl: config.objectsUrl });

  const sockets = attachWebSocket({
    server: app.server,
    supergraph,
    authenticate: ({ authorization, request, requestId }) =>
      authenticate({
        authorization,
        requestId,
        clientAddress: clientAddress(request, config.trustsProxy),
        userAgent: request.headers['user-agent'],
      }),
    revocations,
    logger,
    allowedOrigins,
  });
  // Before the server stops: it waits for open connections, and a socket is one.
  app.addHook('preClose', () => sockets.close(restart));

  return {
    app,
    async listen() {
      await app.listen({ host: config.host, port: config.port });
      const address = app.server.address();
      const port = typeof address === 'object' && address !== null ? address.port : config.port;
      return `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`;
    },
    async close() {
      await app.close();
      await apollo.stop();
    },
  };
}

function createApollo(supergraph: Supergraph, logger: Logger): ApolloServer<GatewayContext> {
  return new ApolloServer<GatewayContext>({
    gateway: supergraph.gateway,
    introspection: true,
    csrfPrevention: true,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    persistedQueries: false,
    parseOptions: { maxLexicalTokens: maximumTokens },
    validationRules: [finiteNumbers],
    logger,
    formatError: formatRequestError,
    plugins: [ApolloServerPluginInlineTraceDisabled(), ApolloServerPluginLandingPageDisabled(), maskErrorsPlugin<GatewayContext>(logger)],
  });
}

/** A compressed body could unfold to any size past the body limit, and no GraphQL client sends one. */
function refuseCompressed(request: FastifyRequest): void {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') throw new AppError('BAD_USER_INPUT', 'Send the body without compression.');
}
