import type { SubgraphHeaders } from '../../../shared/graphql/subgraph.js';
import { askDirectly, type Ask } from '../../execution/execution-state.js';
import type { OperationRequest } from '../../operations/operation-request.js';
import type { OperationResult } from '../../execution/operation-result.js';
import type { EventPlan, SubgraphEvent } from '../event-plan.js';
import type { FanOutLimits } from './limits.js';
import { prepareResult, type PreparedResult } from './prepared-result.js';
import { beginningOf } from './beginning-of.js';
import type { ChannelEvents, EventWaiter, RecentEvents, SharedEvent } from './recent-events.js';

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

/** All subscriptions of one operation with the same variables. An operation belongs to one generation of the supergraph. */
export interface Channel {
  readonly plan: EventPlan;
  readonly events: ChannelEvents;
  subscribers: number;
  /** A subscriber has left. */
  onLeft(): void;
}

/** What all subscribers have in common. */
export interface SubscriberEnvironment {
  readonly limits: FanOutLimits;
  readonly recent: RecentEvents;
  /** See `FanOutStats`. */
  readonly counts: { own: number; made: number; shared: number };
  /** The data of the event as JSON; undefined when it cannot be written. */
  readonly textOf: (event: SubgraphEvent) => string | undefined;
}

export function createSubscriber(request: OperationRequest, channel: Channel, environment: SubscriberEnvironment): Subscriber {
  return new ChannelSubscriber(request, channel, environment);
}

/**
 * A class, as all that there is one of for each subscription. It waits itself for the results of its events, which are many: an event that
 * thousands get must not cost each of them new objects that live as long as it.
 */
class ChannelSubscriber implements Subscriber, EventWaiter {
  readonly #request: OperationRequest;
  readonly #channel: Channel;
  readonly #environment: SubscriberEnvironment;
  /** The sequence of its last event. */
  #last: number;
  #hasLeft = false;
  #isFirst = true;
  /** The event whose result is waited for. */
  #awaited: SharedEvent | undefined;
  #release: (() => void) | undefined;
  #answer: Answer | undefined;

  constructor(request: OperationRequest, channel: Channel, environment: SubscriberEnvironment) {
    this.#request = request;
    this.#channel = channel;
    this.#environment = environment;
    this.#last = environment.recent.sequence();
  }

  get plan(): EventPlan {
    return this.#channel.plan;
  }

  complete(event: SubgraphEvent, answer: Answer): void {
    const { recent, limits, textOf } = this.#environment;
    const wasFirst = this.#isFirst;
    this.#isFirst = false;
    // The first event is often a state of the viewer's own, such as a list of friends. It becomes shared by a second one who gets what begins
    // alike, or thousands who come back at once would each have it asked for everyone in vain, and written as text, which is long.
    const isOwn = wasFirst && (this.plan.isReadOnly || !recent.hasCome(beginningOf(event.data)));
    const isShareable = !isOwn && this.#channel.subscribers > 1 && event.errors.length === 0;
    const text = isShareable ? textOf(event) : undefined;
    if (text === undefined || text.length > limits.maxEventCharacters) {
      this.#last = recent.sequence();
      this.#completeAlone(event, answer);
      return;
    }
    const shared = recent.take(this.#channel.events, text, this.#last);
    this.#last = shared.sequence;
    if (this.#hasLeft) return;
    this.#awaited = shared;
    this.#answer = answer;
    shared.result(this);
  }

  leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#awaited?.abandon();
    this.#awaited = undefined;
    this.#release?.();
    this.#channel.onLeft();
  }

  make(shared: SharedEvent): Promise<PreparedResult | undefined> {
    this.#environment.counts.made += 1;
    return makeForEveryone(this.#request, this.plan, shared);
  }

  onPrepared(prepared: PreparedResult | undefined, shared: SharedEvent): void {
    const answer = this.#answer;
    if (this.#hasLeft || this.#awaited === undefined || answer === undefined) return;
    this.#awaited = undefined;
    if (prepared !== undefined && (prepared.except.size === 0 || holdsFor(this.#request.caller.subgraphHeaders, prepared.except))) {
      this.#environment.counts.shared += 1;
      answer(prepared);
      return;
    }
    this.#environment.counts.own += 1;
    const held = shared.hold();
    this.#release = held;
    void completeFor(this.#request, this.plan, eventOf(shared), askTogether(shared)).then((completed) => {
      held();
      answer(completed);
    });
  }

  #completeAlone(event: SubgraphEvent, answer: Answer): void {
    this.#environment.counts.own += 1;
    void completeFor(this.#request, this.plan, event, askDirectly).then(answer);
  }
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
