import { createGeneration, type SupergraphGeneration } from '../../../gateway/supergraph/generation.js';
import { answeringSource } from './answering-source.js';
import { compose } from './little-supergraph.js';
import type { Caller, FetchRequest, SubgraphDataSource } from '../../../gateway/datasources/subgraph-data-source.js';
import type { WireResult } from '../../../gateway/datasources/wire.js';
import { createFanOut } from '../../../gateway/subscriptions/fan-out/fan-out.js';
import type { CompletedEvent, FailedEvent, Subscriber } from '../../../gateway/subscriptions/fan-out/subscriber.js';
import type { FanOutLimits } from '../../../gateway/subscriptions/fan-out/limits.js';
import { defaultOperationLimits } from '../../../gateway/policy/operation-limits.js';

const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])`;
const services = [
  {
    name: 'feed',
    url: 'http://feed',
    typeDefs: `${link} type Query { nothing: Int } scalar Json type Subscription { tick(topic: String): Tick } type Tick { n: Int json: Json user: User } type User @key(fields: "id") { id: ID! }`,
  },
  {
    name: 'profiles',
    url: 'http://profiles',
    typeDefs: `${link} type User @key(fields: "id") { id: ID! name(loud: Boolean): String bio: String }`,
  },
  { name: 'pictures', url: 'http://pictures', typeDefs: `${link} type User @key(fields: "id") { id: ID! picture: String }` },
];

export interface Fetched {
  readonly subgraph: string;
  readonly request: FetchRequest;
  readonly caller: Caller;
  /** Who asks, by their token; undefined for nobody. */
  readonly viewer: string | undefined;
  /** Ids of the users asked for. */
  readonly ids: readonly string[];
}

/** A subscriber with promises, for tests. */
export type PatientSubscriber = Omit<Subscriber, 'complete'> & {
  complete(event: Parameters<Subscriber['complete']>[0]): Promise<CompletedEvent>;
};

function patient(subscriber: Subscriber): PatientSubscriber {
  return {
    plan: subscriber.plan,
    leave: () => subscriber.leave(),
    async complete(event) {
      const completed = await new Promise<CompletedEvent | FailedEvent>((resolve) => subscriber.complete(event, resolve));
      if (completed.kind === 'failed') throw completed.error;
      return completed;
    },
  };
}

export type Answer = (fetched: Fetched) => WireResult | Promise<WireResult>;

/** Subscriptions over subgraphs that a test plays: what is asked is kept, and `answer` says what they say. */
export function createFanOutHarness(options: { readonly limits?: Partial<FanOutLimits>; readonly answer: Answer }) {
  const clock = { now: 0 };
  const fetched: Fetched[] = [];
  const fanOut = createFanOut({ limits: options.limits ?? {}, now: () => clock.now });
  const sdl = compose(services);

  function source({ name }: { name: string }): SubgraphDataSource {
    const fetch = async (request: FetchRequest, caller: Caller): Promise<WireResult> => {
      const representations = (request.variables.representations ?? []) as readonly { readonly id: string }[];
      const viewer = caller.subgraphHeaders.authorization?.replace('Bearer ', '');
      const asked = { subgraph: name, request, caller, viewer, ids: representations.map(({ id }) => id) };
      fetched.push(asked);
      return options.answer(asked);
    };
    return answeringSource(fetch);
  }
  const generation = createGeneration(sdl, source);

  return {
    clock,
    fetched,
    fanOut,
    /** The same supergraph loaded again. */
    reload: (): SupergraphGeneration => createGeneration(sdl, source),
    /** `viewer` null subscribes without a token. */
    join: (
      viewer: string | null,
      query: string,
      more: {
        readonly variables?: Record<string, unknown>;
        readonly generation?: SupergraphGeneration;
        /** Whether the gateway knows whose token it is. */
        readonly isVerified?: boolean;
        /** Whether it has had no event yet. */
        readonly isNew?: boolean;
      } = {},
    ): PatientSubscriber => {
      const { variables = {}, isVerified = true } = more;
      const ofGeneration = more.generation ?? generation;
      const parsed = ofGeneration.operations.parse(query, undefined, defaultOperationLimits);
      if (parsed.kind === 'refused') throw new Error(`refused: ${parsed.errors.join()}`);
      const subscriber = patient(
        fanOut.join({
          generation: ofGeneration,
          operation: parsed.operation,
          variables,
          caller: {
            signal: new AbortController().signal,
            subgraphHeaders: {
              'x-request-id': `request of ${viewer ?? 'nobody'}`,
              'x-client-ip': '192.0.2.1',
              ...(viewer === null ? {} : { authorization: `Bearer ${viewer}` }),
              ...(viewer === null || !isVerified ? {} : { 'x-user-id': viewer }),
            },
          },
        }),
      );
      // Past its first event, which is shared by a second subscriber only, and here by nobody.
      if (more.isNew !== true) void subscriber.complete({ data: { tick: null }, errors: [{ message: 'the first event' }] });
      return subscriber;
    },
  };
}

/** An event about a user, as its subgraph tells it. */
export const tick = (id: string, n = 1) => ({ data: { tick: { n, user: { __typename: 'User', id } } }, errors: [] });

/** What the client sees. */
export function payloadOf(completed: CompletedEvent): unknown {
  if (completed.kind === 'prepared') {
    const frame = completed.frame('1');
    return (JSON.parse(frame.toString('utf8', frame.indexOf('{'))) as { payload: unknown }).payload;
  }
  const { data, errors } = completed.result;
  const payload = { data: JSON.parse(data ?? 'null') as unknown };
  return JSON.parse(JSON.stringify(errors.length === 0 ? payload : { ...payload, errors }));
}

export const query = 'subscription { tick { n user { name } } }';
export const forEveryone = { kind: 'public', except: [] } as const;

/** One entity for each that was asked for. */
export const entities = (fetched: Fetched, fields: (id: string) => object) => ({ data: { _entities: fetched.ids.map(fields) } });

/** Names are for everyone. */
export const names = (fetched: Fetched): WireResult => ({ ...entities(fetched, (id) => ({ name: `User ${id}` })), scope: forEveryone });

/** What is told to friends alone. */
export const secrets = (fetched: Fetched): WireResult => ({
  ...entities(fetched, (id) => ({ name: `User ${id}`, bio: fetched.viewer === 'friend' ? `secret of ${id}` : null })),
  ...(fetched.viewer === undefined ? { scope: { kind: 'private' } } : {}),
});

export const all = (subscribers: readonly PatientSubscriber[], event: Parameters<Subscriber['complete']>[0]) =>
  Promise.all(subscribers.map((subscriber) => subscriber.complete(structuredClone(event))));
