import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { testDatabases } from '../../tests/testkit/services/databases.js';
import { createAuthClient } from './tests/auth-client.js';
import { encryptionKey, startAuth } from './tests/auth-harness.js';
import { useAuth } from './tests/use-auth.js';

const unauthenticated = expect.objectContaining({ code: 'UNAUTHENTICATED' });

const databases = await testDatabases();

describe.each(databases)('auth on $name', ({ open }) => {
  const auth = useAuth(open, createAuthClient);

  describe('a look-up', () => {
    const lookUp = `query ($id: ID!, $username: String!) {
      user(id: $id) { id username email roles mfaEnabled }
      userByUsername(username: $username) { id username email roles mfaEnabled }
    }`;

    it('is null for an anonymous `me`, an unknown id, what is no id and what is no name', async () => {
      await expect(auth.harness.run('{ me { id } }')).resolves.toEqual({ data: { me: null } });
      for (const [id, username] of [
        [randomUUID(), 'nobody_here'],
        ['not-a-uuid', 'x'],
        ['', ''],
        ["' OR 1=1", "' OR 1=1"],
        ['\u0000', 'nul\u0000'],
        ['__proto__', '__proto__'],
      ]) {
        await expect(auth.harness.run(lookUp, { variables: { id, username } })).resolves.toEqual({
          data: { user: null, userByUsername: null },
        });
      }
    });

    it('shows e-mail and second factor to the person alone, roles to administrators too', async () => {
      const ada = await auth.client.newPerson({ email: 'ada@example.org' });
      const variables = { id: ada.user.id.toUpperCase(), username: ada.user.username.toUpperCase() };
      const { id, username } = ada.user;
      const own = { id, username, email: 'ada@example.org', roles: ['USER'], mfaEnabled: false };
      const hidden = { id, username, email: null, roles: null, mfaEnabled: null };

      const stranger = await auth.client.newPerson();
      await auth.harness.prisma.account.update({
        where: { id: stranger.user.id },
        data: { roles: ['USER', 'MODERATOR'] },
        select: { id: true },
      });
      const admin = await auth.client.newPerson();
      await auth.harness.prisma.account.update({ where: { id: admin.user.id }, data: { roles: ['USER', 'ADMIN'] }, select: { id: true } });
      const tokenOf = async (name: string) => (await auth.client.mustLogin({ identifier: name })).accessToken;

      for (const [token, seen] of [
        [undefined, hidden],
        [await tokenOf(stranger.user.username), hidden],
        [await tokenOf(admin.user.username), { ...hidden, roles: ['USER'] }],
        [ada.accessToken, own],
      ] as const) {
        await expect(auth.harness.run(lookUp, { variables, token })).resolves.toEqual({ data: { user: seen, userByUsername: seen } });
      }
    });

    it('by reference finds those that exist, in order, and hides what a look-up hides', async () => {
      const [ada, bob] = [await auth.client.newPerson({ email: 'ada@example.org' }), await auth.client.newPerson()];
      const representations = [bob.user.id, 'nonsense', ada.user.id, randomUUID(), bob.user.id].map((id) => ({ __typename: 'User', id }));
      const found = await auth.harness.run(
        'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on User { username email } } }',
        {
          variables: { representations },
          token: bob.accessToken,
        },
      );
      const [bobSeen, adaSeen] = [bob, ada].map(({ user }) => ({ username: user.username, email: null }));
      expect(found).toEqual({ data: { _entities: [bobSeen, null, adaSeen, null, bobSeen] } });
    });

    it('is refused altogether with a bad token', async () => {
      await expect(auth.client.me('aaa.bbb.ccc')).rejects.toEqual(unauthenticated);
    });
  });

  it('keeps neither passwords, nor refresh tokens, nor private keys readable at rest', async () => {
    const password = 'a very secret passphrase';
    const person = await auth.client.newPerson({ password });
    const next = await auth.client.mustRefresh(person.refreshToken);
    const rows = JSON.stringify([
      await auth.harness.prisma.account.findMany(),
      await auth.harness.prisma.credential.findMany(),
      await auth.harness.prisma.refreshFamily.findMany(),
      await auth.harness.prisma.refreshToken.findMany(),
      await auth.harness.prisma.signingKey.findMany(),
      (await auth.harness.prisma.outboxEvent.findMany()).map(({ payload }) => payload),
    ]);
    for (const secret of [password, person.refreshToken, next.refreshToken, person.accessToken, '"d":']) expect(rows).not.toContain(secret);
    expect(rows).toContain('$argon2id$v=19$m=256,t=2,p=1$');
  });

  it('SECURITY 20: shows the public parts of its keys and nothing else', () => {
    for (const key of auth.harness.auth.jwks().keys) expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x']);
  });

  describe('the signing key', () => {
    it('SECURITY 20: is kept over a restart: tokens stay good', async () => {
      const person = await auth.client.newPerson();
      const restarted = await startAuth(await auth.opened.again());
      try {
        restarted.advance(auth.harness.now() - restarted.now());
        expect(restarted.auth.jwks()).toEqual(auth.harness.auth.jwks());
        await expect(restarted.run('{ me { id } }', { token: person.accessToken })).resolves.toEqual({
          data: { me: { id: person.user.id } },
        });
      } finally {
        await restarted.close();
      }
    });

    it('SECURITY 20: cannot be read with another secret, and the start says so', async () => {
      await expect(startAuth(await auth.opened.again(), { encryptionKey: encryptionKey.map((byte) => byte + 1) })).rejects.toThrow(
        'another secret',
      );
    });

    it('SECURITY 20: is one, however many processes start at once', async () => {
      const fresh = await open();
      const handles = [fresh.database, ...(await Promise.all(Array.from({ length: 4 }, () => fresh.again())))];
      const replicas = await Promise.all(handles.map((handle) => startAuth(handle)));
      try {
        const kids = replicas.map(({ auth }) => auth.jwks().keys.map(({ kid }) => kid));
        expect(new Set(kids.flat()).size).toBe(1);
        const [one, two] = replicas;
        const person = await createAuthClient({ run: (...args) => (one ?? auth.harness).run(...args) }).mustRegister({
          username: 'replicated',
        });
        await expect((two ?? auth.harness).run('{ me { id } }', { token: person.accessToken })).resolves.toEqual({
          data: { me: { id: person.user.id } },
        });
      } finally {
        for (const replica of replicas) await replica.close();
        await fresh.close();
      }
    });
  });
});
