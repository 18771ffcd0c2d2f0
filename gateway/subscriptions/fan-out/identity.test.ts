import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
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
  type PatientSubscriber,
  type Answer,
  type Fetched,
} from '../../../tests/testkit/gateway/fan-out-harness.js';

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
    const bioOf = async (subscriber: PatientSubscriber) => payloadOf(await subscriber.complete(tick('7')));
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
      ...(fetched.viewer === undefined ? { scope: { kind: 'public', except: ['Blocked'] } } : {}),
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
      answer: (fetched) => (fetched.viewer === undefined ? faulty(fetched) : names(fetched)),
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
