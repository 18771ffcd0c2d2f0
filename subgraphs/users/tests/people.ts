import type { Answer, Person, UsersUnderTest } from './users-harness.js';

/** The mutations with the types of their payloads. */
const mutations = {
  requestFriend: 'RequestFriendshipPayload',
  acceptFriend: 'AcceptFriendshipPayload',
  declineFriend: 'DeclineFriendshipPayload',
  cancelFriendRequest: 'CancelFriendshipPayload',
  removeFriend: 'RemoveFriendshipPayload',
  blockUser: 'BlockFriendshipPayload',
  unblockUser: 'UnblockFriendshipPayload',
} as const;
export type Mutation = keyof typeof mutations;
export const mutationNames = Object.keys(mutations) as readonly Mutation[];

/** People of the users subgraph, and what they do about each other through GraphQL. */
export interface PeopleUnderTest {
  /** Two new ones. */
  two(): Promise<readonly [Person, Person]>;
  /** The field is `answer`, whatever the mutation. */
  send(mutation: Mutation, caller: Person | null, userId: string): Promise<Answer>;
  /** What `caller` sees of each, fetched as the gateway fetches entities; everybody's username is `x`. Fails for an error. */
  look(caller: Person | null, others: readonly { readonly id: string }[], fields: string): Promise<unknown>;
  befriend(a: Person, b: Person): Promise<void>;
}

export function createPeople(users: UsersUnderTest): PeopleUnderTest {
  let number = 0;

  function send(mutation: Mutation, caller: Person | null, userId: string): Promise<Answer> {
    const input = mutation === 'blockUser' || mutation === 'unblockUser' ? 'BlockInput' : 'FriendInput';
    return users.run(
      caller,
      `mutation ($input: ${input}!) { answer: ${mutation}(input: $input) {
        __typename
        ... on UserError { code message }
        ... on ${mutations[mutation]} { friendship { status since user { id } } }
      } }`,
      { input: { userId } },
    );
  }

  return {
    async two() {
      number += 1;
      return [await users.register(`ada_${String(number)}`), await users.register(`bob_${String(number)}`)];
    },
    send,
    async look(caller, others, fields) {
      const { data, errors } = await users.run(
        caller,
        `query ($users: [_Any!]!) { _entities(representations: $users) { ... on User { ${fields} } } }`,
        { users: others.map(({ id }) => ({ __typename: 'User', id, username: 'x' })) },
      );
      if (errors !== undefined) throw new Error(JSON.stringify(errors));
      return data?._entities;
    },
    async befriend(a, b) {
      await send('requestFriend', a, b.id);
      await send('acceptFriend', b, a.id);
    },
  };
}
