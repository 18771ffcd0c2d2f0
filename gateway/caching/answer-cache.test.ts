import { describe, expect, it } from '@jest/globals';
import {
  callerWith,
  composeStage,
  createCachingStage,
  privateAnswer,
  publicAnswer,
  secondsOfAnswers,
  type CachingStageOptions,
  type StageAnswer,
  type StageAsked,
} from '../../tests/testkit/gateway/caching-stage.js';
import { representationsOf } from '../../tests/testkit/generated/execution-stage.js';
import { until } from '../../tests/testkit/until.js';
import type { Ask } from '../execution/execution-state.js';
import type { Lifetime } from '../datasources/answer-lifetime.js';
import type { Invalidation } from './invalidation/invalidation.js';

const usersSdl = `
  type Query { users(first: Int): [User] me: User }
  type Mutation { rename: Boolean }
  type User @key(fields: "id") { id: ID! }`;
const scoresSdl = 'type User @key(fields: "id") { id: ID! score: Int }';
const ownSdl = composeStage({ users: usersSdl, scores: scoresSdl });
const user = (id: string) => ({ __typename: 'User', id });

function createPeople({
  users = publicAnswer,
  scores = publicAnswer,
  ids = () => ['1', '2'],
  sdl = ownSdl,
  ...options
}: { users?: Lifetime | 'none'; scores?: Lifetime | 'none'; ids?: () => string[]; sdl?: string } & CachingStageOptions = {}) {
  return createCachingStage(
    sdl,
    {
      users: ({ request }) =>
        request.query.startsWith('mutation') ? { data: { rename: true } } : { data: { users: ids().map(user) }, lifetime: said(users) },
      scores: ({ request }) => ({
        data: { _entities: representationsOf(request).map(({ id }) => ({ score: Number(id) })) },
        lifetime: said(scores),
      }),
    },
    options,
  );
}

const said = (lifetime: Lifetime | 'none') => (lifetime === 'none' ? undefined : lifetime);
const query = '{ users { id score } }';
const summary = ({ subgraph, request }: StageAsked) => [subgraph, ...(request.entities?.representations ?? [])];

describe('The cache of answers', () => {
  it('asks a subgraph for the objects that are not kept, and for no others', async () => {
    let ids = ['1', '2'];
    const stage = createPeople({ users: 'none', ids: () => ids });
    await stage.run(query);
    ids = ['3', '1', '4', '2'];
    const { data, errors } = await stage.run(query);
    expect(errors).toEqual([]);
    expect(data).toEqual({ users: ids.map((id) => ({ id, score: Number(id) })) });
    expect(stage.asked.map(summary)).toEqual([
      ['users'],
      ['scores', JSON.stringify(user('1')), JSON.stringify(user('2'))],
      ['users'],
      ['scores', JSON.stringify(user('3')), JSON.stringify(user('4'))],
    ]);
  });

  it('SECURITY 43: keeps nothing that can be read and not written, and answers all the same', async () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    const sdl = composeStage({ notes: 'scalar Json type Query { notes: Json plain: Int }' });
    const stage = createCachingStage(sdl, {
      notes: () => `{"data":{"plain":1,"notes":${deep}},"lifetime":${JSON.stringify(publicAnswer)}}`,
    });
    for (let time = 1; time < 3; time += 1) {
      expect((await stage.run('{ plain notes }')).data).toEqual({ plain: 1, notes: null });
      expect(stage.asked).toHaveLength(time);
    }
  });

  it('asks nobody when everything is kept, until it is over', async () => {
    let now = 0;
    const stage = createPeople({ now: () => now });
    const first = await stage.run(query);
    now = secondsOfAnswers * 1_000 - 1;
    expect((await stage.run(query)).data).toEqual(first.data);
    expect(stage.asked).toHaveLength(2);
    now += 1;
    await stage.run(query);
    expect(stage.asked).toHaveLength(4);
  });

  it('keeps nothing that it was not allowed to keep', async () => {
    const stage = createPeople({ users: 'none', scores: 'none' });
    await stage.run(query);
    await stage.run(query);
    expect(stage.asked).toHaveLength(4);
  });

  it('SECURITY: gives a private answer to the one who asked, and to nobody else', async () => {
    const stage = createPeople({ users: privateAnswer, scores: privateAnswer });
    const ann = callerWith({ sub: 'ann' });
    await stage.run(query, ann);
    await stage.run(query, ann);
    expect(stage.asked).toHaveLength(2);
    await stage.run(query, callerWith({ sub: 'bob' }));
    expect(stage.asked).toHaveLength(4);
    await stage.run(query);
    await stage.run(query);
    expect(stage.asked).toHaveLength(8);
  });

  it('forgets what is private to a user when they have changed something', async () => {
    const stage = createPeople({ users: privateAnswer, scores: privateAnswer });
    const [ann, bob] = [callerWith({ sub: 'ann' }), callerWith({ sub: 'bob' })];
    for (const each of [ann, bob]) await stage.run(query, each);
    await stage.run('mutation { rename }', ann);
    const before = stage.asked.length;
    await stage.run(query, bob);
    expect(stage.asked).toHaveLength(before);
    await stage.run(query, ann);
    expect(stage.asked).toHaveLength(before + 2);
  });

  it('answers of all that it was made of, how long it holds and for whom', async () => {
    let now = 0;
    const short = { seconds: 10, isPrivate: false };
    const stage = createPeople({ scores: short, now: () => now });
    expect((await stage.run(query)).lifetime).toEqual(short);
    now = 4_000;
    expect((await stage.run(query)).lifetime).toEqual({ seconds: 6, isPrivate: false });
    expect((await stage.run('{ users { id } }')).lifetime).toEqual({ ...publicAnswer });
    expect((await createPeople({ users: privateAnswer }).run(query)).lifetime).toEqual({ ...privateAnswer });
    expect((await createPeople({ users: 'none' }).run(query)).lifetime).toBeUndefined();
    expect((await stage.run('{ __typename }')).lifetime).toBeUndefined();
    expect((await stage.run('mutation { rename }')).lifetime).toBeUndefined();
  });

  it('stays within its bytes and its number', async () => {
    const stages = [{ maxEntries: 1 }, { maxEntries: 2 }, { maxBytes: 16 * 400 }].map((bounds) =>
      createPeople({ users: 'none', ...bounds }),
    );
    for (const stage of stages) for (let n = 0; n < 2; n += 1) await stage.run(query);
    // Two objects, which are not worth keeping in so few bytes.
    const asked = stages.map((stage) => stage.asked.filter(({ subgraph }) => subgraph === 'scores').length);
    expect(asked).toEqual([2, 1, 2]);
  });
});

describe('Whole answers', () => {
  const counted = 'query A($first: Int) { users(first: $first) { score } } query B { users { id } }';

  it('are kept by document, operation, variables and supergraph', async () => {
    const stage = createPeople();
    const first = await stage.run(query);
    expect(await stage.run(query)).toEqual({ ...first, lifetime: { seconds: expect.any(Number), isPrivate: false } });
    await stage.run('{ users { score id } }');
    await stage.run(counted, { operationName: 'A', variables: { first: 1 } });
    await stage.run(counted, { operationName: 'A', variables: { first: 2 } });
    await stage.run(counted, { operationName: 'B' });
    const whole = () => stage.reports.filter(({ subgraph }) => subgraph === '*').map(({ hits }) => hits);
    expect(whole()).toEqual([0, 1, 0, 0, 0, 0]);
    await stage.run(counted, { operationName: 'A', variables: { first: 1 } });
    expect(whole().at(-1)).toBe(1);
    const other = createPeople({ cache: stage.cache, sdl: `${ownSdl}\n# another one` });
    await other.run(query);
    expect(other.asked).toHaveLength(2);
  });

  it('are not kept of operations for which subgraphs are asked in a way of its own', async () => {
    const stage = createPeople();
    let asked = 0;
    const ask: Ask = (source, request, caller) => {
      asked += 1;
      return source.fetch(request, caller);
    };
    for (let n = 0; n < 2; n += 1) await stage.run(query, { ask });
    expect(asked).toBe(4);
  });
});

describe('Deferred fragments', () => {
  const deferred = '{ users { id ... @defer { score } } }';
  const whole = {
    users: [
      { id: '1', score: 1 },
      { id: '2', score: 2 },
    ],
  };

  it.each([
    ['may not be kept are asked for each time', 'none' as const, 4],
    ['are for everyone are kept, object by object', publicAnswer, 2],
  ])('that %s', async (_what, lifetime, requests) => {
    const stage = createPeople({ users: lifetime, scores: lifetime });
    for (let n = 0; n < 2; n += 1) expect(await stage.runInParts(deferred)).toEqual(whole);
    expect(stage.asked).toHaveLength(requests);
  });

  it('are asked for only where an object is not kept, whether it was asked for at once or later', async () => {
    let ids = ['1'];
    const stage = createPeople({ users: 'none', ids: () => ids });
    await stage.run('{ users { score } }');
    ids = ['1', '2'];
    expect(await stage.runInParts(deferred)).toEqual(whole);
    expect(await stage.runInParts(deferred)).toEqual(whole);
    expect(stage.asked.filter(({ subgraph }) => subgraph === 'scores').map(summary)).toEqual([
      ['scores', JSON.stringify(user('1'))],
      ['scores', JSON.stringify(user('2'))],
    ]);
  });

  it('SECURITY: that are private are for the one who asked, until they change something', async () => {
    const stage = createPeople({ users: publicAnswer, scores: privateAnswer });
    const [ann, bob] = [callerWith({ sub: 'ann' }), callerWith({ sub: 'bob' })];
    const asked = async (caller: typeof ann): Promise<number> => {
      const before = stage.asked.length;
      expect(await stage.runInParts(deferred, caller)).toEqual(whole);
      return stage.asked.length - before;
    };
    expect([await asked(ann), await asked(bob), await asked(ann), await asked(bob)]).toEqual([2, 1, 0, 0]);
    await stage.run('mutation { rename }', ann);
    expect([await asked(ann), await asked(bob)]).toEqual([1, 0]);
  });
});

describe('What a subgraph that does not answer well has said', () => {
  const error = { message: 'Not yours.', path: ['_entities', 1, 'score'], extensions: { code: 'FORBIDDEN' } };
  const unavailable = { data: null, errors: [{ message: 'Away.', extensions: { code: 'UNAVAILABLE' } }], isMissing: true as const };

  function createScores(answers: readonly StageAnswer[]) {
    const left = [...answers];
    return createCachingStage(ownSdl, {
      users({ request: { variables } }) {
        const ids = typeof variables.first === 'number' ? String(variables.first) : '12';
        return { data: { users: ids.split('').map(user) } };
      },
      scores: () => left.shift() ?? unavailable,
    });
  }
  const some = 'query($first: Int) { users(first: $first) { id score } }';
  const scored = (...scores: (number | null)[]): StageAnswer => ({
    data: { _entities: scores.map((score) => (score === null ? null : { score })) },
    lifetime: publicAnswer,
  });

  it.each<readonly [string, StageAnswer]>([
    ['an error beside data', { ...scored(1, null), errors: [error] }],
    ['no data', { data: null, errors: [{ message: 'No.' }], lifetime: publicAnswer }],
    ['nothing at all', unavailable],
    ['another number of objects', scored(1)],
  ])('is not kept, when it is %s', async (_what, answer) => {
    const stage = createScores([answer, scored(1, 2)]);
    expect((await stage.run(some)).errors).not.toEqual([]);
    expect(await stage.run(some)).toMatchObject({ data: { users: [{ score: 1 }, { score: 2 }] }, errors: [] });
    expect(stage.asked).toHaveLength(4);
  });

  it('is not kept of an object that is not there', async () => {
    const stage = createScores([scored(1, null), scored(2)]);
    await stage.run(some);
    expect((await stage.run(some)).data).toEqual({
      users: [
        { id: '1', score: 1 },
        { id: '2', score: 2 },
      ],
    });
    expect(stage.asked.map(summary).at(-1)).toEqual(['scores', JSON.stringify(user('2'))]);
  });

  it('leaves what is kept, with errors at the places of all other objects', async () => {
    const stage = createScores([scored(2), unavailable]);
    await stage.run(some, { variables: { first: 2 } });
    const { data, errors, lifetime } = await stage.run(some, { variables: { first: 123 } });
    expect(data).toEqual({
      users: [
        { id: '1', score: null },
        { id: '2', score: 2 },
        { id: '3', score: null },
      ],
    });
    expect(errors.map(({ path, code }) => [path, code])).toEqual([
      [['users', 0], 'UNAVAILABLE'],
      [['users', 2], 'UNAVAILABLE'],
    ]);
    expect(lifetime).toBeUndefined();
  });

  it('has its errors at the right objects, when only some were asked for', async () => {
    const stage = createScores([scored(2), { ...scored(3, null, 4), errors: [error] }]);
    await stage.run(some, { variables: { first: 2 } });
    const { data, errors } = await stage.run(some, { variables: { first: 1234 } });
    expect(data).toMatchObject({ users: [{ score: 3 }, { score: 2 }, { score: null }, { score: 4 }] });
    expect(errors.map(({ path }) => path)).toContainEqual(['users', 2, 'score']);
  });
});

describe('What an operator has ended', () => {
  const invalidationSecret = 'x'.repeat(32);
  const asked = (stage: ReturnType<typeof createPeople>, from = 0) => stage.asked.slice(from).map(summary);

  it('cannot be, where operators have no secret', () => {
    expect(createPeople().cache.invalidation).toBeUndefined();
  });

  it.each<readonly [Invalidation, readonly (readonly string[])[]]>([
    [{ kind: 'cache_tag', cache_tag: 'other' }, []],
    [{ kind: 'type', type: 'User', subgraph: 'scores' }, [['scores', JSON.stringify(user('1')), JSON.stringify(user('2'))]]],
    [{ kind: 'entity', type: 'User', key: { id: '2' }, subgraph: 'scores' }, [['scores', JSON.stringify(user('2'))]]],
    [{ kind: 'cache_tag', cache_tag: 'list' }, [['users']]],
    [{ kind: 'all' }, [['users'], ['scores', JSON.stringify(user('1')), JSON.stringify(user('2'))]]],
  ])('is asked for anew, after %j, and nothing else', async (what, expected) => {
    const stage = createPeople({ users: { ...publicAnswer, tags: ['list'] }, invalidationSecret });
    const first = await stage.run(query);
    await stage.cache.invalidation?.invalidate([what]);
    expect((await stage.run(query)).data).toEqual(first.data);
    expect(asked(stage, 2)).toEqual(expected);
    await stage.run(query);
    expect(stage.asked).toHaveLength(2 + expected.length);
  });

  it('is over for everyone who has private answers', async () => {
    const stage = createPeople({ users: privateAnswer, scores: privateAnswer, invalidationSecret });
    const people = [callerWith({ sub: 'ann' }), callerWith({ sub: 'bob' })];
    for (const each of people) await stage.run(query, each);
    await stage.cache.invalidation?.invalidate([{ kind: 'subgraph', subgraph: 'users' }]);
    for (const each of people) await stage.run(query, each);
    expect(asked(stage, 4)).toEqual([['users'], ['users']]);
  });

  it('is not what was asked for before, and not answered by then', async () => {
    const waiting: (() => void)[] = [];
    let score = 1;
    const stage = createCachingStage(
      ownSdl,
      {
        async users() {
          const given = score;
          await new Promise<void>((resolve) => waiting.push(resolve));
          return { data: { users: [user(String(given))] }, lifetime: publicAnswer };
        },
      },
      { invalidationSecret },
    );
    const ids = '{ users { id } }';
    const early = stage.run(ids);
    await until(() => waiting.length === 1, 'the first question');
    score = 2;
    await stage.cache.invalidation?.invalidate([{ kind: 'all' }]);
    // It must not join the one that was asked before, either.
    const late = stage.run(ids);
    await until(() => waiting.length === 2, 'the second question');
    for (const answer of waiting) answer();
    expect([(await early).data, (await late).data]).toEqual([{ users: [{ id: '1' }] }, { users: [{ id: '2' }] }]);
    expect((await stage.run(ids)).data).toEqual({ users: [{ id: '2' }] });
    expect(stage.asked).toHaveLength(2);
  });
});

describe('Many who want the same at once', () => {
  const crowd = 100;

  /** Subgraphs answer when the test lets them. */
  function createSlow(lifetime: Lifetime | undefined) {
    const waiting: (() => void)[] = [];
    const stage = createCachingStage(ownSdl, {
      async users({ caller }) {
        await new Promise<void>((resolve) => waiting.push(resolve));
        if (caller.signal.aborted) return { data: null, errors: [{ message: 'gone' }], isMissing: true };
        return { data: { users: [user('1')] }, lifetime };
      },
    });
    const settle = async (): Promise<void> => {
      for (let n = 0; n < 20; n += 1) await new Promise((resolve) => setImmediate(resolve));
    };
    return {
      stage,
      answerAll: async (): Promise<void> => {
        await settle();
        for (const answer of waiting.splice(0)) answer();
        await settle();
      },
    };
  }
  const ids = '{ users { id } }';

  it('ask for it once, if it is for everyone', async () => {
    const { stage, answerAll } = createSlow(publicAnswer);
    const runs = Array.from({ length: crowd }, (_none, n) => stage.run(ids, callerWith({ sub: `user ${n}` })));
    await answerAll();
    const results = await Promise.all(runs);
    expect(stage.asked).toHaveLength(1);
    for (const { data, lifetime } of results) expect([data, lifetime]).toEqual([{ users: [{ id: '1' }] }, publicAnswer]);
    expect(stage.reports.reduce((sum, { shared }) => sum + shared, 0)).toBe(crowd - 1);
  });

  it.each([
    ['private', privateAnswer],
    ['not to be kept', undefined],
  ])('SECURITY: each ask for themselves, if it is %s, and wait for nobody from then on', async (_what, lifetime) => {
    const { stage, answerAll } = createSlow(lifetime);
    const runs = Array.from({ length: crowd }, (_none, n) => stage.run(ids, callerWith({ sub: `user ${n}` })));
    await answerAll();
    expect(stage.asked).toHaveLength(crowd);
    await answerAll();
    await Promise.all(runs);
    const later = Array.from({ length: crowd }, (_none, n) => stage.run(ids, callerWith({ sub: `later ${n}` })));
    await answerAll();
    expect(stage.asked).toHaveLength(2 * crowd);
    await Promise.all(later);
  });

  it('do not lose it when the one who asks goes away', async () => {
    const { stage, answerAll } = createSlow(publicAnswer);
    const leaving = new AbortController();
    const first = stage.run(ids, { signal: leaving.signal });
    const others = Array.from({ length: crowd }, () => stage.run(ids));
    leaving.abort();
    await answerAll();
    await first;
    // One of them asks again, and for all.
    expect(stage.asked).toHaveLength(2);
    await answerAll();
    for (const { data, errors } of await Promise.all(others)) expect([data, errors]).toEqual([{ users: [{ id: '1' }] }, []]);
    expect(stage.asked).toHaveLength(2);
  });
});
