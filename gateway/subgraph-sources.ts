import { hasCredentials, noCredentials } from '../shared/config/environment.js';
import type { Logger } from '../shared/logging/logger.js';
import type { Tracing } from '../shared/telemetry/tracing.js';
import type { AnswerCache } from './caching/answer-cache.js';
import type { GatewayConfig } from './config/gateway-config.js';
import { createHttpDataSource } from './datasources/http/http-data-source.js';
import type { OnFetch } from './datasources/on-fetch.js';
import type { SubgraphDataSource } from './datasources/subgraph-data-source.js';
import { withholdHeaders } from './datasources/http/withhold-headers.js';
import type { SubgraphsSettings } from './config/subgraph-settings.js';
import { traceSource } from './telemetry/trace-source.js';

/** For `createSupergraph`: reaches each subgraph as the operator says. What it throws is about the subgraph that it was called for. */
export function createSubgraphSources({
  config: { urls, gatewaySecret, timeouts, subgraphFaults, uploadSubgraphs },
  subgraphs,
  onFetch,
  cache,
  tracing,
  logger,
}: {
  readonly config: Pick<GatewayConfig, 'urls' | 'gatewaySecret' | 'timeouts' | 'subgraphFaults' | 'uploadSubgraphs'>;
  readonly subgraphs: SubgraphsSettings;
  readonly onFetch?: OnFetch | undefined;
  readonly cache?: AnswerCache | undefined;
  readonly tracing?: Tracing | undefined;
  readonly logger: Logger;
}): (service: { readonly name: string; readonly url: string }) => SubgraphDataSource {
  const variables = new Map<string, string>(Object.entries(urls));
  return ({ name, url: inSupergraph }) => {
    const settings = subgraphs.of(name);
    const url = variables.get(name) ?? settings.url ?? inSupergraph;
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      throw new Error(
        `it needs an http:// or https:// URL: compose the supergraph with one, or set subgraphs.${name}.url in a configuration file`,
      );
    }
    if (hasCredentials(url)) throw new Error(`its URL ${noCredentials}`);
    const source = createHttpDataSource({
      name,
      url,
      secret: gatewaySecret,
      subscriptions: settings.subscriptions,
      headers: settings.headers,
      timeoutMs: timeouts.ofSubgraphMs.get(name) ?? settings.timeoutMs ?? timeouts.subgraphMs,
      limits: subgraphFaults,
      takesFiles: settings.uploads || uploadSubgraphs.has(name),
      ...(onFetch === undefined ? {} : { onFetch }),
      logger,
    });
    const cached = cache?.cached({ name, url, settings: settings.headers }, source) ?? source;
    return traceSource(name, withholdHeaders(cached, settings.withheldHeaders), tracing);
  };
}
