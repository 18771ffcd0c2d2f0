import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { graphql } from 'graphql';
import { v7 as uuidv7 } from 'uuid';
import { createUsersContext } from '../../context.js';
import { createPeople, mutationNames, type Mutation, type PeopleUnderTest } from '../../tests/people.js';
import { startUsers, type Person, type UsersUnderTest } from '../../tests/users-harness.js';
import { until } from '../../../../tests/testkit/until.js';

describe('Friends through GraphQL', () => {
  let users: UsersUnderTest;
  let people: PeopleUnderTest;
  beforeAll(async () => {
    users = await startUsers();
    people = createPeople(users);
  });
  afterAll(() => users.close());

  const two = () => people.two();
  const send: PeopleUnderTest['send'] = (mutation, caller, userId) => people.send(mutation, caller, userId);
  const answer = async (mutation: Mutation, caller: Person, userId: string) => (await send(mutation, caller, userId)).data?.answer;
  const look: PeopleUnderTest['look'] = (caller, others, fields) => people.look(caller, others, fields);
  const befriend: PeopleUnderTest['befriend'] = (a, b) => people.befriend(a, b);

  it.each(mutationNames)('refuses %s to an anonymous caller', async (mutation) => {
    const [ada] = await two();
    expect((await send(mutation, null, ada.id)).codes).toEqual(['UNAUTHENTICATED']);
  });

  it.each(['friends', 'friendRequests', 'friendRequests(direction: SENT)', 'blockedUsers'])(
    'SECURITY 46: refuses %s to an anonymous caller',
    async (field) => {
      expect((await users.run(null, `{ ${field} { nodes { __typename } } }`)).codes).toEqual(['UNAUTHENTICATED']);
    },
  );

  it.each([
    ['requestFriend', 'UserNotFoundError', 'USER_NOT_FOUND'],
    ['acceptFriend', 'FriendRequestNotFoundError', 'FRIEND_REQUEST_NOT_FOUND'],
    ['declineFriend', 'FriendRequestNotFoundError', 'FRIEND_REQUEST_NOT_FOUND'],
    ['cancelFriendRequest', 'FriendRequestNotFoundError', 'FRIEND_REQUEST_NOT_FOUND'],
    ['removeFriend', 'NotFriendsError', 'NOT_FRIENDS'],
    ['blockUser', 'UserNotFoundError', 'USER_NOT_FOUND'],
    ['unblockUser', 'UserNotFoundError', 'USER_NOT_FOUND'],
  ] as const)('SECURITY 46: answers %s of an id that nobody has by %s', async (mutation, typename, code) => {
    const [ada] = await two();
    for (const id of [uuidv7(), '__proto__'])
      expect(await answer(mutation, ada, id)).toMatchObject({
        __typename: typename,
        code,
      });
  });

  it('says why a request makes no sense', async () => {
    const [ada, bob] = await two();
    const refusal = async (code: string) =>
      expect(await answer('requestFriend', ada, code === 'SELF' ? ada.id : bob.id)).toMatchObject({
        __typename: 'FriendshipConflictError',
        code,
      });
    await refusal('SELF');
    await send('requestFriend', ada, bob.id);
    await refusal('ALREADY_REQUESTED');
    await send('acceptFriend', bob, ada.id);
    await refusal('ALREADY_FRIENDS');
    await send('blockUser', ada, bob.id);
    await refusal('BLOCKED_BY_YOU');
  });

  it('SECURITY 46: shows the caller how they stand to others, and nobody how others stand to each other', async () => {
    const [ada, bob] = await two();
    await befriend(ada, bob);
    const [eve] = await two();
    const fields = 'friendship { status since user { id } } mutualFriendsCount';
    expect(await look(null, [ada, bob], fields)).toEqual([
      { friendship: null, mutualFriendsCount: null },
      { friendship: null, mutualFriendsCount: null },
    ]);
    expect(await look(eve, [ada], 'friendship { status since }')).toEqual([{ friendship: { status: 'NONE', since: null } }]);
    expect(await look(ada, [ada, bob, { id: 'nonsense' }], fields)).toEqual([
      { friendship: null, mutualFriendsCount: null },
      {
        friendship: {
          status: 'FRIENDS',
          since: expect.stringMatching(/Z$/),
          user: { id: bob.id },
        },
        mutualFriendsCount: 0,
      },
      {
        friendship: { status: 'NONE', since: null, user: { id: 'nonsense' } },
        mutualFriendsCount: 0,
      },
    ]);
  });

  it('goes from a request to a friendship to nothing, in every list', async () => {
    const [ada, bob] = await two();
    const lists = async (caller: Person) => {
      const { data } = await users.run(
        caller,
        `{
          friends { nodes { id } }
          received: friendRequests { nodes { from { id } to { id } createdAt } }
          sent: friendRequests(direction: SENT) { edges { cursor node { to { id } } } pageInfo { hasNextPage } }
          blockedUsers { nodes { id } }
        }`,
      );
      return data;
    };
    const nothing = {
      friends: { nodes: [] },
      received: { nodes: [] },
      sent: { edges: [] },
      blockedUsers: { nodes: [] },
    };
    expect(await answer('requestFriend', ada, bob.id)).toMatchObject({
      friendship: { status: 'REQUEST_SENT', user: { id: bob.id } },
    });
    expect(await lists(ada)).toMatchObject({
      ...nothing,
      sent: { edges: [{ node: { to: { id: bob.id } } }] },
    });
    expect(await lists(bob)).toMatchObject({
      ...nothing,
      received: { nodes: [{ from: { id: ada.id }, to: { id: bob.id } }] },
    });
    expect(await answer('acceptFriend', bob, ada.id)).toMatchObject({
      friendship: { status: 'FRIENDS', user: { id: ada.id } },
    });
    for (const [caller, other] of [
      [ada, bob],
      [bob, ada],
    ] as const) {
      expect(await lists(caller)).toMatchObject({
        ...nothing,
        friends: { nodes: [{ id: other.id }] },
      });
    }
    expect(await answer('removeFriend', ada, bob.id)).toMatchObject({
      friendship: { status: 'NONE', since: null },
    });
    expect([await lists(ada), await lists(bob)]).toMatchObject([nothing, nothing]);
    expect(await answer('blockUser', ada, bob.id)).toMatchObject({
      friendship: { status: 'BLOCKED' },
    });
    expect([await lists(ada), await lists(bob)]).toMatchObject([{ ...nothing, blockedUsers: { nodes: [{ id: bob.id }] } }, nothing]);
  });

  it('takes null for the direction as it takes nothing', async () => {
    const [ada, bob] = await two();
    await send('requestFriend', ada, bob.id);
    expect((await users.run(bob, '{ friendRequests(direction: null) { nodes { from { id } } } }')).data).toEqual({
      friendRequests: { nodes: [{ from: { id: ada.id } }] },
    });
  });

  it('SECURITY 46: shows friends a profile for friends, for as long as they are, and somebody blocked the profile of a stranger', async () => {
    const [ada, bob] = await two();
    await users.run(
      ada,
      'mutation { updateProfile(input: { displayName: "Countess", bio: "Numbers", timeZone: "europe/london", profileVisibility: FRIENDS }) { __typename } }',
    );
    const seen = () => look(bob, [ada], 'displayName bio timeZone mutualFriendsCount');
    const hidden = [
      {
        displayName: 'Countess',
        bio: null,
        timeZone: null,
        mutualFriendsCount: null,
      },
    ];
    expect(await seen()).toEqual(hidden);
    await befriend(ada, bob);
    expect(await seen()).toEqual([
      {
        displayName: 'Countess',
        bio: 'Numbers',
        timeZone: 'Europe/London',
        mutualFriendsCount: 0,
      },
    ]);
    await send('removeFriend', bob, ada.id);
    expect(await seen()).toEqual(hidden);
    await send('blockUser', ada, bob.id);
    expect(await seen()).toEqual([{ displayName: 'x', bio: null, timeZone: null, mutualFriendsCount: 0 }]);
    expect(await look(ada, [bob], 'displayName friendship { status }')).toEqual([{ displayName: 'x', friendship: { status: 'BLOCKED' } }]);
  });

  it('SECURITY 46: hides two of whom one has blocked the other from each other in the search, and from nobody else', async () => {
    const [ada, bob] = await two();
    await send('blockUser', ada, bob.id);
    const found = async (caller: Person | null, whom: Person) => {
      const { data } = await users.run(caller, 'query ($query: String!) { searchUsers(query: $query) { nodes { id } } }', {
        query: whom.username,
      });
      return (data?.searchUsers as { nodes: { id: string }[] }).nodes.map(({ id }) => id);
    };
    expect([await found(ada, bob), await found(bob, ada)]).toEqual([[], []]);
    expect([await found(null, bob), await found(bob, bob), await found(ada, ada)]).toEqual([[bob.id], [bob.id], [ada.id]]);
  });

  it('answers each of several mutations of one operation as things are after it', async () => {
    const [ada, bob] = await two();
    await users.run(bob, 'mutation { updateProfile(input: { bio: "Hello" }) { __typename } }');
    const { data } = await users.run(
      ada,
      `mutation ($input: FriendInput!, $block: BlockInput!) {
        first: requestFriend(input: $input) { ... on RequestFriendshipPayload { friendship { status user { bio friendship { status } } } } }
        second: blockUser(input: $block) { ... on BlockFriendshipPayload { friendship { status user { bio friendship { status } } } } }
      }`,
      { input: { userId: bob.id }, block: { userId: bob.id } },
    );
    expect(data).toEqual({
      first: {
        friendship: {
          status: 'REQUEST_SENT',
          user: { bio: 'Hello', friendship: { status: 'REQUEST_SENT' } },
        },
      },
      second: {
        friendship: {
          status: 'BLOCKED',
          user: { bio: null, friendship: { status: 'BLOCKED' } },
        },
      },
    });
  });

  it('looks relations and mutual friends up once for all users of an operation', async () => {
    const [ada] = await two();
    const { friends, ...rest } = await users.subgraph.createContext({
      authorization: `Bearer ${ada.id} ${ada.username}`,
    });
    const looks: (readonly string[])[] = [];
    const remember = (ids: readonly string[]) => void looks.push(ids);
    const ids = [uuidv7(), uuidv7(), uuidv7()];
    const contextValue = createUsersContext({
      ...rest,
      friends: {
        ...friends,
        view: (viewer, userIds) => (remember(userIds), friends.view(viewer, userIds)),
      },
      mutualFriends: {
        count: (_viewer, userIds) => (remember(userIds), Promise.resolve(userIds.map(() => 0))),
      },
    });
    await graphql({
      schema: users.subgraph.schema,
      source:
        'query ($users: [_Any!]!) { _entities(representations: $users) { ... on User { friendship { status } mutualFriendsCount } } }',
      variableValues: { users: ids.map((id) => ({ __typename: 'User', id })) },
      contextValue,
    });
    expect(looks).toEqual([ids, ids]);
  });

  it('announces to the other subgraphs who is friends with whom, and who is blocked', async () => {
    const [ada, bob] = await two();
    await befriend(ada, bob);
    await send('blockUser', bob, ada.id);
    const userIds = [ada.id, bob.id].sort();
    const announced = () => users.events.filter(({ key }) => key === userIds[0]).map(({ payload }) => payload);
    await until(() => announced().length === 2);
    expect(announced()).toEqual([
      { userIds, friends: true, blockers: [] },
      { userIds, friends: false, blockers: [bob.id] },
    ]);
  });
});
