import { createHash } from 'node:crypto';
import { valueText } from '../../../shared/json/json-text.js';
import type { SubgraphDataSource } from '../../datasources/subgraph-data-source.js';
import type { ParsedOperation } from '../../operations/operation-store.js';
import type { OperationRequest } from '../../operations/operation-request.js';
import type { Tracing } from '../../../shared/telemetry/tracing.js';
import { traceEvents } from '../../telemetry/trace-events.js';
import { createEventPlan, type SubgraphEvent } from '../event-plan.js';
import { defaultFanOutLimits, type FanOutLimits } from './limits.js';
import { createRecentEvents } from './recent-events.js';
import { createSubscriber, type Channel, type Subscriber, type SubscriberEnvironment } from './subscriber.js';
import { createVainAsks, type VainAsks } from './vain-asks.js';

/**
 * Lets subscriptions that get the same event share the work of completing it. A result is made from the operation, its variables, the
 * event, and what subgraphs answer to fetches; so it is everyone's whose first three are equal when all answers are: when the subgraphs
 * say that they hold for everyone, to a caller without any identity. Anything else is fetched and made for each viewer alone.
 */
export interface FanOut {
  join(request: OperationRequest): Subscriber;
  stats(): FanOutStats;
  close(): void;
}

export interface FanOutStats {
  /** Different operations and variables that are subscribed to. */
  readonly channels: number;
  /** That are kept for those who are about to get them. */
  readonly events: number;
  readonly characters: number;
  /** Since the start: events that were completed for one subscriber alone, made once for everyone, and given to subscribers as made for everyone. */
  readonly own: number;
  readonly made: number;
  readonly shared: number;
}

export interface FanOutOptions {
  readonly limits?: Partial<FanOutLimits>;
  readonly tracing?: Tracing | undefined;
  readonly now?: () => number;
}

export function createFanOut(options: FanOutOptions = {}): FanOut {
  const limits = { ...defaultFanOutLimits, ...options.limits };
  const now = options.now ?? Date.now;
  const byOperation = new WeakMap<ParsedOperation, Map<string, Channel>>();
  const vainAsks = new WeakMap<SubgraphDataSource, VainAsks>();
  const texts = new WeakMap<SubgraphEvent, string>();
  let channels = 0;
  const counts = { own: 0, made: 0, shared: 0 };

  function vainAsksOf(source: SubgraphDataSource): VainAsks {
    const known = vainAsks.get(source) ?? createVainAsks(limits, now);
    vainAsks.set(source, known);
    return known;
  }

  function textOf(event: SubgraphEvent): string | undefined {
    if (event.isShared !== true) return valueText(event.data);
    const text = texts.get(event) ?? valueText(event.data);
    if (text !== undefined) texts.set(event, text);
    return text;
  }

  const environment: SubscriberEnvironment = { limits, recent: createRecentEvents(limits, vainAsksOf, now), counts, textOf };

  function channelOf({ generation, operation, variables }: OperationRequest): Channel {
    const byVariables = byOperation.get(operation) ?? new Map<string, Channel>();
    byOperation.set(operation, byVariables);
    // The same client software writes them in the same order. Hashed, because they may be long.
    const key = createHash('sha256').update(JSON.stringify(variables)).digest('base64');
    const known = byVariables.get(key);
    if (known !== undefined) return known;
    const channel: Channel = {
      plan: traceEvents(createEventPlan(generation, operation), operation, options.tracing),
      events: new Map(),
      subscribers: 0,
      onLeft() {
        channel.subscribers -= 1;
        if (channel.subscribers > 0) return;
        byVariables.delete(key);
        channels -= 1;
      },
    };
    byVariables.set(key, channel);
    channels += 1;
    return channel;
  }

  return {
    join(request) {
      const channel = channelOf(request);
      channel.subscribers += 1;
      return createSubscriber(request, channel, environment);
    },
    stats: () => ({ channels, ...counts, ...environment.recent.stats() }),
    close: () => environment.recent.close(),
  };
}
