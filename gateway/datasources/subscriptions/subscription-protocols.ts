import type { Logger } from '../../../shared/logging/logger.js';
import { deduplicateSubscriptions } from './deduplicated-subscriptions.js';
import { createEventStreamSubscriptions } from './event-streams/event-stream-subscriptions.js';
import { createOwnSocketSubscription, type UpstreamOptions } from './own-socket-subscription.js';
import type { LiveCount } from './message-queue.js';
import type { SubscribeRequest, UpstreamSubscription } from '../subgraph-data-source.js';
import { createSubgraphSockets } from './subgraph-sockets.js';

/**
 * `graphql-ws` is the subprotocol graphql-transport-ws, `sse` the "distinct connections mode" of GraphQL over SSE, `multipart` Apollo's
 * protocol for subscriptions. The one of `subscriptions-transport-ws` is not spoken: nothing in it says that a message is whose.
 */
export const subscriptionProtocols = ['graphql-ws', 'sse', 'multipart'] as const;
export type SubscriptionProtocol = (typeof subscriptionProtocols)[number];

/** How the subscriptions of a subgraph are reached. */
export interface SubscriptionSettings {
  /** By ws or http: at the subgraph's endpoint, unless said otherwise. */
  readonly url?: string | undefined;
  /** `graphql-ws` by default. */
  readonly protocol?: SubscriptionProtocol | undefined;
  /** Equal ones of one caller share one of the subgraph: see `deduplicateSubscriptions` for when that is right. */
  readonly deduplicate?: boolean | undefined;
}

export interface SubscriptionOptions {
  readonly settings: SubscriptionSettings;
  /** Of the subgraph's endpoint. */
  readonly url: string;
  /** Whether the subgraph knows us by a secret. */
  readonly isTrusted: boolean;
  /** With a fixed value, for every request and socket. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly maxMessageBytes: number;
  readonly logger: Logger;
  readonly now: () => number;
  readonly count?: LiveCount | undefined;
}

/** The subscriptions of one subgraph. */
export interface Subscriptions {
  readonly subscribe: (request: SubscribeRequest) => UpstreamSubscription;
  close(): Promise<void>;
}

export function createSubscriptions(options: SubscriptionOptions): Subscriptions {
  const { protocol = 'graphql-ws', deduplicate = false } = options.settings;
  const subscriptions = protocol === 'graphql-ws' ? createSocketSubscriptions(options) : createStreamSubscriptions(protocol, options);
  return deduplicate ? { ...subscriptions, subscribe: deduplicateSubscriptions(subscriptions.subscribe) } : subscriptions;
}

function createStreamSubscriptions(protocol: 'sse' | 'multipart', { settings, url, ...options }: SubscriptionOptions): Subscriptions {
  return createEventStreamSubscriptions({ ...options, protocol, url: (settings.url ?? url).replace(/^ws/, 'http') });
}

function createSocketSubscriptions({ settings, url, isTrusted, headers, now, ...options }: SubscriptionOptions): Subscriptions {
  const upstream: UpstreamOptions = { ...options, url: (settings.url ?? url).replace(/^http/, 'ws'), upgradeHeaders: headers };
  // Only with one that knows us by the secret: a shared socket speaks for everybody.
  const sockets = isTrusted ? createSubgraphSockets(upstream, now) : undefined;
  return {
    subscribe: (request) => sockets?.subscribe(request) ?? createOwnSocketSubscription(request, upstream),
    close: async () => sockets?.close(),
  };
}
