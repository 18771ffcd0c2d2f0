import { beforeAll, expect, it } from '@jest/globals';
import type { Galaxia } from '../testkit/product/galaxia.js';
import { text } from '../testkit/product/graphql-client.js';
import { registerPerson, type Person } from '../testkit/product/person.js';

export function friendsTests(product: () => Galaxia): void {
  let galaxia: Galaxia;
  beforeAll(() => {
    galaxia = product();
  });

  async function change(mutation: string, caller: Person, other: Person): Promise<unknown> {
    const input = /block/i.test(mutation) ? 'BlockInput' : 'FriendInput';
    const { data } = await caller.ask(`mutation ($input: ${input}!) { answer: ${mutation}(input: $input) { __typename } }`, {
      input: { userId: other.id },
    });
    return data.answer?.__typename;
  }

  const availability = async (viewer: Person, other: Person) => {
    const { data } = await viewer.ask('query ($id: ID!) { user(id: $id) { presence { availability lastSeenAt } } }', { id: other.id });
    return data.user?.presence;
  };

  /** Relations reach the sessions subgraph a moment later. */
  async function untilSeen(viewer: Person, other: Person, expected: 'ONLINE' | 'OFFLINE'): Promise<void> {
    const deadline = Date.now() + 10_000;
    while (Date.now() < deadline && text((await availability(viewer, other))?.availability) !== expected) {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    expect(await availability(viewer, other)).toMatchObject({ availability: expected });
  }

  it('can ask somebody who has just registered, and show what every subgraph knows of a friend', async () => {
    const ada = await registerPerson(galaxia);
    const bob = await registerPerson(galaxia);
    expect(await change('requestFriend', ada, bob)).toBe('RequestFriendshipPayload');
    expect(await change('acceptFriend', ada, bob)).toBe('FriendRequestNotFoundError');
    expect(await change('acceptFriend', bob, ada)).toBe('AcceptFriendshipPayload');
    const { data, errors } = await ada.ask(
      '{ friends { nodes { id username displayName friendship { status since } mutualFriendsCount presence { availability } avatar { url } } } }',
    );
    expect(errors).toEqual([]);
    expect(data.friends).toMatchObject({
      nodes: [
        {
          id: bob.id,
          username: bob.username,
          displayName: bob.username,
          friendship: { status: 'FRIENDS', since: expect.stringMatching(/Z$/) },
          mutualFriendsCount: 0,
          presence: { availability: 'OFFLINE' },
          avatar: null,
        },
      ],
    });
  });

  it('SECURITY 46: alone see the presence that is for friends, and nobody that of somebody who has blocked them', async () => {
    const [ada, bob, eve] = await Promise.all([registerPerson(galaxia), registerPerson(galaxia), registerPerson(galaxia)]);
    const hidden = { availability: 'OFFLINE', lastSeenAt: null };
    await ada.ask('mutation { updatePresence(input: { visibility: FRIENDS }) { __typename } }');
    await ada.ask('mutation { presenceHeartbeat { __typename } }');
    expect(await availability(bob, ada)).toEqual(hidden);
    await change('requestFriend', ada, bob);
    await change('requestFriend', bob, ada);
    await untilSeen(bob, ada, 'ONLINE');
    expect(await availability(eve, ada)).toEqual(hidden);
    await ada.ask('mutation { updatePresence(input: { visibility: EVERYONE }) { __typename } }');
    expect(await availability(eve, ada)).toMatchObject({ availability: 'ONLINE' });
    await bob.ask('mutation { presenceHeartbeat { __typename } }');
    await untilSeen(ada, bob, 'ONLINE');
    await change('blockUser', ada, bob);
    await untilSeen(ada, bob, 'OFFLINE');
    expect(await availability(ada, bob)).toEqual(hidden);
  });

  it('SECURITY 46: do not exist any more for somebody whom they block, until they take it back', async () => {
    const [ada, bob] = await Promise.all([registerPerson(galaxia), registerPerson(galaxia)]);
    const look = async (viewer: Person, { id, username }: Pick<Person, 'id' | 'username'>) => {
      const { data, errors } = await viewer.ask(
        `query ($id: ID!, $username: String!) {
          user(id: $id) { id username avatar { url } } userByUsername(username: $username) { id } searchUsers(query: $username) { nodes { id } }
        }`,
        { id, username },
      );
      return JSON.stringify({ data, errors });
    };
    const until = async (isThere: (seen: string) => boolean) => {
      const deadline = Date.now() + 10_000;
      while (!isThere(await look(bob, ada)) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 25));
    };
    // The search hears of a new name a moment later than the rest.
    await until((seen) => seen.includes(`"searchUsers":{"nodes":[{"id":"${ada.id}"}]}`));
    const before = await look(bob, ada);
    expect(before).toContain('"searchUsers":{"nodes":[{"id"');
    expect(await change('blockUser', ada, bob)).toBe('BlockFriendshipPayload');
    await until((seen) => !seen.includes(ada.id));
    expect(await look(bob, ada)).toBe(await look(bob, { id: '01990000-0000-7000-8000-000000000000', username: 'nobody_has_this' }));
    for (const mutation of ['requestFriend', 'blockUser', 'unblockUser'])
      expect(await change(mutation, bob, ada)).toBe('UserNotFoundError');
    const { data, errors } = await ada.ask('{ blockedUsers { nodes { id username avatar { url } friendship { status } } } }');
    expect({ data, errors }).toEqual({
      data: { blockedUsers: { nodes: [{ id: bob.id, username: bob.username, avatar: null, friendship: { status: 'BLOCKED' } }] } },
      errors: [],
    });
    expect(await change('unblockUser', ada, bob)).toBe('UnblockFriendshipPayload');
    await until((seen) => seen === before);
    expect(await look(bob, ada)).toBe(before);
  });
}
