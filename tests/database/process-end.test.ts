import { expect, it } from '@jest/globals';
import { startChild } from './children.js';

it('A process that has migrated and closed its database is not held by a timer of Prisma or PGlite', async () => {
  const child = startChild('end-child.ts', []);
  expect(await child.nextLine()).toBe('0');
  await child.kill();
}, 60_000);
