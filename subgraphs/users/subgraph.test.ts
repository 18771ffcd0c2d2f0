import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { graphql } from 'graphql';
import { v7 as uuidv7 } from 'uuid';
import { createUsersContext } from './context.js';
import { startUsers, type Person, type UsersUnderTest } from './tests/users-harness.js';

describe('The users subgraph', () => {
  let users: UsersUnderTest;
  beforeAll(async () => {
    users = await startUsers();
  });
  afterAll(() => users.close());

  const register = (username: string) => users.register(username);
  const run: UsersUnderTest['run'] = (caller, source, variables) => users.run(caller, source, variables);

  const update = (caller: Person | null, input: Record<string, unknown>) =>
    run(
      caller,
      `mutation ($input: UpdateProfileInput!) {
        updateProfile(input: $input) {
          __typename
          ... on UpdateProfilePayload { user { id } }
          ... on UserError { code message }
          ... on InvalidInputError { fields { path code } }
        }
      }`,
      { input },
    );

  /** As the gateway fetches entities, with the username that `displayName` requires. */
  const fetchUsers = (caller: Person | null, people: readonly Person[]) =>
    run(
      caller,
      `query ($representations: [_Any!]!) {
        _entities(representations: $representations) { ... on User { id displayName bio locale profileVisibility } }
      }`,
      { representations: people.map(({ id, username }) => ({ __typename: 'User', id, username })) },
    );

  const search = (query: string, page: { first?: number; after?: string } = {}) =>
    run(
      null,
      `query ($query: String!, $first: Int, $after: String) {
        searchUsers(query: $query, first: $first, after: $after) {
          nodes { id }
          edges { cursor node { id } }
          pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        }
      }`,
      { query, ...page },
    );

  const foundIds = async (query: string) => {
    const { data } = await search(query);
    return (data?.searchUsers as { nodes: { id: string }[] }).nodes.map(({ id }) => id);
  };

  it('refuses the whole operation to a bad token', async () => {
    await expect(users.subgraph.createContext({ authorization: 'Bearer nonsense' })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it("does not take the gateway's word for who calls", async () => {
    const ada = await register('trusting_ada');
    const context = await users.subgraph.createContext({ 'x-user-id': ada.id, 'x-user-name': ada.username });
    expect(context.viewer).toBeNull();
  });

  it('refuses an anonymous caller to change a profile', async () => {
    const { data, errors } = await update(null, { displayName: 'Mallory' });
    expect(data).toBeNull();
    expect(errors).toMatchObject([{ message: expect.stringContaining('Sign in first') }]);
  });

  it('answers each refused field of a profile', async () => {
    const ada = await register('refused_ada');
    const { data } = await update(ada, { displayName: ' ', bio: 'a'.repeat(501), locale: 'nonsense language' });
    expect(data?.updateProfile).toMatchObject({
      __typename: 'InvalidInputError',
      code: 'INVALID_INPUT',
      fields: [
        { path: 'displayName', code: 'TOO_SHORT' },
        { path: 'bio', code: 'TOO_LONG' },
        { path: 'locale', code: 'INVALID_LOCALE' },
      ],
    });
  });

  it('gives a user who has stored nothing the default profile', async () => {
    const ada = { id: uuidv7(), username: 'brand_new' };
    const { data, errors } = await fetchUsers(ada, [ada]);
    expect(errors).toBeUndefined();
    expect(data?._entities).toEqual([{ id: ada.id, displayName: 'brand_new', bio: null, locale: null, profileVisibility: 'EVERYONE' }]);
  });

  it("changes, clears and leaves the fields of the caller's profile", async () => {
    const ada = await register('changing_ada');
    expect((await update(ada, { displayName: 'Ada', bio: 'Numbers', locale: 'EN-gb', profileVisibility: 'NOBODY' })).data).toEqual({
      updateProfile: { __typename: 'UpdateProfilePayload', user: { id: ada.id } },
    });
    await update(ada, { bio: null });
    expect((await fetchUsers(ada, [ada])).data?._entities).toEqual([
      { id: ada.id, displayName: 'Ada', bio: null, locale: 'en-GB', profileVisibility: 'NOBODY' },
    ]);
    await update(ada, { displayName: null, profileVisibility: null });
    expect((await fetchUsers(ada, [ada])).data?._entities).toEqual([
      { id: ada.id, displayName: 'changing_ada', bio: null, locale: 'en-GB', profileVisibility: 'EVERYONE' },
    ]);
  });

  it('shows others what the visibility allows', async () => {
    const [ada, bob] = [await register('open_ada'), await register('closed_bob')];
    await update(ada, { bio: 'Numbers', locale: 'en' });
    await update(bob, { displayName: 'Bob', bio: 'Secret', locale: 'en', profileVisibility: 'FRIENDS' });
    for (const caller of [null, ada]) {
      const { data } = await fetchUsers(caller, [ada, bob]);
      expect(data?._entities).toMatchObject([
        { bio: 'Numbers', locale: 'en', profileVisibility: caller === null ? null : 'EVERYONE' },
        { displayName: 'Bob', bio: null, locale: null, profileVisibility: null },
      ]);
    }
  });

  it('looks profiles up once for all users and fields of an operation', async () => {
    const looks: (readonly string[])[] = [];
    const { profiles, ...rest } = await users.subgraph.createContext({});
    const contextValue = createUsersContext({
      ...rest,
      mutualFriends: { count: () => Promise.reject(new Error('not asked')) },
      profiles: {
        ...profiles,
        view: (viewer, userIds) => {
          looks.push(userIds);
          return profiles.view(viewer, userIds);
        },
      },
    });
    const ids = [uuidv7(), uuidv7(), uuidv7()];
    await graphql({
      schema: users.subgraph.schema,
      source: `query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on User { displayName bio locale } } }`,
      variableValues: { representations: [...ids, ...ids].map((id) => ({ __typename: 'User', id })) },
      contextValue,
    });
    expect(looks).toEqual([ids]);
  });

  it('answers entities of strange ids as users with the default profile, and never fails the others', async () => {
    const ada = await register('strange_ada');
    const { data, errors } = await fetchUsers(null, [{ id: '__proto__', username: 'x' }, ada]);
    expect(errors).toBeUndefined();
    expect(data?._entities).toMatchObject([{ displayName: 'x' }, { displayName: 'strange_ada' }]);
  });

  it('lets anyone find users by username and by display name, as soon as they are known', async () => {
    const ada = await register('Findable_Ada');
    expect(await foundIds('findABLE')).toEqual([ada.id]);
    await update(ada, { displayName: 'Countess of Lovelace' });
    expect(await foundIds('countess of')).toEqual([ada.id]);
  });

  it('finds a user named like a property of every object', async () => {
    const strange = await register('__proto__');
    expect(await foundIds('__proto__')).toEqual([strange.id]);
  });

  it('pages through what it finds', async () => {
    const people = [];
    for (let n = 1; n <= 5; n += 1) people.push(await register(`paged_${String(n)}`));
    const first = (await search('paged_', { first: 3 })).data?.searchUsers as { pageInfo: { endCursor: string } };
    expect(first).toMatchObject({
      nodes: people.slice(0, 3).map(({ id }) => ({ id })),
      pageInfo: { hasNextPage: true, hasPreviousPage: false },
    });
    const second = await search('paged_', { first: 3, after: first.pageInfo.endCursor });
    expect(second.data?.searchUsers).toMatchObject({
      nodes: people.slice(3).map(({ id }) => ({ id })),
      pageInfo: { hasNextPage: false, hasPreviousPage: true },
    });
    expect((await search('paged_nobody')).data?.searchUsers).toMatchObject({
      nodes: [],
      edges: [],
      pageInfo: { hasNextPage: false, startCursor: null, endCursor: null },
    });
  });

  it('refuses a search out of bounds', async () => {
    for (const refused of [search(''), search('a'.repeat(65)), search('a', { first: 101 }), search('a', { after: 'nonsense' })]) {
      expect((await refused).errors).toHaveLength(1);
    }
  });

  it('is ready when the database and the events are', async () => {
    expect((await users.subgraph.ready()).map(({ name, ok }) => [name, ok])).toEqual([
      ['database', true],
      ['events', true],
    ]);
  });
});
