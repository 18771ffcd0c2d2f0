import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../../shared/config/environment.js';
import { DataDirInUseError } from '../../../shared/database/embedded/data-dir-lock.js';
import { createAuthPrisma } from '../data/prisma.js';
import { createSigningKeyRepository } from '../data/signing-key-repository.js';
import { openAuthData } from './auth-data.js';
import { runKeyCommand } from './key-rotation-command.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxia-keys-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('npm run rotate-keys', () => {
  it('says what is wrong with the environment', async () => {
    await expect(openAuthData({ AUTH_DATABASE_URL: 'mysql://localhost/auth' })).rejects.toBeInstanceOf(ConfigurationError);
  });

  const notOpened = () => Promise.reject(new Error('nothing is to be opened for that'));

  it.each([[['--revoke']], [['--revoke', '']], [['--revoke', 'kid', '--list']], [['kid']], [['--force']]])(
    'refuses %j as wrong usage',
    async (args) => {
      await expect(runKeyCommand(args, notOpened)).resolves.toMatchObject({ status: 2 });
    },
  );

  it.each(['-5sKx', '--5sKx', '_5sKx'])('takes the kid %s for what it is', async (kid) => {
    await expect(runKeyCommand(['--revoke', kid], notOpened)).rejects.toThrow('nothing is to be opened');
  });

  it.each([[['--revoke', '--list']], [['--revoke', '--help', '--list']]])('does not take the options in %j for a kid', async (args) => {
    await expect(runKeyCommand(args, notOpened)).resolves.toMatchObject({ status: 2 });
  });

  it('explains itself', async () => {
    await expect(runKeyCommand(['--help'], notOpened)).resolves.toMatchObject({ status: 0, output: expect.stringContaining('--revoke') });
  });

  it('SECURITY 20: makes the next key in a data folder that nobody uses, once while that one waits, and never with another secret', async () => {
    const data = await openAuthData({ DATA_DIR: folder, GATEWAY_SECRET: 'of no concern to an embedded database' });
    try {
      await expect(openAuthData({ DATA_DIR: folder })).rejects.toBeInstanceOf(DataDirInUseError);
      const now = Date.parse('2026-01-01T00:00:00Z');
      const run = async (at: number, from = data) => {
        const { output } = await runKeyCommand(
          [],
          () => Promise.resolve({ ...from, close: () => Promise.resolve() }),
          () => at,
        );
        return output;
      };
      await expect(run(now)).resolves.toContain('2026-01-01T00:00:00.000Z');
      await expect(run(now + 1)).resolves.toContain('2026-01-01T01:00:00.001Z');
      await expect(run(now + 2)).resolves.toContain('waiting already');
      const stranger = { ...data, encryptionKey: new Uint8Array(32) };
      await expect(run(now + 7_200_000, stranger)).rejects.toThrow('another secret');
      const prisma = createAuthPrisma(data.database);
      expect((await createSigningKeyRepository(prisma).list()).map(({ sequence }) => sequence)).toEqual([1, 2]);
      const told = await prisma.auditEvent.findMany({ select: { action: true, accountId: true } });
      expect(told).toEqual([{ action: 'SIGNING_KEY_ROTATED', accountId: null }]);
      await prisma.$disconnect();
    } finally {
      await data.close();
    }
    const again = await openAuthData({ DATA_DIR: folder });
    await again.close();
  });
});
