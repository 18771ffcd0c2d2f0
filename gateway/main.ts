import './without-telemetry.js';
import { join } from 'node:path';
import { createAccessTokenVerifier } from '../shared/auth/access-token.js';
import { createKeyFeed } from '../shared/auth/key-feed.js';
import { createRevocationFeed } from '../shared/auth/revocation-feed.js';
import { createRevocations } from '../shared/auth/revocations.js';
import { projectRoot } from '../shared/config/project-root.js';
import { subgraphNames } from '../shared/config/subgraph-environment.js';
import { jwksPath } from '../shared/graphql/paths.js';
import { runProcess } from '../shared/http/lifecycle.js';
import { createLogger } from '../shared/logging/logger.js';
import { readGatewayConfig } from './config.js';
import { createHttpDataSource } from './datasources/http.js';
import { timeoutOf } from './datasources/timeout-variables.js';
import { createSupergraph } from './execution/supergraph.js';
import { createGateway } from './gateway.js';
import { openPolicy } from './policy/open-policy.js';
import { publicRoutes } from './public-routes.js';
import { checkSubgraphs, keptForASecond } from './readiness.js';
import { createSubgraphProxy } from './subgraph-proxy.js';

runProcess({
  name: 'gateway',
  async start(scope) {
    const config = readGatewayConfig(process.env);
    const { gatewaySecret } = config;
    const logger = createLogger({ name: 'gateway', level: config.logLevel });
    if (gatewaySecret !== undefined && gatewaySecret.length < 32) {
      logger.warn('GATEWAY_SECRET has fewer than 32 characters: use a longer one, made at random');
    }
    const urls = new Map<string, string>(Object.entries(config.urls));

    const supergraph = await createSupergraph({
      path: config.supergraphPath,
      dataSource: ({ name, url }) =>
        createHttpDataSource({
          name,
          url: urls.get(name) ?? url,
          secret: gatewaySecret,
          timeoutMs: timeoutOf(config.timeouts, name),
          logger,
        }),
      operationTimeoutMs: config.timeouts.operationMs,
      logger,
    });
    scope.defer(() => supergraph.close());
    for (const name of config.timeouts.ofSubgraphMs.keys()) {
      if (!supergraph.current().services.has(name))
        logger.warn({ name }, 'SUBGRAPH_TIMEOUTS_MS names a subgraph that is not in the supergraph');
    }

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
    const opened = await openPolicy(config.policy, logger);
    scope.defer(() => opened.close());
    const gateway = await createGateway({
      config,
      supergraph,
      policy: opened.policy,
      accessTokens: keyFeed === null ? null : createAccessTokenVerifier({ keys: keyFeed.keys, revocations }),
      revocations,
      jwks: keyFeed === null ? null : () => keyFeed.published(),
      ready: keptForASecond(() => checkSubgraphs(supergraph)),
      routes: subgraphNames.flatMap((name) => {
        const [url, routes] = [config.urls[name], publicRoutes[name]];
        if (url === undefined || routes === undefined) return [];
        return [createSubgraphProxy({ name, origin: new URL(url).origin, gatewaySecret, trustsProxy: config.trustsProxy, ...routes })];
      }),
      pageFolder: join(projectRoot, 'dist', 'graphiql'),
      withoutPage: config.policy.withoutPage,
      logger,
    });
    scope.defer(() => gateway.close());
    logger.info({ url: await gateway.listen() }, 'ready');
  },
});
