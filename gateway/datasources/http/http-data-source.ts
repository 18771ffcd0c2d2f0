import { gatewaySecretHeader } from '../../../shared/graphql/gateway-secret.js';
import type { Logger } from '../../../shared/logging/logger.js';
import { createHttpFetch } from './http-fetch.js';
import type { OnFetch } from '../on-fetch.js';
import type { SubgraphDataSource } from '../subgraph-data-source.js';
import { defaultSubgraphFaultLimits, type SubgraphFaultLimits } from '../faults/subgraph-fault-settings.js';
import { createSubscriptions, type SubscriptionSettings } from '../subscriptions/subscription-protocols.js';

export interface HttpDataSourceOptions {
  readonly name: string;
  /** The subgraph's GraphQL endpoint, http or https. */
  readonly url: string;
  readonly subscriptions?: SubscriptionSettings | undefined;
  /** Sent as `x-gateway-secret`; undefined for subgraphs of others, which know none. */
  readonly secret: string | undefined;
  /** With a fixed value, for every request and socket. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly logger: Logger;
  /** For one request with all that is done to get it answered, in ms. */
  readonly timeoutMs?: number;
  readonly limits?: Partial<SubgraphFaultLimits>;
  readonly onFetch?: OnFetch | undefined;
  /** Whether it is sent files, by the GraphQL multipart request specification. */
  readonly takesFiles?: boolean;
  readonly now?: () => number;
}

/** A subgraph over HTTP, with its subscriptions by the protocol that it speaks. */
export function createHttpDataSource(options: HttpDataSourceOptions): SubgraphDataSource {
  const { name, url, secret, timeoutMs = 10_000, now = Date.now } = options;
  const secretHeader: Record<string, string> = { ...options.headers, ...(secret === undefined ? {} : { [gatewaySecretHeader]: secret }) };
  const logger = options.logger.child({ subgraph: name });

  const limits = { ...defaultSubgraphFaultLimits, ...options.limits };
  const http = createHttpFetch({ name, url, secretHeader, timeoutMs, limits, logger, onFetch: options.onFetch });
  const count = { live: 0 };
  const subscriptions = createSubscriptions({
    settings: options.subscriptions ?? {},
    url,
    isTrusted: secret !== undefined,
    headers: secretHeader,
    timeoutMs,
    maxMessageBytes: limits.maxResponseBytes,
    logger,
    now,
    count,
  });

  return {
    fetch: http.fetch,
    takesFiles: options.takesFiles ?? false,
    circuit: http.circuit,
    subscriptions: () => count.live,
    subscribe: (request) => subscriptions.subscribe(request),
    async close() {
      await Promise.all([http.close(), subscriptions.close()]);
    },
  };
}
