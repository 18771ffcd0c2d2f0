import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { argon2id, hash, verify } from 'argon2';
import { createBoundedQueue, type BoundedQueue } from './bounded-queue.js';

/** argon2id as the OWASP cheat sheet for password storage advises: 19 MiB, 2 passes, 1 lane. */
export const argon2Parameters = { type: argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1, hashLength: 32 } as const;
const saltLength = 16;
/** libuv's own default of `UV_THREADPOOL_SIZE`. */
const defaultThreadPoolSize = 4;

export interface PasswordHasher {
  /** PHC string of the password. Throws an `UNAVAILABLE` `AppError` when too many wait. */
  hash(password: string): Promise<string>;
  /**
   * The candidate that `find` answers, when `password` is theirs, else null. Takes as long when there is none and when it has no
   * password, so that the time tells nothing. `find` waits for its turn as well: a flood of logins is no flood of queries. Throws an
   * `UNAVAILABLE` `AppError` when too many wait.
   */
  verify<Candidate extends { readonly passwordHash: string | null }>(
    find: () => Promise<Candidate | null>,
    password: string,
  ): Promise<Candidate | null>;
  close(): Promise<void>;
}

/**
 * How many hashes run at once. They run on libuv's threads, which also sign and verify tokens, read files and resolve names; so one
 * thread stays free for those. Set `UV_THREADPOOL_SIZE` to the number of cores plus two or more to use all cores for hashing.
 */
export function hashingConcurrency(threadPoolSize = defaultThreadPoolSize, cores = availableParallelism()): number {
  return Math.max(1, Math.min(cores, threadPoolSize - 1));
}

/** A bounded wait of about three seconds on any machine: a hash takes some 25 ms, and the queue is longer where more run at once. */
export function createHashingQueue(concurrency = hashingConcurrency()): BoundedQueue {
  return createBoundedQueue({ concurrency, maxWaiting: concurrency * 100, maxWaitMs: 8_000 });
}

export function createPasswordHasher(queue: BoundedQueue): PasswordHasher {
  // A hash of nothing: checking against it costs as much as against a real one of the current parameters.
  const dummy = dummyPhc();
  return {
    hash: (password) => queue.run(() => hash(normalise(password), argon2Parameters)),
    verify: (find, password) =>
      queue.run(async () => {
        const candidate = await find();
        const isRight = await verify(candidate?.passwordHash ?? dummy, normalise(password));
        return isRight && candidate?.passwordHash !== null ? candidate : null;
      }),
    close: () => queue.close(),
  };
}

/** NFKC alone (SP 800-63B, 3.1.1.2): the same password typed on another keyboard has the same bytes. Nothing is trimmed or cut off. */
export function normalise(password: string): string {
  return password.normalize('NFKC');
}

function dummyPhc(): string {
  const { memoryCost, timeCost, parallelism, hashLength } = argon2Parameters;
  const part = (length: number) => randomBytes(length).toString('base64').replace(/=+$/, '');
  return `$argon2id$v=19$m=${String(memoryCost)},t=${String(timeCost)},p=${String(parallelism)}$${part(saltLength)}$${part(hashLength)}`;
}
