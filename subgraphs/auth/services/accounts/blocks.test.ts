import { describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { testDatabases } from '../../../../tests/testkit/services/databases.js';
import { createDomainEvent } from '../../../../shared/events/domain-events.js';
import { createAuthClient, goodPassword, type Payload } from '../../tests/auth-client.js';
import { useAuth } from '../../tests/use-auth.js';

const databases = await testDatabases();
describe.each(databases)('Accounts and blocks on $name', ({ open }) => {
  const auth = useAuth(open, createAuthClient);
  let number = 0;

  const newPerson = () => auth.client.mustRegister({ username: `person_${String((number += 1))}` });
  const relation = (a: Payload, b: Payload, blockers: readonly Payload[]) => {
    const userIds = [a.user.id, b.user.id].sort() as [string, string];
    return createDomainEvent('relation.changed', {
      key: userIds[0],
      payload: { userIds, friends: false, blockers: blockers.map(({ user }) => user.id) },
    });
  };
  const lookUp = async (token: string | undefined, { id, username }: { id: string; username: string }) => {
    const { data, errors } = await auth.harness.run(
      `query ($id: ID!, $username: String!, $users: [_Any!]!) {
        user(id: $id) { id }
        userByUsername(username: $username) { id }
        _entities(representations: $users) { ... on User { id } }
      }`,
      { variables: { id, username, users: [{ __typename: 'User', id }] }, token },
    );
    return { ...data, errors };
  };
  const nobody = { user: null, userByUsername: null, _entities: [null], errors: undefined };
  const somebody = ({ user: { id } }: Payload) => ({ user: { id }, userByUsername: { id }, _entities: [{ id }], errors: undefined });

  it('SECURITY 46: who blocks somebody is to them as an account that never was; to everyone else they are there', async () => {
    const [ada, bob, eve] = [await newPerson(), await newPerson(), await newPerson()];
    await auth.harness.publish(relation(ada, bob, [ada]));
    expect(await lookUp(bob.accessToken, ada.user)).toEqual(await lookUp(bob.accessToken, { id: uuidv7(), username: 'nobody_here' }));
    expect(await lookUp(bob.accessToken, ada.user)).toEqual(nobody);
    for (const token of [ada.accessToken, eve.accessToken, undefined]) expect(await lookUp(token, ada.user)).toEqual(somebody(ada));
    // So that the list of the blocked has names, and the block can be taken back.
    expect(await lookUp(ada.accessToken, bob.user)).toEqual(somebody(bob));
    await auth.harness.publish(relation(ada, bob, []));
    expect(await lookUp(bob.accessToken, ada.user)).toEqual(somebody(ada));
  });

  it('SECURITY 46: the name of who blocks somebody is taken for them, as it is for everyone', async () => {
    const [ada, bob] = [await newPerson(), await newPerson()];
    await auth.harness.publish(relation(ada, bob, [ada]));
    const { data } = await auth.harness.run(`query ($username: String!) { usernameAvailability(username: $username) { available code } }`, {
      variables: { username: ada.user.username },
      token: bob.accessToken,
    });
    expect(data).toEqual({ usernameAvailability: { available: false, code: 'TAKEN' } });
    await expect(auth.client.register({ username: ada.user.username })).resolves.toMatchObject({ __typename: 'UsernameTakenError' });
  });

  it('SECURITY 51: a block that is announced after the account was erased leaves no trace of it', async () => {
    const [ada, bob] = [await newPerson(), await newPerson()];
    await auth.harness.publish(relation(ada, bob, [ada]));
    await auth.harness.run('mutation ($input: DeleteAccountInput!) { deleteAccount(input: $input) { __typename } }', {
      variables: { input: { password: goodPassword } },
      token: ada.accessToken,
    });
    auth.harness.advance(8 * 86_400_000);
    expect(await (await auth.harness.auth.createContext({})).accountDeletion.carryOut()).toBe(1);
    await auth.harness.publish(relation(ada, bob, [ada, bob]));
    expect(await auth.harness.prisma.relation.count({ where: { OR: [{ lowId: ada.user.id }, { highId: ada.user.id }] } })).toBe(0);
  });
});
