import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { testDatabases } from '../../../../tests/testkit/services/databases.js';
import { createLogger } from '../../../../shared/logging/logger.js';
import { openImagesDatabase, type ImagesDatabase } from '../../tests/images-database.js';
import { createObjectRemovals, type ObjectRemovals } from './object-removals.js';

const databases = await testDatabases();
const logger = createLogger({ name: 'test', level: 'silent' });
const minute = 60_000;

describe.each(databases)('Objects down for removal on $name', ({ open }) => {
  let here: ImagesDatabase;
  let there: ImagesDatabase;
  let close: () => Promise<void>;
  /** What the store was asked to delete. */
  let deleted: string[];
  let isStoreDown: boolean;
  let now: number;

  beforeAll(async () => {
    ({ here, there, close } = await openImagesDatabase(open));
  }, 120_000);
  afterAll(() => close());
  beforeEach(async () => {
    await here.prisma.objectRemoval.deleteMany();
    deleted = [];
    isStoreDown = false;
    now = 0;
  });

  function removalsOf({ removals: repository }: ImagesDatabase): ObjectRemovals {
    const objects = {
      delete(key: string) {
        if (isStoreDown) return Promise.reject(new Error('no store'));
        deleted.push(key);
        return Promise.resolve();
      },
    };
    return createObjectRemovals({ repository, objects, logger, now: () => now });
  }

  const newKeys = (count = 2) => Array.from({ length: count }, (_, index) => `images/${index}-${randomUUID()}`).sort();

  it('stay for an hour, and not longer', async () => {
    const keys = newKeys();
    await removalsOf(here).reserve(keys);
    now = 60 * minute - 1;
    expect(await removalsOf(there).sweep()).toBe(0);
    expect(deleted).toEqual([]);
    now += 1;
    expect(await removalsOf(there).sweep()).toBe(2);
    expect(deleted.sort()).toEqual(keys);
    expect(await here.down(keys)).toEqual([]);
  });

  it('are reserved by one alone, all or none', async () => {
    const [taken = '', free = ''] = newKeys();
    expect(await removalsOf(here).reserve([taken])).toEqual({ keys: [taken], dueAt: new Date(60 * minute) });
    expect(await removalsOf(there).reserve([taken, free])).toBeNull();
    expect(await here.down([taken, free])).toEqual([taken]);
  });

  it('go at once when they are carried out', async () => {
    const keys = newKeys();
    const reservation = await removalsOf(here).reserve(keys);
    if (reservation !== null) await removalsOf(here).carryOut(reservation);
    expect(deleted).toEqual(keys);
    expect(await here.down(keys)).toEqual([]);
  });

  it('are not lost while the store is down, nor when a process ends in the middle', async () => {
    const [first = '', second = ''] = newKeys();
    const reservation = await removalsOf(here).reserve([first, second]);
    isStoreDown = true;
    if (reservation !== null) await removalsOf(here).carryOut(reservation);
    expect(await here.down([first, second])).toEqual([first, second]);

    now = 60 * minute;
    await expect(removalsOf(here).sweep()).rejects.toThrow('no store');
    isStoreDown = false;
    // Whoever has claimed them may still be at it.
    now += 10 * minute - 1;
    expect(await removalsOf(there).sweep()).toBe(0);
    now += 1;
    expect(await removalsOf(there).sweep()).toBe(2);
    expect(await here.down([first, second])).toEqual([]);
  });

  it('are removed once by several processes, however many they are', async () => {
    const keys = newKeys(250);
    await removalsOf(here).reserve(keys);
    now = 60 * minute;
    const counts = await Promise.all([here, there, here, there].map((process) => removalsOf(process).sweep()));
    expect(counts.reduce((sum, count) => sum + count)).toBe(250);
    expect(deleted.sort()).toEqual(keys);
  });

  it('end with the process, all but the batch under way', async () => {
    await removalsOf(here).reserve(newKeys(250));
    now = 60 * minute;
    expect(await removalsOf(here).sweep(AbortSignal.abort())).toBe(100);
    expect(await removalsOf(here).sweep()).toBe(150);
  });

  it('are not crossed out by whoever comes too late', async () => {
    const keys = newKeys();
    const late = await removalsOf(here).reserve(keys);
    const until = new Date(120 * minute);
    await there.removals.claim({ now: new Date(60 * minute), until, limit: 100 });
    if (late !== null) await here.removals.forget(late);
    expect(await here.down(keys)).toEqual(keys);
    await there.removals.forget({ keys, dueAt: until });
    expect(await here.down(keys)).toEqual([]);
  });
});
