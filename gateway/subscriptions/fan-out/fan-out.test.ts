import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createFanOutHarness, payloadOf, tick, type Answer, type Fetched } from '../../../tests/testkit/fan-out-harness.js';
import { until } from '../../../tests/testkit/little-supergraph.js';
import type { Subscriber } from './fan-out.js';

const query = 'subscription { tick { n user { name } } }';
const forEveryone = { kind: 'public', except: [] } as const;

/** One entity for each that was asked for. */
const entities = (fetched: Fetched, fields: (id: string) => object) => ({ data: { _entities: fetched.ids.map(fields) } });

/** Names are for everyone. */
const names: Answer = (fetched) => ({ ...entities(fetched, (id) => ({ name: `User ${id}` })), scope: forEveryone });

/** What is told to friends alone. */
const secrets: Answer = (fetched) => ({
  ...entities(fetched, (id) => ({ name: `User ${id}`, bio: fetched.viewer === 'friend' ? `secret of ${id}` : null })),
  ...(fetched.viewer === undefined ? { scope: { kind: 'private' } } : {}),
});

const all = (subscribers: readonly Subscriber[], event: Parameters<Subscriber['complete']>[0]) =>
  Promise.all(subscribers.map((subscriber) => subscriber.complete(structuredClone(event))));

describe('Identity never crosses viewers', () => {
  const bios = 'subscription { tick { n user { bio } } }';

  it.each([
    ['the friend first', ['friend', 'stranger']],
    ['the stranger first', ['stranger', 'friend']],
  ])('P8: in the same tick, %s', async (_order, viewers) => {
    const { join } = createFanOutHarness({ answer: secrets });
    const completed = await all(
      viewers.map((viewer) => join(viewer, bios)),
      tick('7'),
    );
    expect(completed.map(payloadOf)).toEqual(
      viewers.map((viewer) => ({ data: { tick: { n: 1, user: { bio: viewer === 'friend' ? 'secret of 7' : null } } } })),
    );
  });

  it('P8: nor one after the other, nor an anonymous one', async () => {
    const { join } = createFanOutHarness({ answer: secrets });
    const subscribers = ['friend', 'stranger', null].map((viewer) => join(viewer, bios));
    const bioOf = async (subscriber: Subscriber) => payloadOf(await subscriber.complete(tick('7')));
    const seen = [];
    for (const subscriber of subscribers) seen.push(await bioOf(subscriber));
    expect(seen).toEqual(['secret of 7', null, null].map((bio) => ({ data: { tick: { n: 1, user: { bio } } } })));
  });

  it('P8: asks on behalf of everyone without token, address, id of a request, or anything else of a subscriber', async () => {
    const { join, fetched } = createFanOutHarness({ answer: names });
    await all(
      ['alice', 'bob'].map((viewer) => join(viewer, query)),
      tick('7'),
    );
    expect(fetched.map(({ caller }) => Object.keys(caller.subgraphHeaders))).toEqual([['x-request-id']]);
    expect(fetched[0]?.caller.subgraphHeaders['x-request-id']).not.toContain('request of');
  });

  it('P8: when the token of the first is revoked meanwhile, nobody but the first is told', async () => {
    const answer: Answer = (fetched) =>
      fetched.viewer === 'revoked'
        ? { data: null, errors: [{ message: 'Signed out', extensions: { code: 'UNAUTHENTICATED' } }] }
        : secrets(fetched);
    const { join } = createFanOutHarness({ answer });
    const [revoked, friend] = await all([join('revoked', bios), join('friend', bios)], tick('7'));
    expect(revoked === undefined || payloadOf(revoked)).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
    expect(friend === undefined || payloadOf(friend)).toEqual({ data: { tick: { n: 1, user: { bio: 'secret of 7' } } } });
  });

  it('P8: an answer for everyone but some is not for these, nor for tokens of unknown owners', async () => {
    const answer: Answer = (fetched) => ({
      ...entities(fetched, (id) => ({ name: fetched.viewer === 'blocked' || fetched.viewer === 'unknown' ? null : `User ${id}` })),
      ...(fetched.viewer === undefined ? { scope: { kind: 'public', except: ['blocked'] } } : {}),
    });
    const { join, fetched } = createFanOutHarness({ answer });
    const subscribers = [join('alice', query), join('blocked', query), join('unknown', query, { isVerified: false }), join(null, query)];
    const completed = await all(subscribers, tick('7'));
    expect(completed.map(payloadOf)).toEqual(
      ['User 7', null, null, 'User 7'].map((name) => ({ data: { tick: { n: 1, user: { name } } } })),
    );
    expect(fetched.map(({ viewer }) => viewer)).toEqual([undefined, 'blocked', 'unknown']);
  });

  it('P8: a subgraph that calls one answer public and not the other shares the one alone', async () => {
    const answer: Answer = (fetched) =>
      fetched.subgraph === 'profiles'
        ? names(fetched)
        : entities(fetched, () => ({ picture: `picture for ${fetched.viewer ?? 'nobody'}` }));
    const { join, fetched } = createFanOutHarness({ answer });
    const both = 'subscription { tick { user { name picture } } }';
    const completed = await all([join('alice', both), join('bob', both)], tick('7'));
    expect(completed.map(payloadOf)).toEqual(
      ['alice', 'bob'].map((viewer) => ({ data: { tick: { user: { name: 'User 7', picture: `picture for ${viewer}` } } } })),
    );
    expect(fetched.filter(({ subgraph }) => subgraph === 'profiles')).toHaveLength(1);
  });

  it.each([
    ['an error beside data', (fetched: Fetched) => ({ ...names(fetched), errors: [{ message: 'No', extensions: { code: 'FORBIDDEN' } }] })],
    ['no data', () => ({ data: null, scope: forEveryone })],
    ['a failure', () => Promise.reject(new Error('broken'))],
    ['too few entities', () => ({ data: { _entities: [] }, scope: forEveryone })],
  ])('P8: %s in the answer to nobody is not shared', async (_what, faulty) => {
    const { join } = createFanOutHarness({
      answer: (fetched) => (fetched.viewer === undefined ? (faulty(fetched) as ReturnType<Answer>) : names(fetched)),
    });
    const completed = await all([join('alice', query), join('bob', query)], tick('7'));
    for (const each of completed) expect(each.kind).toBe('result');
  });

  it.each([
    ['aliases', 'subscription { tick { n user { other: name } } }', { other: 'User 7' }],
    ['fragments', 'subscription { tick { n ...T } } fragment T on Tick { user { bio } }', { bio: 'User 7' }],
  ])('P8: operations that differ in %s share nothing', async (_what, other, user) => {
    const answer: Answer = (fetched) => ({
      ...entities(fetched, (id) => ({ name: `User ${id}`, other: `User ${id}`, bio: `User ${id}` })),
      scope: forEveryone,
    });
    const { join } = createFanOutHarness({ answer });
    const subscribers = [join('alice', query), join('bob', query), join('carol', other), join('dave', other)];
    expect((await all(subscribers, tick('7'))).map(payloadOf)).toEqual(
      [{ name: 'User 7' }, { name: 'User 7' }, user, user].map((each) => ({ data: { tick: { n: 1, user: each } } })),
    );
  });

  it('P8: the same text with other variables shares nothing', async () => {
    const text = 'subscription S($loud: Boolean!) { tick { user { name @include(if: $loud) bio @skip(if: $loud) } } }';
    const answer: Answer = (fetched) => ({
      ...entities(fetched, (id) => (fetched.request.query.includes('bio') ? { name: 'N', bio: `bio ${id}` } : { name: `User ${id}` })),
      scope: forEveryone,
    });
    const { join } = createFanOutHarness({ answer });
    const subscribers = [true, false, true, false].map((loud, index) => join(`viewer ${index}`, text, { variables: { loud } }));
    const payloads = (await all(subscribers, tick('7'))).map((completed) => JSON.stringify(payloadOf(completed)));
    expect(payloads[0]).toBe(payloads[2]);
    expect(payloads[1]).toBe(payloads[3]);
    expect(payloads[0]).toContain('"name"');
    expect(payloads[1]).toContain('"bio":"bio 7"');
  });

  it('P8: a supergraph that was loaded again shares nothing with the one before', async () => {
    const { join, reload, fetched } = createFanOutHarness({ answer: names });
    const generation = reload();
    await all([join('a', query), join('b', query), join('c', query, { generation }), join('d', query, { generation })], tick('7'));
    expect(fetched.map(({ viewer }) => viewer)).toEqual([undefined, undefined]);
  });

  it('P8: whatever the rights, everyone gets what they would have got alone', async () => {
    const viewer = fc.constantFrom('ada', 'bob', 'cy', null);
    const right = fc.record({ scope: fc.constantFrom('public', 'private', 'silent'), except: fc.subarray(['ada', 'bob', 'cy']) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(viewer, { minLength: 1, maxLength: 8 }),
        fc.record({ profiles: right, pictures: right }),
        fc.array(fc.constantFrom('1', '2'), { minLength: 1, maxLength: 4 }),
        async (viewers, rights, ids) => {
          const answer: Answer = (fetched) => {
            const { scope, except } = rights[fetched.subgraph as keyof typeof rights];
            const own = fetched.viewer ?? 'nobody';
            // What is public reads the same for all but the exceptions; everything else names its viewer.
            const sees = scope === 'public' && !except.some((name) => name === own) ? 'everyone' : own;
            const body = entities(fetched, (id) => ({ [fetched.subgraph === 'profiles' ? 'name' : 'picture']: `${id} for ${sees}` }));
            if (fetched.viewer !== undefined || scope === 'silent') return body;
            return { ...body, scope: scope === 'public' ? { kind: 'public', except } : { kind: 'private' } };
          };
          const text = 'subscription { tick { n user { name picture } } }';
          const { join } = createFanOutHarness({ answer });
          const subscribers = viewers.map((each) => join(each, text));
          for (const [n, id] of ids.entries()) {
            const together = (await all(subscribers, tick(id, n))).map(payloadOf);
            const alone = viewers.map((each) => {
              const see = (subgraph: keyof typeof rights) => {
                const { scope, except } = rights[subgraph];
                const own = each ?? 'nobody';
                return scope === 'public' && !except.some((name) => name === own) ? 'everyone' : own;
              };
              return { data: { tick: { n, user: { name: `${id} for ${see('profiles')}`, picture: `${id} for ${see('pictures')}` } } } };
            });
            expect(together).toEqual(alone);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

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
    expect(new Set(completed.map((each) => (each.kind === 'prepared' ? each.prepared : undefined))).size).toBe(1);
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
    const results = [alice, bob].map((subscriber) => subscriber.complete(tick('7')));
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
    await Promise.all(results);
  });

  it('keeps nothing of an operation that nobody subscribes to any more', async () => {
    const { join, fanOut } = createFanOutHarness({ answer: names });
    const subscribers = ['alice', 'bob'].map((viewer) => join(viewer, query));
    await all(subscribers, tick('7'));
    expect(fanOut.stats().channels).toBe(1);
    for (const subscriber of subscribers) subscriber.leave();
    expect(fanOut.stats().channels).toBe(0);
    fanOut.close();
    expect(fanOut.stats()).toEqual({ channels: 0, events: 0, characters: 0 });
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
