import { describe, expect, it } from '@jest/globals';
import { createBoundedQueue, type BoundedQueue } from './bounded-queue.js';
import { createPasswordHasher, hashingConcurrency } from './password-hasher.js';

function createSubject(queue: BoundedQueue = createBoundedQueue({ concurrency: 2, maxWaiting: 10, maxWaitMs: 60_000 })) {
  let runs = 0;
  const counted: BoundedQueue = {
    run: (task) => {
      runs += 1;
      return queue.run(task);
    },
    close: () => queue.close(),
  };
  return { hasher: createPasswordHasher(counted), runs: () => runs };
}

describe('the password hasher', () => {
  it('never finds a password right for an account without one, and does the same work for it', async () => {
    const { hasher, runs } = createSubject();
    for (const candidate of [null, { passwordHash: null }]) {
      for (const password of ['', 'anything']) await expect(hasher.verify(() => Promise.resolve(candidate), password)).resolves.toBeNull();
    }
    expect(runs()).toBe(4);
  });

  it('refuses what is not the password', async () => {
    const { hasher } = createSubject();
    const candidate = { passwordHash: await hasher.hash('correct horse') };
    const verify = (password: string) => hasher.verify(() => Promise.resolve(candidate), password);
    for (const wrong of ['', 'Correct horse', 'correct horse ', 'correct hors']) await expect(verify(wrong)).resolves.toBeNull();
    await expect(verify('correct horse')).resolves.toBe(candidate);
  });

  it('does not ask the database for anyone that it refuses for want of room', async () => {
    const { hasher } = createSubject(createBoundedQueue({ concurrency: 1, maxWaiting: 1, maxWaitMs: 60_000 }));
    let finds = 0;
    const find = () => {
      finds += 1;
      return Promise.resolve(null);
    };
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => hasher.verify(find, 'anything')));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', ...Array.from({ length: 8 }, () => 'rejected')]);
    expect(finds).toBe(2);
  });

  it('hashes by argon2id with 19 MiB, 2 passes, 1 lane and a salt of 16 bytes of its own', async () => {
    const { hasher } = createSubject();
    const [one, two] = [await hasher.hash('same'), await hasher.hash('same')];
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(one).not.toBe(two);
  });

  it('leaves the event loop free while it hashes', async () => {
    const { hasher } = createSubject();
    let turns = 0;
    let isDone = false;
    const turn = () => {
      turns += 1;
      if (!isDone) setImmediate(turn);
    };
    setImmediate(turn);
    await Promise.all([hasher.hash('one'), hasher.hash('two')]);
    isDone = true;
    expect(turns).toBeGreaterThan(20);
  });

  it('leaves a thread of the pool for everything else', () => {
    expect(hashingConcurrency(4, 16)).toBe(3);
    expect(hashingConcurrency(18, 16)).toBe(16);
    expect(hashingConcurrency(4, 2)).toBe(2);
    expect(hashingConcurrency(1, 1)).toBe(1);
  });
});
