import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataDirInUseError, lockDataDir } from '../../../shared/database/embedded/data-dir-lock.js';
import { testDatabases, type OpenedDatabase } from '../../../tests/testkit/services/databases.js';
import { createAuthClient } from '../tests/auth-client.js';
import { startAuth, type AuthHarness } from '../tests/auth-harness.js';
import { runAdminCommand } from './admin-command.js';
import { openAuthData } from './auth-data.js';

const databases = await testDatabases();

describe('npm run admin', () => {
  const notOpened = () => Promise.reject(new Error('nothing is to be opened for that'));

  it('explains itself', async () => {
    await expect(runAdminCommand(['--help'], notOpened)).resolves.toMatchObject({ status: 0, output: expect.stringContaining('grant') });
  });

  it.each([
    [[]],
    [['grant']],
    [['grant', 'Ada', 'ADMIN', 'Eve']],
    [['grant', 'Ada', 'USER']],
    [['grant', 'Ada', 'GOD']],
    [['list', 'Ada']],
    [['promote', 'Ada']],
    [['--force']],
  ])('refuses %j as wrong usage', async (args) => {
    await expect(runAdminCommand(args, notOpened)).resolves.toMatchObject({ status: 2 });
  });

  it('says so when the product is running on the data folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'galaxia-admin-'));
    const lock = await lockDataDir(folder);
    await expect(runAdminCommand(['list'], () => openAuthData({ DATA_DIR: folder }))).rejects.toBeInstanceOf(DataDirInUseError);
    await lock.release();
    await rm(folder, { recursive: true, force: true });
  });

  describe.each(databases)('on $name', ({ open }) => {
    let opened: OpenedDatabase;
    let harness: AuthHarness;

    beforeAll(async () => {
      opened = await open();
      harness = await startAuth(opened.database);
    }, 120_000);
    afterAll(async () => {
      await harness.close();
      await opened.close();
    });

    const run = (...args: string[]) =>
      runAdminCommand(args, async () => ({ database: await opened.again(), close: () => Promise.resolve() }));

    it('says that there is nobody yet', async () => {
      await expect(run('list')).resolves.toMatchObject({ status: 0, output: expect.stringContaining('no administrator') });
    });

    it('knows nobody by a name that nobody has', async () => {
      await expect(run('grant', 'nobody_here')).resolves.toMatchObject({ status: 1, output: expect.stringContaining('no user') });
    });

    it('makes and unmakes administrators and moderators, audited, and keeps the last administrator', async () => {
      const client = createAuthClient(harness);
      const ada = await client.mustRegister({ username: 'Ada' });
      await client.mustRegister({ username: 'Eve' });
      await expect(run('grant', 'ADA')).resolves.toEqual({ status: 0, output: 'Ada has the role ADMIN.' });
      await expect(run('grant', 'Ada')).resolves.toMatchObject({ status: 0, output: expect.stringContaining('already') });
      await expect(run('grant', 'eve', 'moderator')).resolves.toMatchObject({ status: 0 });
      await expect(run('list')).resolves.toEqual({ status: 0, output: 'Ada  ADMIN\nEve  MODERATOR' });
      await expect(client.mustLogin({ identifier: 'Ada' })).resolves.toMatchObject({ user: { roles: ['USER', 'ADMIN'] } });
      await expect(run('revoke', 'Ada')).resolves.toMatchObject({ status: 1, output: expect.stringContaining('last administrator') });
      await run('grant', 'Eve');
      const { accessToken: token } = await client.mustLogin({ identifier: 'Ada' });
      await expect(run('revoke', 'Ada')).resolves.toMatchObject({ status: 0 });
      // By the outbox, which the server beside it looks into every second.
      await harness.untilPublished(
        (events) => events.filter(({ type, key }) => type === 'session.ended' && key === ada.user.id).length === 3,
      );
      await harness.untilRefused(token);
      await expect(run('revoke', 'Ada')).resolves.toMatchObject({ status: 0, output: expect.stringContaining('does not have') });
      await expect(run('list')).resolves.toEqual({ status: 0, output: 'Eve  MODERATOR, ADMIN' });
      const events = await harness.prisma.auditEvent.findMany({ where: { accountId: ada.user.id, action: 'ROLES_CHANGED' } });
      expect(events).toHaveLength(2);
    });
  });
});
