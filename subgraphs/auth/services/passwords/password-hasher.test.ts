import { describe, expect, it } from '@jest/globals';
import { argon2i, hash } from 'argon2';
import { createBoundedQueue } from './bounded-queue.js';
import { argon2Parameters, createHashingQueue, createPasswordHasher, hashingConcurrency, type HashingQueue } from './password-hasher.js';

const account = { id: '019aa000-0000-7000-8000-000000000001' };

/** With room for `concurrency` and as many behind them as `maxWaiting`. */
function createQueue(concurrency = 4, maxWaiting = 100, onHash: () => void = () => undefined): HashingQueue {
  const queue = createBoundedQueue({ concurrency, maxWaiting, maxWaitMs: 60_000 });
  return {
    run: (task) => queue.run(task),
    hash(task) {
      onHash();
      return task();
    },
    load: () => queue.load(),
    close: () => queue.close(),
  };
}

function createSubject({ concurrency, maxWaiting }: { concurrency?: number; maxWaiting?: number } = {}) {
  let hashes = 0;
  const queue = createQueue(concurrency, maxWaiting, () => (hashes += 1));
  const hasher = createPasswordHasher({ queue, replaceHash: () => Promise.reject(new Error('nothing is to be replaced')) });
  return { hasher, hashes: () => hashes };
}

describe('the password hasher', () => {
  it('SECURITY 9: never finds a password right for an account without one, and does the same work for it', async () => {
    const { hasher, hashes } = createSubject();
    for (const candidate of [null, { account, passwordHash: null }]) {
      for (const password of ['', 'anything']) await expect(hasher.verify(() => Promise.resolve(candidate), password)).resolves.toBeNull();
    }
    expect(hashes()).toBe(4);
  });

  it('refuses what is not the password', async () => {
    const { hasher } = createSubject();
    const candidate = { account, passwordHash: await hasher.hash('correct horse') };
    const verify = (password: string) => hasher.verify(() => Promise.resolve(candidate), password);
    for (const wrong of ['', 'Correct horse', 'correct horse ', 'correct hors']) await expect(verify(wrong)).resolves.toBeNull();
    await expect(verify('correct horse')).resolves.toBe(candidate);
  });

  it('SECURITY 6: does not ask the database for anyone that it refuses for want of room', async () => {
    const { hasher } = createSubject({ concurrency: 1, maxWaiting: 1 });
    let finds = 0;
    const find = () => {
      finds += 1;
      return Promise.resolve(null);
    };
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => hasher.verify(find, 'anything')));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', ...Array.from({ length: 8 }, () => 'rejected')]);
    expect(finds).toBe(2);
  });

  it('SECURITY 3: hashes by argon2id with 19 MiB, 2 passes, 1 lane and a salt of 16 bytes of its own', async () => {
    const { hasher } = createSubject();
    const [one, two] = [await hasher.hash('same'), await hasher.hash('same')];
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(one).not.toBe(two);
  });

  it('SECURITY 6: leaves the event loop free while it hashes', async () => {
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

  it('SECURITY 6: runs no more hashes at once than there are threads, while others look up whom they belong to', async () => {
    const queue = createHashingQueue(2);
    let [finding, hashing, mostFinding, mostHashing] = [0, 0, 0, 0];
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    await Promise.all(
      Array.from({ length: 20 }, () =>
        queue.run(async () => {
          mostFinding = Math.max(mostFinding, (finding += 1));
          await turn();
          await queue.hash(async () => {
            mostHashing = Math.max(mostHashing, (hashing += 1));
            await turn();
            hashing -= 1;
          });
          finding -= 1;
        }),
      ),
    );
    expect({ mostFinding, mostHashing }).toEqual({ mostFinding: 4, mostHashing: 2 });
  });

  it('leaves a thread of the pool for everything else', () => {
    expect(hashingConcurrency(4, 16)).toBe(3);
    expect(hashingConcurrency(18, 16)).toBe(16);
    expect(hashingConcurrency(4, 2)).toBe(2);
    expect(hashingConcurrency(1, 1)).toBe(1);
  });
});

describe('SECURITY 5: hashing anew at sign-in', () => {
  const cheap = { ...argon2Parameters, memoryCost: 1024, timeCost: 1 };
  const password = 'Grüße, Galaxia';
  const ofBcrypt = 'as-typed:$2b$08$CdMUQwixR3OxsMNhlr0A4.lDRyqJoDL6RpOcCB0bJtkpHnSJ0A.F.';

  /** A store of one hash, with a hook before each replacement. */
  function createStore(first: string, beforeReplacing: (replacements: number) => void = () => undefined) {
    let stored = first;
    let replacements = 0;
    const hasher = createPasswordHasher({
      queue: createQueue(),
      replaceHash({ accountId, from, to }) {
        beforeReplacing((replacements += 1));
        if (accountId !== account.id || from !== stored) return Promise.resolve(false);
        stored = to;
        return Promise.resolve(true);
      },
      parameters: cheap,
    });
    return {
      hasher,
      stored: () => stored,
      replacements: () => replacements,
      store: (hash: string) => (stored = hash),
      verify: (given: string) => hasher.verify(() => Promise.resolve({ account, passwordHash: stored }), given),
    };
  }

  it('does not touch the hash when the password is wrong', async () => {
    const store = createStore(ofBcrypt);
    await expect(store.verify('Grüße, Galaxi')).resolves.toBeNull();
    expect(store.stored()).toBe(ofBcrypt);
  });

  it.each([
    ['of another algorithm', { ...cheap, type: argon2i as typeof argon2i }],
    ['of other memory', { ...cheap, memoryCost: 2048 }],
    ['of other passes', { ...cheap, timeCost: 2 }],
    ['of other lanes', { ...cheap, parallelism: 2 }],
  ])('replaces a hash %s, once', async (_name, parameters) => {
    const old = await hash(password, parameters);
    const store = createStore(old);
    const outcome = await store.verify(password);
    expect(outcome).toEqual({ account, passwordHash: store.stored() });
    expect(store.stored()).toMatch(/^\$argon2id\$v=19\$m=1024,t=1,p=1\$/);
    await expect(store.verify(password)).resolves.not.toBeNull();
    expect(store.replacements()).toBe(1);
  });

  it('replaces a hash of another system, after which the password is right however it is composed', async () => {
    const store = createStore(ofBcrypt);
    await expect(store.verify(password.normalize('NFD'))).resolves.toBeNull();
    await expect(store.verify(password)).resolves.not.toBeNull();
    expect(store.stored()).toMatch(/^\$argon2id\$/);
    await expect(store.verify(password.normalize('NFD'))).resolves.not.toBeNull();
  });

  it('lets all of many sign-ins at once in, and ends with one new hash', async () => {
    const store = createStore(ofBcrypt);
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => store.verify(password)));
    for (const outcome of outcomes) expect(outcome?.passwordHash).toBe(store.stored());
  });

  it('never brings an old password back that was changed meanwhile', async () => {
    const store: ReturnType<typeof createStore> = createStore(ofBcrypt, () => store.store(changed));
    const changed = await store.hasher.hash('another password');
    await expect(store.verify(password)).resolves.toBeNull();
    expect(store.stored()).toBe(changed);
  });

  it('gives up on a hash that changes every time', async () => {
    const others = await Promise.all(Array.from({ length: 4 }, () => hash(password, { ...cheap, timeCost: 2 })));
    const store: ReturnType<typeof createStore> = createStore(ofBcrypt, (replacements) => store.store(others[replacements] ?? ''));
    await expect(store.verify(password)).resolves.toBeNull();
    expect(store.replacements()).toBe(3);
  });
});
