import type { FastifyInstance } from 'fastify';
import { createAccessTokenVerifier, type AccessTokenVerifier } from '../auth/access-token.js';
import { createKeyFeed } from '../auth/key-feed.js';
import { createRevocationFeed } from '../auth/revocation-feed.js';
import { createRevocations, type Revocations } from '../auth/revocations.js';
import { productVersion } from '../config/product-version.js';
import { readTogether } from '../config/read-together.js';
import { deriveKey } from '../config/secrets.js';
import { readSubgraphEnvironment, subgraphNames, type SubgraphEnvironment, type SubgraphName } from '../config/subgraph-environment.js';
import type { Database } from '../database/database.js';
import { openPostgres } from '../database/postgres.js';
import type { EventBus } from '../events/event-bus.js';
import { createHttpEventBus } from '../events/buses/http-event-bus.js';
import { createRedisEventBus } from '../events/buses/redis-event-bus.js';
import { lastRequestsMs } from '../http/drain.js';
import { runProcess, type Scope } from '../http/lifecycle.js';
import { createLogger, type Logger } from '../logging/logger.js';
import { switchLogLevel } from '../logging/switch-log-level.js';
import { createRateLimits, type RateLimits } from '../rate-limits/rate-limits.js';
import { openTracing } from '../telemetry/open-tracing.js';
import { openSubgraphMetrics } from '../telemetry/subgraph-metrics.js';
import { jwksPath } from './paths.js';
import { serveSubgraph } from './subgraph-server.js';
import type { Subgraph } from './subgraph.js';

/** The subgraphs that take events: all of them. A bus without a broker waits for them before it delivers. */
export const consumingSubgraphs: readonly SubgraphName[] = subgraphNames;

type Environment = Readonly<Record<string, string | undefined>>;

/** What a subgraph's process has to offer to its composition root. */
export interface SubgraphResources<Config> {
  readonly environment: SubgraphEnvironment;
  /** What `readConfig` has read. */
  readonly config: Config;
  readonly database: Database;
  readonly bus: EventBus;
  /** Verifies by the keys of auth, fetched over HTTP. */
  readonly accessTokens: AccessTokenVerifier;
  /** Follows the sessions subgraph. */
  readonly revocations: Revocations;
  /** Shared with the other replicas when there is a Redis. */
  readonly rateLimits: RateLimits;
  readonly logger: Logger;
  /** For what else the subgraph opens, such as an object store; closed after the subgraph itself. */
  readonly scope: Scope;
  /** 32 bytes for one purpose, made from `GATEWAY_SECRET`, so the same in every replica and after every restart. */
  readonly deriveKey: (purpose: string) => Uint8Array;
}

export interface ServedSubgraph<Context extends object> {
  readonly subgraph: Subgraph<Context>;
  /** More routes for the gateway and the other subgraphs, behind the secret. */
  readonly internalRoutes?: (app: FastifyInstance) => Promise<void> | void;
}

export interface SubgraphProcessOptions<Context extends object, Config> {
  readonly name: SubgraphName;
  /** `process.env`. */
  readonly environment: Environment;
  /** Reads the variables that this subgraph alone knows; its problems are reported together with the common ones. */
  readonly readConfig: (environment: Environment) => Config;
  readonly create: (resources: SubgraphResources<Config>) => Promise<ServedSubgraph<Context>>;
}

/** The whole life of a subgraph that runs as a process of its own: what each subgraph's main.ts calls. */
export function runSubgraphProcess<Context extends object, Config>({
  name,
  environment: variables,
  readConfig,
  create,
}: SubgraphProcessOptions<Context, Config>): void {
  runProcess({
    name,
    async start(scope) {
      const { environment, config } = readTogether({
        environment: () => readSubgraphEnvironment(name, variables),
        config: () => readConfig(variables),
      });
      const { gatewaySecret } = environment;
      const logger = createLogger({ name, level: environment.logLevel });
      switchLogLevel(logger);
      if (gatewaySecret.length < 32) logger.warn('GATEWAY_SECRET has fewer than 32 characters: use a longer one, made at random');

      const { receiver, ...resources } = await openResources(environment, { scope, logger });
      const { subgraph, internalRoutes } = await create({ ...resources, environment, config, logger, scope });
      scope.defer(() => subgraph.close());
      // Before the subgraph: what it has taken it must be able to finish.
      scope.defer(() => resources.bus.close());

      const tracing = await openTracing(environment.tracing, { name, logger });
      if (tracing !== undefined) scope.defer(() => tracing.close());
      const server = await serveSubgraph({
        subgraph,
        host: environment.host,
        port: environment.port,
        gatewaySecret,
        tracing,
        metrics: openSubgraphMetrics(environment.metrics, subgraph),
        lastRequestsMs,
        logger,
        async internalRoutes(app) {
          receiver?.(app);
          await internalRoutes?.(app);
        },
      });
      scope.defer(() => server.close());
      logger.info({ version: productVersion(), url: server.url }, 'ready');
    },
  });
}

/** All but the bus, which `receiver` feeds, is closed with `scope`. */
async function openResources(
  environment: SubgraphEnvironment,
  { scope, logger }: { scope: Scope; logger: Logger },
): Promise<Omit<SubgraphResources<never>, 'environment' | 'config' | 'logger' | 'scope'> & Pick<ProcessBus, 'receiver'>> {
  const { gatewaySecret, urls, redisUrl } = environment;
  const database = await openPostgres(environment.databaseUrl);
  scope.defer(() => database.close());

  const revocations = createRevocations();
  const feed = createRevocationFeed({ origin: new URL(urls.sessions).origin, gatewaySecret, revocations, logger });
  scope.defer(() => feed.close());

  const rateLimits = createRateLimits({ redisUrl, scale: environment.rateLimitScale, logger });
  scope.defer(() => rateLimits.close());

  const keyFeed = createKeyFeed({ url: new URL(jwksPath, urls.auth).href, gatewaySecret, revocations, logger });
  scope.defer(() => keyFeed.close());
  return {
    ...createBus(environment, logger),
    database,
    accessTokens: createAccessTokenVerifier({ keys: keyFeed.keys, revocations }),
    revocations,
    rateLimits,
    deriveKey: (purpose) => deriveKey(gatewaySecret, purpose),
  };
}

interface ProcessBus {
  readonly bus: EventBus;
  /** The route by which the other processes deliver, when the bus has no broker. */
  readonly receiver?: (app: FastifyInstance) => void;
}

function createBus({ name, redisUrl, urls, gatewaySecret }: SubgraphEnvironment, logger: Logger): ProcessBus {
  if (redisUrl !== undefined) return { bus: createRedisEventBus({ url: redisUrl, logger }) };
  const peers = consumingSubgraphs.filter((peer) => peer !== name).map((peer) => urls[peer]);
  const groups = consumingSubgraphs.filter((group) => group === name);
  const bus = createHttpEventBus({ peers, secret: gatewaySecret, groups, logger });
  return { bus, receiver: bus.receiver };
}
