import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { testDatabases } from '../../../../tests/testkit/services/databases.js';
import { text } from '../../../../tests/testkit/product/graphql-client.js';
import type { Json } from '../../../../tests/testkit/product/graphql-client.js';
import { ask, operations } from '../../tests/ask.js';
import { createAuthClient, goodPassword } from '../../tests/auth-client.js';
import { useAuth } from '../../tests/use-auth.js';

const databases = await testDatabases();

describe.each(databases)('guests on $name', ({ open }) => {
  const auth = useAuth(open, createAuthClient);
  let people = 0;

  const newName = () => `Linked_${String((people += 1))}`;
  const newDevice = () => ({ deviceId: randomUUID(), deviceSecret: `${randomUUID()}${randomUUID()}` });
  const play = (input: object) => ask(auth.harness, operations.loginWithDevice, { input });
  const link = (guest: Json, input: object) =>
    ask(auth.harness, operations.linkCredentials, { input: { password: goodPassword, ...input } }, { token: text(guest.accessToken) });
  const me = (token: unknown) => ask(auth.harness, operations.me, {}, { token: String(token) });

  describe('loginWithDevice', () => {
    it.each([
      ['deviceId', 'TOO_SHORT', 'x'.repeat(7), 'x'.repeat(8)],
      ['deviceId', 'TOO_LONG', 'x'.repeat(129), '🦄'.repeat(128)],
      ['deviceSecret', 'TOO_SHORT', 'x'.repeat(31), 'x'.repeat(32)],
      ['deviceSecret', 'TOO_LONG', 'x'.repeat(257), 'x'.repeat(256)],
      ['device', 'TOO_LONG', 'x'.repeat(101), 'x'.repeat(100)],
    ])('refuses a %s that is %s', async (path, code, bad, good) => {
      await expect(play({ ...newDevice(), [path]: bad })).resolves.toMatchObject({ fields: [{ path, code }] });
      await expect(play({ ...newDevice(), [path]: good })).resolves.toMatchObject({ __typename: 'AuthPayload' });
    });

    it('refuses a wrong secret, and remembers that', async () => {
      const device = newDevice();
      const guest = await play(device);
      const wrong = await play({ ...device, deviceSecret: newDevice().deviceSecret });
      expect(wrong).toMatchObject({ __typename: 'InvalidCredentialsError', code: 'INVALID_CREDENTIALS' });
      const { nodes } = await ask(auth.harness, operations.auditLog, {}, { token: text(guest.accessToken) });
      expect(nodes).toMatchObject([{ action: 'LOGIN_FAILED', details: { method: 'device' } }, { action: 'GUEST_CREATED' }]);
    });

    it('lets through one of many in one operation', async () => {
      const { errors } = await auth.harness.run(
        'mutation ($input: LoginWithDeviceInput!) { a: loginWithDevice(input: $input) { __typename } b: loginWithDevice(input: $input) { __typename } }',
        { variables: { input: newDevice() } },
      );
      expect(errors).toHaveLength(1);
    });

    it('makes a guest with a legal name of their own', async () => {
      const guest = await play(newDevice());
      expect(guest.user).toMatchObject({ guest: true, email: null, emailVerified: null, roles: ['USER'] });
      expect(guest.user?.username).toMatch(/^Guest_[a-z0-9]{8}$/);
      await auth.harness.untilPublished((events) =>
        events.some(({ type, key }) => type === 'user.registered' && key === text(guest.user?.id)),
      );
    });

    it('resumes the same guest in a new session', async () => {
      const device = newDevice();
      const first = await play(device);
      const second = await play(device);
      expect(second.user?.id).toBe(first.user?.id);
      expect(second.session?.id).not.toBe(first.session?.id);
    });

    it('makes one guest when many first sign-ins come at once', async () => {
      const device = newDevice();
      const answers = await Promise.all(Array.from({ length: 10 }, () => play(device)));
      expect(new Set(answers.map(({ user }) => text(user?.id))).size).toBe(1);
      expect(new Set(answers.map(({ session }) => text(session?.id))).size).toBe(10);
    });

    it('lets one win when two devices claim one id at once', async () => {
      const deviceId = randomUUID();
      const answers = await Promise.all([play({ ...newDevice(), deviceId }), play({ ...newDevice(), deviceId })]);
      expect(answers.map(({ __typename }) => text(__typename)).sort()).toEqual(['AuthPayload', 'InvalidCredentialsError']);
    });

    it('keeps neither the id nor the secret of a device', async () => {
      const device = newDevice();
      await play(device);
      const rows = JSON.stringify(await auth.harness.prisma.guestDevice.findMany());
      expect(rows).not.toContain(device.deviceId);
      expect(rows).not.toContain(device.deviceSecret);
    });
  });

  describe('linkCredentials', () => {
    it('refuses an anonymous caller', async () => {
      await expect(
        ask(auth.harness, operations.linkCredentials, { input: { username: newName(), password: goodPassword } }),
      ).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    });

    it('refuses a name that is taken or illegal, a bad password and a bad address, and changes nothing', async () => {
      const taken = newName();
      await auth.client.mustRegister({ username: taken });
      const guest = await play(newDevice());
      await expect(link(guest, { username: taken.toUpperCase() })).resolves.toMatchObject({ code: 'USERNAME_TAKEN' });
      await expect(link(guest, { username: 'admin', password: 'short', email: 'nobody' })).resolves.toMatchObject({
        fields: [
          { path: 'username', code: 'RESERVED' },
          { path: 'email', code: 'INVALID' },
          { path: 'password', code: 'TOO_SHORT' },
        ],
      });
      await expect(me(guest.accessToken)).resolves.toMatchObject({ guest: true, username: guest.user?.username });
    });

    it('makes a full account of the guest: same id, new name, device and session stay', async () => {
      const device = newDevice();
      const guest = await play(device);
      const username = newName();
      const linked = await link(guest, { username, email: `${username}@example.org` });
      expect(linked).toMatchObject({
        __typename: 'LinkCredentialsPayload',
        user: { id: guest.user?.id, username, guest: false, email: `${username}@example.org`, emailVerified: false },
      });
      await expect(auth.client.mustLogin({ identifier: username })).resolves.toMatchObject({ user: { id: guest.user?.id } });
      await expect(play(device)).resolves.toMatchObject({ user: { id: guest.user?.id, username } });
      await expect(me(guest.accessToken)).resolves.toMatchObject({ username });
      await auth.harness.untilPublished((events) =>
        events.some(({ type, key }) => type === 'user.renamed' && key === text(guest.user?.id)),
      );
    });

    it('refuses a second time, also when two come at once', async () => {
      const guest = await play(newDevice());
      const answers = await Promise.all([link(guest, { username: newName() }), link(guest, { username: newName() })]);
      expect(answers.map(({ __typename }) => text(__typename)).sort()).toEqual(['AlreadyLinkedError', 'LinkCredentialsPayload']);
      await expect(link(guest, { username: newName() })).resolves.toMatchObject({ code: 'ALREADY_LINKED' });
      const { accessToken } = await auth.client.mustRegister({ username: newName() });
      await expect(
        ask(auth.harness, operations.linkCredentials, { input: { username: newName(), password: goodPassword } }, { token: accessToken }),
      ).resolves.toMatchObject({ code: 'ALREADY_LINKED' });
    });

    it('keeps the device until the password is changed', async () => {
      const device = newDevice();
      const guest = await play(device);
      await link(guest, { username: newName() });
      const input = { currentPassword: goodPassword, newPassword: 'another fine password' };
      await ask(auth.harness, operations.changePassword, { input }, { token: text(guest.accessToken) });
      const stranger = await play(device);
      expect(stranger.user?.id).not.toBe(guest.user?.id);
      expect(stranger.user?.guest).toBe(true);
    });
  });
});
