import { join } from 'node:path';
import { createAccessTokenVerifier } from '../shared/auth/access-token.js';
import { createKeyFeed } from '../shared/auth/key-feed.js';
import { createRevocationFeed } from '../shared/auth/revocation-feed.js';
import { createRevocations } from '../shared/auth/revocations.js';
import { productVersion } from '../shared/config/product-version.js';
import { projectRoot } from '../shared/config/project-root.js';
import { ConfigurationError } from '../shared/config/environment.js';
import { subgraphNames } from '../shared/config/subgraph-environment.js';
import { jwksPath } from '../shared/graphql/paths.js';
import { lastRequestsMs } from '../shared/http/drain.js';
import { runProcess, type Scope } from '../shared/http/lifecycle.js';
import { createLogger, type Logger } from '../shared/logging/logger.js';
import { switchLogLevel } from '../shared/logging/switch-log-level.js';
import { openAnswerCache } from './caching/answer-cache.js';
import { checkConfiguration } from './config/check-configuration.js';
import { forkWorker, linkOfThisWorker } from './cluster/cluster-processes.js';
import { superviseWorkers } from './cluster/supervise-workers.js';
import type { WorkerLink } from './cluster/worker-link.js';
import { help, readCommandLine, type Flags } from './config/command-line.js';
import { createSupergraph } from './supergraph/supergraph.js';
import { createGateway } from './gateway.js';
import { createIssuerKeys } from './authentication/issuer-keys.js';
import { createIssuerTokenVerifier } from './authentication/issuer-tokens.js';
import { openPolicy } from './policy/open-policy.js';
import { publicRoutes } from './subgraph-routes/public-routes.js';
import { checkSubgraphs, keptForASecond } from './readiness.js';
import { readStartConfig, type StartConfig } from './config/start-config.js';
import { unknownNames, unknownRequirements, warnAboutNames } from './config/unknown-names.js';
import { createSubgraphProxy } from './subgraph-routes/subgraph-proxy.js';
import { createSubgraphSources } from './subgraph-sources.js';
import { openTracing } from '../shared/telemetry/open-tracing.js';
import { openMetrics } from './telemetry/open-metrics.js';

const command = readCommandLine(process.argv.slice(2));
switch (command.kind) {
  case 'help':
    console.log(help);
    break;
  case 'version':
    console.log(productVersion());
    break;
  case 'misused':
    for (const problem of command.problems) console.error(problem);
    process.exitCode = 2;
    break;
  case 'check':
    await check(command.flags);
    break;
  case 'serve':
    serve(command.flags);
}

function startConfig(flags: Flags) {
  return readStartConfig({ flags, environment: process.env, folder: process.cwd() });
}

async function check(flags: Flags): Promise<void> {
  try {
    console.log(await checkConfiguration(startConfig(flags)));
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

function serve(flags: Flags): void {
  runProcess({ name: 'gateway', start: (scope) => start(flags, scope) });
}

async function start(flags: Flags, scope: Scope): Promise<void> {
  const read = startConfig(flags);
  const { workers, logLevel } = read.config;
  const logger = createLogger({ name: 'gateway', level: logLevel });
  const link = linkOfThisWorker();
  if (link !== undefined) {
    link.onLogLevel((level) => (logger.level = level));
    link.ready(await startServing(read, { scope, logger, link }));
  } else {
    for (const doubt of read.doubts) logger.warn(doubt);
    if (workers === 1) switchLogLevel(logger);
    const url = workers > 1 ? await supervise(workers, scope, logger) : await startServing(read, { scope, logger });
    logger.info(
      { version: productVersion(), url, ...(workers > 1 ? { workers } : {}), ...(read.file === undefined ? {} : { file: read.file }) },
      'ready',
    );
  }
}

function supervise(workers: number, scope: Scope, logger: Logger): Promise<string> {
  const supervisor = superviseWorkers({ workers, fork: forkWorker, logger });
  scope.defer(() => supervisor.close());
  switchLogLevel(logger, { onChange: (level) => supervisor.setLogLevel(level) });
  return supervisor.ready;
}

/** Answers where it listens. */
async function startServing(
  { config, subgraphs, placeOf }: StartConfig,
  { scope, logger, link }: { readonly scope: Scope; readonly logger: Logger; readonly link?: WorkerLink },
): Promise<string> {
  const { gatewaySecret } = config;
  if (gatewaySecret !== undefined && gatewaySecret.length < 32) {
    logger.warn('GATEWAY_SECRET has fewer than 32 characters: use a longer one, made at random');
  }

  const tracing = await openTracing(config.tracing, { name: 'gateway', logger });
  if (tracing !== undefined) scope.defer(() => tracing.close());
  const metrics = openMetrics(config.metrics, link);
  const cache = openAnswerCache(config.cache, { onCached: metrics?.counted.onCached, logger });
  if (cache !== undefined) {
    scope.defer(() => cache.close());
    metrics?.counted.observeCache(() => cache.stats());
  }
  const supergraph = await createSupergraph({
    path: config.supergraphPath,
    dataSource: createSubgraphSources({ config, subgraphs, onFetch: metrics?.counted.onFetch, cache, tracing, logger }),
    cache,
    operationTimeoutMs: config.timeouts.operationMs,
    ...config.supergraph,
    defer: config.policy.allowsDefer,
    logger,
  });
  scope.defer(() => supergraph.close());
  const problemsWith = (generation: { readonly services: ReadonlyMap<string, unknown> }): readonly string[] => [
    ...subgraphs.problemsWith([...generation.services.keys()]),
    ...unknownRequirements(config, generation, placeOf),
  ];
  const problems = problemsWith(supergraph.current());
  if (problems.length > 0) throw new ConfigurationError(problems);
  // What ends a start is told of each later supergraph.
  warnAboutNames(supergraph, logger, (generation) => [...problemsWith(generation), ...unknownNames(config, generation, placeOf)]);

  const revocations = createRevocations();
  if (config.urls.sessions !== undefined && gatewaySecret !== undefined) {
    const feed = createRevocationFeed({ origin: new URL(config.urls.sessions).origin, gatewaySecret, revocations, logger });
    scope.defer(() => feed.close());
    // A token that was revoked before this start must not be good for its first second.
    await feed.polled;
  }

  const keysUrl = config.urls.auth === undefined ? null : new URL(jwksPath, config.urls.auth);
  const keyFeed = keysUrl === null ? null : createKeyFeed({ url: keysUrl.href, gatewaySecret, revocations, logger });
  if (keyFeed !== null) scope.defer(() => keyFeed.close());
  const ownTokens = keyFeed === null ? null : createAccessTokenVerifier({ keys: keyFeed.keys, revocations });
  const issuerKeys = config.jwt && createIssuerKeys({ ...config.jwt, logger });
  // Asked for now, so that an issuer that is out of reach is in the log before the first token is.
  void issuerKeys?.ready();
  const accessTokens = config.jwt && issuerKeys ? createIssuerTokenVerifier({ ...config.jwt, keys: issuerKeys.keys }) : ownTokens;
  const opened = await openPolicy(config.policy, logger);
  scope.defer(() => opened.close());
  const gateway = await createGateway({
    config,
    supergraph,
    policy: opened.policy,
    accessTokens,
    forwardedHeaders: subgraphs.forwardedHeaders,
    revocations,
    jwks: keyFeed === null ? null : () => keyFeed.published(),
    ready: keptForASecond(async () => {
      const [subgraphs, ...keys] = await Promise.all([
        checkSubgraphs(supergraph, config.readyRequires),
        ...(issuerKeys ? [issuerKeys.ready()] : []),
      ]);
      return [...subgraphs, ...keys, ...(link === undefined ? [] : [link.status()])];
    }),
    routes: subgraphNames.flatMap((name) => {
      const [url, routes] = [config.urls[name], publicRoutes[name]];
      if (url === undefined || routes === undefined) return [];
      return [createSubgraphProxy({ name, origin: new URL(url).origin, gatewaySecret, trustsProxy: config.trustsProxy, ...routes })];
    }),
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
  return gateway.listen();
}
