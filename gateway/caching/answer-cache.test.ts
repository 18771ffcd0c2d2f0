import { describe, expect, it } from '@jest/globals';
import {
  callerWith,
  createCachingStage,
  privateAnswer,
  publicAnswer,
  secondsOfAnswers,
  type StageAsked,
} from '../../tests/testkit/caching-stage.js';
import { representationsOf } from '../../tests/testkit/generated/execution-stage.js';
import type { Lifetime } from '../datasources/answer-lifetime.js';

const usersSdl = `
  type Query { users(first: Int): [User] me: User }
  type Mutation { rename: Boolean }
  type User @key(fields: "id") { id: ID! }`;
const scoresSdl = 'type User @key(fields: "id") { id: ID! score: Int }';
const user = (id: string) => ({ __typename: 'User', id });

function createPeople({
  users = publicAnswer,
  scores = publicAnswer,
  ids = () => ['1', '2'],
  ...options
}: { users?: Lifetime | 'none'; scores?: Lifetime | 'none'; ids?: () => string[] } & Parameters<typeof createCachingStage>[1] = {}) {
  return createCachingStage(
    {
      users: {
        typeDefs: usersSdl,
        answer: ({ request }) =>
          request.query.startsWith('mutation') ? { data: { rename: true } } : { data: { users: ids().map(user) }, lifetime: said(users) },
      },
      scores: {
        typeDefs: scoresSdl,
        answer: ({ request }) => ({
          data: { _entities: representationsOf(request).map(({ id }) => ({ score: Number(id) })) },
          lifetime: said(scores),
        }),
      },
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
});
