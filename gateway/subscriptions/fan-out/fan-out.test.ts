import { describe, expect, it } from '@jest/globals';
import {
  all,
  createFanOutHarness,
  entities,
  forEveryone,
  names,
  payloadOf,
  query,
  secrets,
  tick,
  type Answer,
} from '../../../tests/testkit/gateway/fan-out-harness.js';
import { until } from '../../../tests/testkit/until.js';

describe('Completing an event for many', () => {
  it('P8: asks each subgraph once, however many get it', async () => {
    const { join, fetched } = createFanOutHarness({
      answer: (asked) => ({ ...entities(asked, (id) => ({ name: `User ${id}`, picture: id })), scope: forEveryone }),
    });
    const subscribers = Array.from({ length: 1_000 }, (_, index) =>
      join(`viewer ${index}`, 'subscription { tick { user { name picture } } }'),
    );
    const completed = await all(subscribers, tick('7'));
    expect(fetched.map(({ subgraph }) => subgraph).sort()).toEqual(['pictures', 'profiles']);
    expect(new Set(completed.map((each) => JSON.stringify(payloadOf(each))))).toEqual(
      new Set(['{"data":{"tick":{"user":{"name":"User 7","picture":"7"}}}}']),
    );
    expect(new Set(completed.map((each) => (each.kind === 'prepared' ? each : undefined))).size).toBe(1);
  });

  it('P8: makes and serialises a result that needs no other subgraph once', async () => {
    const { join, fetched } = createFanOutHarness({ answer: names });
    const [first, second] = await all(
      [join('alice', 'subscription { tick { n } }'), join('bob', 'subscription { tick { n } }')],
      tick('7'),
    );
    expect(first?.kind).toBe('prepared');
    expect(second).toEqual(first);
    expect(fetched).toEqual([]);
  });

  it('asks for a single subscriber in their own name and at once', async () => {
    const { join, fetched } = createFanOutHarness({ answer: names });
    expect((await join('alice', query).complete(tick('7'))).kind).toBe('result');
    expect(fetched.map(({ viewer }) => viewer)).toEqual(['alice']);
  });

  it('asks in the name of each new subscriber for a first event of their own, and shares it from the second one on who gets it', async () => {
    const { join, fetched } = createFanOutHarness({ answer: names });
    const subscribers = ['ada', 'bob', 'cy', 'dan'].map((viewer) => join(viewer, query, { isNew: true }));
    await Promise.all(subscribers.map((subscriber, index) => subscriber.complete(tick(index === 0 ? '1' : '2'))));
    expect(fetched.map(({ viewer, ids }) => [viewer, ...ids])).toEqual([
      ['ada', '1'],
      ['bob', '2'],
      [undefined, '2'],
    ]);
  });

  it('never uses for an event what was fetched for one before that reads the same', async () => {
    let version = 0;
    const { join } = createFanOutHarness({
      answer: (asked) => ({ ...entities(asked, () => ({ name: `version ${version}` })), scope: forEveryone }),
    });
    const subscribers = [join('alice', query), join('bob', query)];
    for (const id of ['7', '7', '8', '7']) {
      version += 1;
      for (const completed of await all(subscribers, tick(id))) {
        expect(payloadOf(completed)).toEqual({ data: { tick: { n: 1, user: { name: `version ${version}` } } } });
      }
    }
    version += 1;
    const late = join('carol', query);
    expect(payloadOf(await late.complete(tick('7')))).toMatchObject({ data: { tick: { user: { name: `version ${version}` } } } });
  });

  it('shares no event that has errors', async () => {
    const { join } = createFanOutHarness({ answer: names });
    const event = { ...tick('7'), errors: [{ message: 'No', path: ['tick', 'n'] }] };
    for (const completed of await all([join('alice', query), join('bob', query)], event)) {
      expect(payloadOf(completed)).toMatchObject({ errors: [{ message: 'No' }] });
    }
  });

  it.each([
    ['private', { kind: 'private' } as const, 10_000],
    ['of which nothing is said', undefined, 60_000],
  ])('does not ask in vain again soon for an answer %s', async (_what, scope, ms) => {
    const { join, fetched, clock } = createFanOutHarness({
      answer: (asked) => ({ ...entities(asked, (id) => ({ name: id })), ...(scope === undefined ? {} : { scope }) }),
    });
    const subscribers = [join('alice', query), join('bob', query)];
    const vain = () => fetched.filter(({ viewer }) => viewer === undefined).length;
    await all(subscribers, tick('7', 1));
    clock.now = ms - 1;
    await all(subscribers, tick('7', 2));
    expect(vain()).toBe(1);
    clock.now = ms;
    await all(subscribers, tick('7', 3));
    expect(vain()).toBe(2);
  });
});

describe('Leaving', () => {
  it('aborts what was asked for everyone when the last one leaves, and lets nobody share it any more', async () => {
    const waiting: ((value: Awaited<ReturnType<Answer>>) => void)[] = [];
    const { join, fetched, fanOut } = createFanOutHarness({
      answer: () => new Promise((resolve) => waiting.push(resolve)),
    });
    const alice = join('alice', query);
    const bob = join('bob', query);
    const carol = join('carol', query);
    // Nobody is left to be answered.
    for (const subscriber of [alice, bob]) void subscriber.complete(tick('7'));
    await until(() => fetched.length === 1, 'the first question');
    alice.leave();
    alice.leave();
    expect(fetched.map(({ caller }) => caller.signal.aborted)).toEqual([false]);
    join('dave', query);
    bob.leave();
    expect(fetched.map(({ caller }) => caller.signal.aborted)).toEqual([true]);
    expect(fanOut.stats()).toMatchObject({ events: 0, characters: 0 });
    const next = carol.complete(tick('7'));
    await until(() => fetched.length === 2, 'the second question');
    expect(fetched.map(({ caller }) => caller.signal.aborted)).toEqual([true, false]);
    for (const resolve of waiting.splice(0)) resolve({ data: { _entities: [{ name: 'late' }] }, scope: forEveryone });
    expect(payloadOf(await next)).toMatchObject({ data: { tick: { user: { name: 'late' } } } });
  });

  it('keeps nothing of an operation that nobody subscribes to any more', async () => {
    const { join, fanOut } = createFanOutHarness({ answer: names });
    const subscribers = ['alice', 'bob'].map((viewer) => join(viewer, query));
    await all(subscribers, tick('7'));
    expect(fanOut.stats().channels).toBe(1);
    for (const subscriber of subscribers) subscriber.leave();
    expect(fanOut.stats().channels).toBe(0);
    fanOut.close();
    expect(fanOut.stats()).toMatchObject({ channels: 0, events: 0, characters: 0 });
  });
});

describe('Bounds', () => {
  const pair = (harness: ReturnType<typeof createFanOutHarness>) => [harness.join('alice', query), harness.join('bob', query)];

  it('keeps as many events as the limit says, and not one more', async () => {
    const harness = createFanOutHarness({ answer: names, limits: { maxEvents: 3 } });
    const subscribers = pair(harness);
    const kept = [];
    for (let n = 1; n <= 5; n++) {
      await all(subscribers, tick('7', n));
      kept.push(harness.fanOut.stats().events);
    }
    expect(kept).toEqual([1, 2, 3, 3, 3]);
  });

  it('forgets events when their time is over', async () => {
    const harness = createFanOutHarness({ answer: names, limits: { lifetimeMs: 100 } });
    const subscribers = pair(harness);
    const late = harness.join('carol', query);
    await all(subscribers, tick('7'));
    harness.clock.now = 99;
    await late.complete(tick('7'));
    expect(harness.fetched).toHaveLength(1);
    const later = harness.join('dave', query);
    harness.clock.now = 100;
    await later.complete(tick('7'));
    expect(harness.fetched).toHaveLength(2);
    expect(harness.fanOut.stats().events).toBe(1);
  });

  it('keeps nothing of first events that each belong to one alone, and shares what came once no longer than an event lives', async () => {
    const { join, fanOut, fetched, clock } = createFanOutHarness({ answer: names, limits: { lifetimeMs: 100 } });
    const arrive = async (viewer: string, id: string) => (await join(viewer, query, { isNew: true }).complete(tick(id))).kind;
    expect([await arrive('ada', '1'), await arrive('bob', '2'), await arrive('bea', '3')]).toEqual(['result', 'result', 'result']);
    expect(fanOut.stats()).toMatchObject({ events: 0, characters: 0 });
    clock.now = 99;
    expect(await arrive('cy', '2')).toBe('prepared');
    clock.now = 100;
    expect(await arrive('dan', '3')).toBe('result');
    expect(fetched.map(({ viewer, ids }) => [viewer, ...ids])).toEqual([
      ['ada', '1'],
      ['bob', '2'],
      ['bea', '3'],
      [undefined, '2'],
      ['dan', '3'],
    ]);
  });

  it('keeps as many characters as the limit says', async () => {
    const measured = createFanOutHarness({ answer: names });
    await all(pair(measured), tick('7'));
    const { characters } = measured.fanOut.stats();
    for (const [maxCharacters, events] of [
      [characters * 2, 2],
      [characters * 2 - 1, 1],
    ] as const) {
      const harness = createFanOutHarness({ answer: names, limits: { maxCharacters } });
      const subscribers = pair(harness);
      await all(subscribers, tick('7', 1));
      await all(subscribers, tick('7', 2));
      expect(harness.fanOut.stats()).toMatchObject({ events, characters: characters * events });
    }
  });

  it('shares no event above the largest size', async () => {
    const event = tick('7');
    const size = JSON.stringify(event.data).length;
    for (const [maxEventCharacters, kind] of [
      [size, 'prepared'],
      [size - 1, 'result'],
    ] as const) {
      const [completed] = await all(pair(createFanOutHarness({ answer: names, limits: { maxEventCharacters } })), event);
      expect(completed?.kind).toBe(kind);
    }
  });

  it('asks as many fetches of an event on behalf of everyone as the limit says', async () => {
    const both = 'subscription { tick { user { name picture } } }';
    for (const [maxFetchesPerEvent, kind] of [
      [2, 'prepared'],
      [1, 'result'],
    ] as const) {
      const { join } = createFanOutHarness({ answer: names, limits: { maxFetchesPerEvent } });
      const [completed] = await all([join('alice', both), join('bob', both)], tick('7'));
      expect(completed?.kind).toBe(kind);
    }
  });

  it('does not grow over 2,500 events about as many users', async () => {
    const harness = createFanOutHarness({ answer: secrets, limits: { maxMemories: 50, maxEvents: 20 } });
    const subscribers = pair(harness);
    for (let n = 0; n < 2_500; n++) await all(subscribers, tick(String(n), n));
    expect(harness.fanOut.stats().events).toBeLessThanOrEqual(20);
  });
});

describe('SECURITY 43: an event with JSON that is nested deeper than can be written', () => {
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
  const told = (n: number) => {
    const text = JSON.stringify(tick('7', n)).replace('"n":', `"json":${deep},"n":`);
    return JSON.parse(text) as ReturnType<typeof tick>;
  };

  it.each([1, 2])('reaches each of %i subscribers without it', async (count) => {
    const { join } = createFanOutHarness({ answer: names });
    const document = 'subscription { tick { json n user { name } } }';
    const subscribers = Array.from({ length: count }, (_, index) => join(`viewer ${index}`, document, { isNew: true }));
    for (const n of [1, 2]) {
      for (const each of await Promise.all(subscribers.map((subscriber) => subscriber.complete(told(n))))) {
        expect(payloadOf(each)).toMatchObject({
          data: { tick: { json: null, n, user: { name: 'User 7' } } },
          errors: [{ path: ['tick', 'json'] }],
        });
      }
    }
  });
});
