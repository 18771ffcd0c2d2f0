import { join, relative } from 'node:path';
import { createAccessTokenVerifier } from '../shared/auth/access-token.js';
import { accessTokenLifetimeMs, createRevocations } from '../shared/auth/revocations.js';
import { ConfigurationError } from '../shared/config/environment.js';
import { projectRoot } from '../shared/config/project-root.js';
import { loadSecrets } from '../shared/config/secrets.js';
import type { SubgraphName } from '../shared/config/subgraph-environment.js';
import { lockDataDir } from '../shared/database/embedded/data-dir-lock.js';
import type { Database } from '../shared/database/database.js';
import { openEmbedded } from '../shared/database/embedded/embedded.js';
import { openPostgres } from '../shared/database/postgres.js';
import { createInProcessEventBus } from '../shared/events/buses/in-process-event-bus.js';
import { createRedisEventBus } from '../shared/events/buses/redis-event-bus.js';
import { consumingSubgraphs } from '../shared/graphql/subgraph-process.js';
import type { Subgraph } from '../shared/graphql/subgraph.js';
import { lastRequestsMs } from '../shared/http/drain.js';
import { runProcess, type Scope } from '../shared/http/lifecycle.js';
import { createLogger } from '../shared/logging/logger.js';
import { switchLogLevel } from '../shared/logging/switch-log-level.js';
import { createRateLimits } from '../shared/rate-limits/rate-limits.js';
import { createObjectStore } from '../shared/objects/create-object-store.js';
import { createAuthSubgraph } from '../subgraphs/auth/subgraph.js';
import { createImagesSubgraph } from '../subgraphs/images/subgraph.js';
import { createSessionsSubgraph } from '../subgraphs/sessions/subgraph.js';
import { createUsersSubgraph } from '../subgraphs/users/subgraph.js';
import { openAnswerCache } from './caching/answer-cache.js';
import { readAllInOneConfig, type AllInOneConfig } from './config/all-in-one-config.js';
import { unknownNames, unknownRequirements, warnAboutNames } from './config/unknown-names.js';
import { createHttpDataSource } from './datasources/http/http-data-source.js';
import { createInProcessDataSource } from './datasources/in-process/in-process-data-source.js';
import { timeoutOf } from './datasources/faults/timeout-variables.js';
import { createSupergraph } from './supergraph/supergraph.js';
import { createGateway } from './gateway.js';
import { openPolicy } from './policy/open-policy.js';
import { asRequired, checkSubgraphs, keptForASecond } from './readiness.js';
import { traceSource } from './telemetry/trace-source.js';
import { openTracing } from '../shared/telemetry/open-tracing.js';
import { openMetrics } from './telemetry/open-metrics.js';

runProcess({
  name: 'galaxia',
  async start(scope) {
    const started = performance.now();
    const config = readAllInOneConfig(process.env);
    const logger = createLogger({ name: 'galaxia', level: config.logLevel });
    switchLogLevel(logger);

    const lock = await lockDataDir(config.dataDir);
    scope.defer(() => lock.release());
    const secrets = await loadSecrets(config.dataDir);
    const databaseOf = openDatabases(config, scope);
    const objects = await createObjectStore({ s3: config.s3, folder: join(config.dataDir, 'objects') });
    scope.defer(() => objects.close());
    const bus =
      config.redisUrl === undefined
        ? createInProcessEventBus({ groups: consumingSubgraphs, logger })
        : createRedisEventBus({ url: config.redisUrl, logger });
    const revocations = createRevocations();
    const rateLimits = createRateLimits({ redisUrl: config.redisUrl, scale: config.rateLimitScale, logger });
    scope.defer(() => rateLimits.close());

    // With any free port it is known once the gateway listens, and nobody can ask for a mail before.
    let publicUrl = config.publicUrl ?? `http://127.0.0.1:${config.port}`;

    const subgraphs: Subgraph[] = [];
    const keep = <Kind extends Subgraph>(subgraph: Kind): Kind => {
      scope.defer(() => subgraph.close());
      subgraphs.push(subgraph);
      return subgraph;
    };
    const auth = keep(
      await createAuthSubgraph({
        database: await databaseOf('auth'),
        bus,
        revocations,
        encryptionKey: secrets.encryptionKey,
        rateLimits,
        publicUrl: () => publicUrl,
        mail: { smtpUrl: config.smtpUrl, from: config.mailFrom, folder: join(config.dataDir, 'outbox') },
        logger,
        threadPoolSize: config.threadPoolSize,
        breachCheck: config.breachCheck,
        signingKeyRotationDays: config.signingKeyRotationDays,
        guestRetentionDays: config.guestRetentionDays,
        networkRates: config.networkRates,
        webAuthn: config.webAuthn,
      }),
    );
    const accessTokens = createAccessTokenVerifier({ keys: auth.keys, revocations });
    const userEvents = config.redisUrl === undefined ? null : { redisUrl: config.redisUrl, maxLength: config.userEventsMaxLength };
    keep(await createUsersSubgraph({ database: await databaseOf('users'), bus, accessTokens, rateLimits, userEvents, logger }));
    const sessions = keep(
      await createSessionsSubgraph({
        database: await databaseOf('sessions'),
        bus,
        accessTokens,
        revocations,
        redisUrl: config.redisUrl,
        rateLimitScale: config.rateLimitScale,
        logger,
      }),
    );
    keep(
      await createImagesSubgraph({
        database: await databaseOf('images'),
        bus,
        objects,
        accessTokens,
        signingKey: secrets.uploadSigningKey,
        quota: config.imageQuota,
        logger,
      }),
    );
    // Before the subgraphs: what their consumers have taken they must be able to finish.
    scope.defer(() => bus.close());
    for (const session of await sessions.endedSince(Date.now() - accessTokenLifetimeMs)) revocations.revoke(session);

    const inProcess = new Map(subgraphs.map((subgraph) => [subgraph.name, subgraph]));
    const tracing = await openTracing(config.tracing, { name: 'galaxia', logger });
    if (tracing !== undefined) scope.defer(() => tracing.close());
    const metrics = openMetrics(config.metrics);
    metrics?.counted.observeSubgraphs(subgraphs);
    const counting = metrics === undefined ? {} : { onFetch: metrics.counted.onFetch };
    const cache = openAnswerCache(config.cache, { onCached: metrics?.counted.onCached, logger });
    if (cache !== undefined) {
      scope.defer(() => cache.close());
      metrics?.counted.observeCache(() => cache.stats());
    }
    const supergraph = await createSupergraph({
      path: config.supergraphPath,
      dataSource({ name, url }) {
        const subgraph = inProcess.get(name);
        const timeoutMs = timeoutOf(config.timeouts, name);
        const source =
          subgraph === undefined
            ? createHttpDataSource({
                name,
                url,
                secret: config.gatewaySecret,
                logger,
                timeoutMs,
                limits: config.subgraphFaults,
                takesFiles: config.uploadSubgraphs.has(name),
                ...counting,
              })
            : createInProcessDataSource({ subgraph, logger, timeoutMs, ...counting });
        return traceSource(name, cache?.cached({ name, url }, source) ?? source, tracing);
      },
      cache,
      operationTimeoutMs: config.timeouts.operationMs,
      ...config.supergraph,
      defer: config.policy.allowsDefer,
      logger,
    });
    scope.defer(() => supergraph.close());
    const { readyRequires } = config;
    const problems = unknownRequirements(config, supergraph.current());
    if (problems.length > 0) throw new ConfigurationError(problems);
    warnAboutNames(supergraph, logger, (generation) => [...unknownRequirements(config, generation), ...unknownNames(config, generation)]);

    const opened = await openPolicy(config.policy, logger);
    scope.defer(() => opened.close());
    const gateway = await createGateway({
      config,
      supergraph,
      policy: opened.policy,
      accessTokens,
      revocations,
      // A route of auth.
      jwks: null,
      ready: keptForASecond(async () => {
        const inside = await Promise.all(
          subgraphs.map(async (subgraph) =>
            (await subgraph.ready()).map((dependency) =>
              asRequired({ ...dependency, name: `${subgraph.name} ${dependency.name}` }, subgraph.name, readyRequires),
            ),
          ),
        );
        return [...(await checkSubgraphs(supergraph, readyRequires)), ...inside.flat()];
      }),
      routes: subgraphs.flatMap(({ routes }) => (routes === undefined ? [] : [routes])),
      pageFolder: join(projectRoot, 'dist', 'graphiql'),
      withoutPage: config.policy.withoutPage,
      metrics,
      invalidation: cache?.invalidation,
      insight: config.insight,
      tracing,
      limits: config.limits,
      lastRequestsMs,
      logger,
    });
    scope.defer(() => gateway.close());
    const origin = await gateway.listen();
    publicUrl = config.publicUrl ?? origin;
    const dataDir = relative(process.cwd(), config.dataDir) || '.';
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(
      [
        `Galaxia is ready (${seconds} s).`,
        `  GraphiQL  ${publicUrl}/`,
        `  GraphQL   ${publicUrl}/graphql  (HTTP and WebSocket)`,
        `  Data      ${dataDir}`,
        ...(config.smtpUrl === undefined ? [`  Mail      in ${join(dataDir, 'outbox')}, since SMTP_URL is not set`] : []),
      ].join('\n'),
    );
  },
});

/** Opens each Postgres server once, and the embedded database only when some subgraph needs it. */
function openDatabases({ databaseUrls, dataDir }: AllInOneConfig, scope: Scope): (name: SubgraphName) => Promise<Database> {
  const open = new Map<string, Database>();
  return async (name) => {
    const url = databaseUrls[name];
    const key = url ?? 'embedded';
    const known = open.get(key);
    if (known !== undefined) return known;
    const database = url === undefined ? await openEmbedded(join(dataDir, 'database')) : await openPostgres(url);
    scope.defer(() => database.close());
    open.set(key, database);
    return database;
  };
}
