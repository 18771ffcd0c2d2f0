import { describe, expect, it } from '@jest/globals';
import { testDatabases } from '../../../../tests/testkit/services/databases.js';
import { text } from '../../../../tests/testkit/product/graphql-client.js';
import { ask, operations } from '../../tests/ask.js';
import { createAuthClient, type Payload } from '../../tests/auth-client.js';
import { startAuth } from '../../tests/auth-harness.js';
import { useAuth } from '../../tests/use-auth.js';
import { usernameCooldownMs, usernameHoldMs } from './username-holds.js';

const databases = await testDatabases();

describe.each(databases)('usernames on $name', ({ open }) => {
  const auth = useAuth(open, createAuthClient);
  let people = 0;

  const newName = () => `Name_${String((people += 1))}`;
  const newPerson = () => auth.client.mustRegister({ username: newName() });
  const rename = (person: Pick<Payload, 'accessToken'>, username: string) =>
    ask(auth.harness, operations.changeUsername, { input: { username } }, { token: person.accessToken });
  const again = (person: Payload, username = person.user.username) => auth.client.mustLogin({ identifier: username });
  const available = (username: string, token?: string) => ask(auth.harness, operations.availability, { username }, { token });

  describe('changeUsername', () => {
    it('refuses an anonymous caller', async () => {
      await expect(ask(auth.harness, operations.changeUsername, { input: { username: newName() } })).rejects.toMatchObject({
        code: 'UNAUTHENTICATED',
      });
    });

    it.each([
      ['ab', 'TOO_SHORT'],
      ['1abc', 'MUST_START_WITH_LETTER'],
      ['support', 'RESERVED'],
      ['dash-ed', 'INVALID_CHARS'],
    ])('refuses the name "%s" with %s', async (username, code) => {
      await expect(rename(await newPerson(), username)).resolves.toMatchObject({ fields: [{ path: 'username', code }] });
    });

    it("refuses somebody else's name, whatever its capitals", async () => {
      const ada = await newPerson();
      const eve = await newPerson();
      await expect(rename(eve, ada.user.username.toUpperCase())).resolves.toMatchObject({ code: 'USERNAME_TAKEN' });
    });

    it('gives the new name at once, announces it, and puts it into the next access token', async () => {
      const ada = await newPerson();
      const username = newName();
      await expect(rename(ada, username)).resolves.toMatchObject({ user: { id: ada.user.id, username } });
      await expect(again(ada, username)).resolves.toMatchObject({ user: { id: ada.user.id } });
      await expect(auth.client.login({ identifier: ada.user.username })).resolves.toMatchObject({ code: 'INVALID_CREDENTIALS' });
      const refreshed = await auth.client.mustRefresh(ada.refreshToken);
      const claims = JSON.parse(Buffer.from(refreshed.accessToken.split('.')[1] ?? '', 'base64url').toString()) as { username: string };
      expect(claims.username).toBe(username);
      await auth.harness.untilPublished((events) => events.some(({ type, key }) => type === 'user.renamed' && key === ada.user.id));
      expect(auth.harness.events.find(({ type, key }) => type === 'user.renamed' && key === ada.user.id)?.payload).toEqual({
        userId: ada.user.id,
        username,
        previousUsername: ada.user.username,
      });
    });

    it('lets the next change come after 30 days, and a change of capitals at any time', async () => {
      const ada = await newPerson();
      const username = newName();
      await rename(ada, username);
      const refused = await rename(ada, newName());
      expect(refused).toMatchObject({
        code: 'USERNAME_COOLDOWN',
        retryAt: new Date(auth.harness.now() + usernameCooldownMs).toISOString(),
      });
      await expect(rename(ada, username.toUpperCase())).resolves.toMatchObject({ user: { username: username.toUpperCase() } });
      auth.harness.advance(usernameCooldownMs - 1);
      const before = await again(ada, username);
      await expect(rename(before, newName())).resolves.toMatchObject({ code: 'USERNAME_COOLDOWN' });
      auth.harness.advance(1);
      const next = newName();
      await expect(rename(before, next)).resolves.toMatchObject({ user: { username: next } });
    });

    it('keeps the old name for its owner alone for 30 days', async () => {
      const ada = await newPerson();
      const eve = await newPerson();
      const old = ada.user.username;
      await rename(ada, newName());
      await expect(auth.client.register({ username: old.toUpperCase() })).resolves.toMatchObject({ code: 'USERNAME_TAKEN' });
      await expect(rename(eve, old)).resolves.toMatchObject({ code: 'USERNAME_TAKEN' });
      await expect(available(old)).resolves.toMatchObject({ available: false, code: 'TAKEN' });
      await expect(available(old, eve.accessToken)).resolves.toMatchObject({ available: false, code: 'TAKEN' });
      await expect(available(old, ada.accessToken)).resolves.toMatchObject({ available: true, code: null });
      expect(JSON.stringify(await auth.harness.prisma.usernameHold.findMany())).not.toMatch(new RegExp(old, 'i'));
      auth.harness.advance(usernameHoldMs - 1);
      await expect(auth.client.register({ username: old })).resolves.toMatchObject({ code: 'USERNAME_TAKEN' });
      auth.harness.advance(1);
      await expect(auth.client.mustRegister({ username: old })).resolves.toMatchObject({ user: { username: old } });
    });

    it('gives the owner the old name back', async () => {
      const ada = await newPerson();
      const between = newName();
      await rename(ada, between);
      auth.harness.advance(usernameCooldownMs);
      await expect(rename(await again(ada, between), ada.user.username)).resolves.toMatchObject({ user: { username: ada.user.username } });
      await expect(auth.client.register({ username: between })).resolves.toMatchObject({ code: 'USERNAME_TAKEN' });
    });

    it('lets one of many have a name that they want at once, and nobody the name that is given up meanwhile', async () => {
      const people = await Promise.all(Array.from({ length: 8 }, () => newPerson()));
      const [owner, ...others] = people;
      if (owner === undefined) throw new Error('nobody registered');
      const wanted = newName();
      const answers = await Promise.all([
        ...people.map((person) => rename(person, wanted)),
        ...others.map(() => auth.client.register({ username: wanted })),
      ]);
      const kinds = answers.map(({ __typename }) => text(__typename));
      expect(kinds.filter((kind) => kind === 'ChangeUsernamePayload' || kind === 'AuthPayload')).toHaveLength(1);
      expect(kinds.filter((kind) => kind === 'UsernameTakenError')).toHaveLength(kinds.length - 1);
    });

    it('holds a name against those who wait for it at the moment when it is given up', async () => {
      for (let round = 0; round < 5; round += 1) {
        const ada = await newPerson();
        const old = ada.user.username;
        const answers = await Promise.all([
          rename(ada, newName()),
          ...Array.from({ length: 4 }, () => auth.client.register({ username: old })),
        ]);
        expect(answers.map(({ __typename }) => text(__typename))).toEqual([
          'ChangeUsernamePayload',
          ...Array.from({ length: 4 }, () => 'UsernameTakenError'),
        ]);
      }
    });

    it('changes once when one person asks for two names at once', async () => {
      const ada = await newPerson();
      const answers = await Promise.all([rename(ada, newName()), rename(ada, newName())]);
      expect(answers.map(({ __typename }) => text(__typename)).sort()).toEqual(['ChangeUsernamePayload', 'UsernameCooldownError']);
    });
  });

  describe('usernameAvailability', () => {
    it.each([
      ['', 'EMPTY'],
      ['ab', 'TOO_SHORT'],
      ['a'.repeat(25), 'TOO_LONG'],
      ['has blank', 'INVALID_CHARS'],
      ['_abc', 'MUST_START_WITH_LETTER'],
      ['Admin', 'RESERVED'],
    ])('says of "%s" that it is %s', async (username, code) => {
      await expect(available(username)).resolves.toMatchObject({ available: false, code });
    });

    it('says whether a name is taken', async () => {
      const ada = await newPerson();
      await expect(available(ada.user.username.toLowerCase())).resolves.toMatchObject({ available: false, code: 'TAKEN' });
      await expect(available(newName())).resolves.toEqual({ available: true, code: null, message: null });
    });

    it('is refused to a network that asks too often', async () => {
      const strict = await startAuth(await auth.opened.again(), { rateLimitScale: 0.01 });
      const look = () => ask(strict, operations.availability, { username: 'somebody' }, { clientIp: '203.0.113.7' });
      await look();
      await expect(Promise.all(Array.from({ length: 5 }, look))).rejects.toMatchObject({ code: 'RATE_LIMITED' });
      await strict.close();
    });
  });
});
