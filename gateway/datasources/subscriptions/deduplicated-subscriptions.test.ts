import { describe, expect, it } from '@jest/globals';
import type { Leave, SubgraphHeaders } from '../../../shared/graphql/subgraph.js';
import { deduplicateSubscriptions } from './deduplicated-subscriptions.js';
import type { SubscribeRequest, UpstreamMessage } from '../subgraph-data-source.js';

const query = 'subscription($n: Int) { ticks(n: $n) }';
const alice: SubgraphHeaders = { authorization: 'Bearer alice', 'x-user-id': 'alice' };

/** A subgraph whose subscriptions say what the test says. */
function harness() {
  const opened: { readonly request: SubscribeRequest; say(message: UpstreamMessage): void; readonly left: Leave[]; asked: number }[] = [];
  const subscribe = deduplicateSubscriptions((request) => {
    let answer: ((message: UpstreamMessage) => void) | undefined;
    const waiting: UpstreamMessage[] = [];
    const upstream = {
      request,
      left: [] as Leave[],
      asked: 0,
      say(message: UpstreamMessage) {
        const give = answer;
        answer = undefined;
        if (give === undefined) waiting.push(message);
        else give(message);
      },
    };
    opened.push(upstream);
    return {
      next(receive) {
        upstream.asked += 1;
        const message = waiting.shift();
        if (message === undefined) answer = receive;
        else receive(message);
      },
      leave: (leave) => void upstream.left.push(leave),
    };
  });
  /** Subscribes; `read` asks for what comes next and keeps asking. */
  function join(headers: SubgraphHeaders, given: Partial<SubscribeRequest> = {}, isReading = true) {
    const seen: unknown[] = [];
    const subscription = subscribe({ query, operationName: undefined, variables: {}, headers, ...given });
    const read = (): void =>
      subscription.next((message) => {
        seen.push(message.kind === 'event' ? message.data?.n : message);
        if (message.kind === 'event') read();
      });
    if (isReading) read();
    return { seen, read, leave: (code: number) => subscription.leave({ code }) };
  }
  const event = (n: number): UpstreamMessage => ({ kind: 'event', data: { n }, errors: [] });
  return { opened, join, event };
}

describe('Equal subscriptions of one subgraph', () => {
  it.each<[string, SubgraphHeaders, SubgraphHeaders]>([
    ['two tokens', { authorization: 'Bearer alice' }, { authorization: 'Bearer bob' }],
    ['two tokens of one user', { ...alice, authorization: 'Bearer a.1' }, { ...alice, authorization: 'Bearer a.2' }],
    ['a token and none', alice, {}],
    ['a user without a token and nobody', { 'x-user-id': 'alice' }, {}],
    ['two tenants', { ...alice, 'x-tenant': 'one' } as SubgraphHeaders, { ...alice, 'x-tenant': 'two' } as SubgraphHeaders],
    ['a header that looks like another', { authorization: 'a","x-user-id","b' }, { authorization: 'a', 'x-user-id': 'b' }],
  ])('SECURITY 45: of %s are never one', (_what, one, other) => {
    const { opened, join, event } = harness();
    const [first, second] = [join(one), join(other)];
    expect(opened.map(({ request }) => request.headers)).toEqual([one, other]);
    opened[0]?.say(event(1));
    expect([first.seen, second.seen]).toEqual([[1], []]);
  });

  it.each<[string, Partial<SubscribeRequest>]>([
    ['another document', { query: `${query} ` }],
    ['another operation of it', { operationName: 'Other' }],
    ['other variables', { variables: { n: 1 } }],
  ])('with %s are not one', (_what, given) => {
    const { opened, join } = harness();
    join(alice);
    join(alice, given);
    expect(opened).toHaveLength(2);
  });

  it('of one caller, and of callers without a token, are one each, whoever asks from where', () => {
    const { opened, join, event } = harness();
    const mine = [
      join({ ...alice, 'x-request-id': '1' }),
      join({ ...alice, 'x-request-id': '2', 'user-agent': 'other', 'x-client-ip': '::1' }),
    ];
    const anonymous = [join({ 'x-request-id': '3' }), join({ 'x-request-id': '4' })];
    expect(opened).toHaveLength(2);
    opened[0]?.say(event(1));
    opened[1]?.say(event(2));
    expect([...mine, ...anonymous].map(({ seen }) => seen)).toEqual([[1], [1], [2], [2]]);
  });

  it('are told that the event is not theirs alone, so that nobody writes into it', () => {
    const messages: UpstreamMessage[] = [];
    const data = { n: 1 };
    const subscribe = deduplicateSubscriptions(() => ({
      next: (receive) => receive({ kind: 'event', data, errors: [] }),
      leave: () => undefined,
    }));
    subscribe({ query, operationName: undefined, variables: {}, headers: {} }).next((message) => messages.push(message));
    expect(messages).toEqual([{ kind: 'event', data, errors: [], isShared: true }]);
  });

  it('whoever comes later gets what comes from then on', () => {
    const { opened, join, event } = harness();
    const first = join(alice);
    opened[0]?.say(event(1));
    const second = join(alice);
    opened[0]?.say(event(2));
    expect([first.seen, second.seen]).toEqual([[1, 2], [2]]);
  });

  it('end with the last who leaves, in their way, and the next begins anew', () => {
    const { opened, join, event } = harness();
    const [first, second] = [join(alice), join(alice)];
    first.leave(1006);
    expect(opened[0]?.left).toEqual([]);
    expect(first.seen).toEqual([{ kind: 'complete' }]);
    opened[0]?.say(event(1));
    expect(second.seen).toEqual([1]);
    second.leave(4403);
    second.leave(0);
    expect(opened[0]?.left).toEqual([{ code: 4403 }]);
    join(alice);
    expect(opened).toHaveLength(2);
  });

  it.each<UpstreamMessage>([{ kind: 'complete' }, { kind: 'lost', code: 1006 }, { kind: 'error', errors: [{ message: 'No' }] }])(
    'end for all with %j, and the next begins anew',
    (last) => {
      const { opened, join } = harness();
      const readers = [join(alice), join(alice)];
      opened[0]?.say(last);
      expect(readers.map(({ seen }) => seen)).toEqual([[last], [last]]);
      for (const reader of readers) reader.leave(0);
      join(alice);
      expect(opened).toHaveLength(2);
    },
  );

  it('SECURITY 41: one that does not read holds nobody back, and is cut off when 32 events lie there', () => {
    const { opened, join, event } = harness();
    const [quick, slow] = [join(alice), join(alice, {}, false)];
    for (let n = 1; n <= 32; n++) opened[0]?.say(event(n));
    const patient = join(alice, {}, false);
    opened[0]?.say(event(33));
    expect(quick.seen).toHaveLength(33);
    slow.read();
    expect(slow.seen).toEqual([...Array.from({ length: 32 }, (_, n) => n + 1), { kind: 'lost', code: 1013 }]);
    patient.read();
    expect(patient.seen).toEqual([33]);
  });

  it('SECURITY 41: are not asked for more when nobody of them reads', () => {
    const { opened, join, event } = harness();
    const [first] = [join(alice, {}, false), join(alice, {}, false)];
    expect(opened[0]?.asked).toBe(0);
    for (let n = 1; n <= 5; n++) opened[0]?.say(event(n));
    expect(opened[0]?.asked).toBe(0);
    first.read();
    expect(first.seen).toEqual([1, 2, 3, 4, 5]);
  });
});
