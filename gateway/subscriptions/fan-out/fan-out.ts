import { createHash } from 'node:crypto';
import type { SubgraphDataSource } from '../../datasources/subgraph-data-source.js';
import type { SubgraphHeaders } from '../../../shared/graphql/subgraph.js';
import type { ParsedOperation } from '../../operations/operation-store.js';
import { askDirectly, type Ask, type OperationRequest } from '../../execution/execution-state.js';
import type { OperationResult } from '../../execution/operation-result.js';
import type { Tracing } from '../../../shared/telemetry/tracing.js';
import { traceEvents } from '../../telemetry/trace-events.js';
import { createEventPlan, type EventPlan, type SubgraphEvent } from '../event-plan.js';
import { defaultFanOutLimits, type FanOutLimits } from './limits.js';
import { prepareResult, type PreparedResult } from './prepared-result.js';
import { createRecentEvents, type ChannelEvents, type EventWaiter, type SharedEvent } from './recent-events.js';
import { createVainAsks, type VainAsks } from './vain-asks.js';

/** For one, or the same for all who got the same event. */
export type CompletedEvent = { readonly kind: 'result'; readonly result: OperationResult } | PreparedResult;

/** A fault of ours was in the way. */
export interface FailedEvent {
  readonly kind: 'failed';
  readonly error: unknown;
}

type Answer = (completed: CompletedEvent | FailedEvent) => void;

/** One subscription among those with the same operation and variables. */
export interface Subscriber {
  readonly plan: EventPlan;
  /**
   * Calls `answer` once, maybe at once: what is known already goes to all who get it in one turn of the event loop. One call at a time; the
   * answer may fail to come after `leave`.
   */
  complete(event: SubgraphEvent, answer: Answer): void;
  leave(): void;
}

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

/** All subscriptions of one operation with the same variables. An operation belongs to one generation of the supergraph. */
interface Channel {
  readonly plan: EventPlan;
  readonly events: ChannelEvents;
  subscribers: number;
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

  function textOf(event: SubgraphEvent): string {
    if (event.isShared !== true) return JSON.stringify(event.data);
    const text = texts.get(event) ?? JSON.stringify(event.data);
    texts.set(event, text);
    return text;
  }

  const recent = createRecentEvents(limits, vainAsksOf, now);

  function enter({ generation, operation, variables }: OperationRequest): { readonly channel: Channel; readonly leave: () => void } {
    const byVariables = byOperation.get(operation) ?? new Map<string, Channel>();
    byOperation.set(operation, byVariables);
    // The same client software writes them in the same order. Hashed, because they may be long.
    const key = createHash('sha256').update(JSON.stringify(variables)).digest('base64');
    let channel = byVariables.get(key);
    if (channel === undefined) {
      channel = {
        plan: traceEvents(createEventPlan(generation, operation), operation, options.tracing),
        events: new Map(),
        subscribers: 0,
      };
      byVariables.set(key, channel);
      channels += 1;
    }
    const entered = channel;
    entered.subscribers += 1;
    return {
      channel: entered,
      leave() {
        entered.subscribers -= 1;
        if (entered.subscribers > 0) return;
        byVariables.delete(key);
        channels -= 1;
      },
    };
  }

  return {
    join(request) {
      const { channel, leave } = enter(request);
      const { plan } = channel;
      let last = recent.sequence();
      let hasLeft = false;
      let isFirst = true;
      /** The event whose result is waited for. */
      let awaited: SharedEvent | undefined;
      let release: () => void = () => undefined;
      let answerWaiting: Answer = () => undefined;

      // One for all events, which are many: an event that thousands get must not cost each of them new objects that live as long as it.
      const waiter: EventWaiter = {
        make(shared) {
          counts.made += 1;
          return makeForEveryone(request, plan, shared);
        },
        onPrepared(prepared, shared) {
          if (hasLeft || awaited === undefined) return;
          awaited = undefined;
          if (prepared !== undefined && (prepared.except.size === 0 || holdsFor(request.caller.subgraphHeaders, prepared.except))) {
            counts.shared += 1;
            answerWaiting(prepared);
            return;
          }
          counts.own += 1;
          const held = shared.hold();
          release = held;
          const answer = answerWaiting;
          void completeFor(request, plan, eventOf(shared), askTogether(shared)).then((completed) => {
            held();
            answer(completed);
          });
        },
      };

      return {
        plan,
        complete(event, answer) {
          const wasFirst = isFirst;
          isFirst = false;
          const text = channel.subscribers > 1 && event.errors.length === 0 ? textOf(event) : undefined;
          if (text === undefined || text.length > limits.maxEventCharacters) {
            counts.own += 1;
            void completeFor(request, plan, event, askDirectly).then(answer);
            return;
          }
          // The first event is often a state of the viewer's own, such as a list of friends. It becomes shared by a second one who gets it,
          // or thousands who come back at once would each have it asked for everyone in vain.
          if (wasFirst && !recent.hasCome(channel.events, text)) {
            last = recent.sequence();
            counts.own += 1;
            void completeFor(request, plan, event, askDirectly).then(answer);
            return;
          }
          const shared = recent.take(channel.events, text, last);
          last = shared.sequence;
          if (hasLeft) return;
          awaited = shared;
          answerWaiting = answer;
          shared.result(waiter);
        },
        leave() {
          if (hasLeft) return;
          hasLeft = true;
          awaited?.abandon();
          awaited = undefined;
          release();
          leave();
        },
      };
    },
    stats: () => ({ channels, ...counts, ...recent.stats() }),
    close: () => recent.close(),
  };
}

/** On behalf of one. Never rejects. */
async function completeFor(
  request: OperationRequest,
  plan: EventPlan,
  event: SubgraphEvent,
  ask: Ask,
): Promise<CompletedEvent | FailedEvent> {
  try {
    return { kind: 'result', result: await plan.complete(event, request, ask) };
  } catch (error) {
    return { kind: 'failed', error };
  }
}

/** A copy of its own: what is fetched becomes part of it. */
function eventOf({ text }: SharedEvent): SubgraphEvent {
  return { data: JSON.parse(text) as Record<string, unknown> | null, errors: [] };
}

/** Undefined when not all of it is everyone's. Never rejects. */
async function makeForEveryone(request: OperationRequest, plan: EventPlan, shared: SharedEvent): Promise<PreparedResult | undefined> {
  const { answers, signal } = shared;
  const except = new Set<string>();
  const outcome = { isForEveryone: true };
  const ask: Ask = async (source, fetchRequest, { subgraphHeaders: { traceparent } }) => {
    const answer = outcome.isForEveryone ? await answers.ask(source, fetchRequest, traceparent) : undefined;
    for (const userId of answer?.except ?? []) except.add(userId);
    if (answer !== undefined) return { data: answer.data };
    // Nobody will see this result.
    outcome.isForEveryone = false;
    return { data: null };
  };
  try {
    const anonymous = { ...request, caller: { subgraphHeaders: {}, signal } };
    const { data, errors } = await plan.complete(eventOf(shared), anonymous, ask);
    // Errors name the request of the one who is told.
    return outcome.isForEveryone && errors.length === 0 && data !== undefined ? prepareResult(data, except) : undefined;
  } catch {
    // Each subscriber meets it again, and says so in their own name.
    return undefined;
  }
}

/** On one's own behalf, except for what everyone may have. */
function askTogether({ answers }: SharedEvent): Ask {
  return async (source, request, caller) => {
    const answer = await answers.ask(source, request);
    return answer !== undefined && holdsFor(caller.subgraphHeaders, answer.except)
      ? { data: answer.data }
      : askDirectly(source, request, caller);
  };
}

function holdsFor(headers: SubgraphHeaders, except: ReadonlySet<string>): boolean {
  if (except.size === 0) return true;
  const userId = headers['x-user-id']?.toLowerCase();
  // Without an id whose token it is only the subgraphs know.
  return userId === undefined ? headers.authorization === undefined : !except.has(userId);
}
