import type { UpstreamMessage, UpstreamSubscription } from '../../../gateway/datasources/subgraph-data-source.js';

/** What a subgraph's subscription says next. */
export function nextMessage(subscription: UpstreamSubscription | undefined): Promise<UpstreamMessage> {
  if (subscription === undefined) throw new Error('no subscription');
  return new Promise((resolve) => subscription.next(resolve));
}
