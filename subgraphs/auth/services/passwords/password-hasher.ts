import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { argon2id, hash as argon2, needsRehash, verify as verifyArgon2 } from 'argon2';
import { createBoundedQueue, type BoundedQueue } from './bounded-queue.js';
import { createImportedHashes } from './imported-hash.js';

/** argon2id as the OWASP cheat sheet for password storage advises: 19 MiB, 2 passes, 1 lane. */
export const argon2Parameters = { type: argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1, hashLength: 32 } as const;
export type Argon2Parameters = Readonly<Record<'memoryCost' | 'timeCost' | 'parallelism' | 'hashLength', number>> & {
  readonly type: typeof argon2id;
};
const saltLength = 16;
/** libuv's own default of `UV_THREADPOOL_SIZE`. */
export const defaultThreadPoolSize = 4;

export interface PasswordHasher {
  /** PHC string of the password. Throws an `UNAVAILABLE` `AppError` when too many wait. */
  hash(password: string): Promise<string>;
  /**
   * The candidate that `find` answers, when `password` is theirs, else null. Takes as long when there is none and when it has no
   * password, so that the time tells nothing. `find` waits for its turn as well: a flood of logins is no flood of queries. A right
   * password whose hash is not of the current algorithm and parameters is hashed anew. Throws an `UNAVAILABLE` `AppError` when too many
   * wait.
   */
  verify<Candidate extends PasswordCandidate>(find: () => Promise<Candidate | null>, password: string): Promise<Candidate | null>;
  close(): Promise<void>;
}

export interface PasswordCandidate {
  readonly account: { readonly id: string };
  /** What `hash` answered, or the importer stored; null for an account that has no password. */
  readonly passwordHash: string | null;
}

/** Stores `to` unless the hash is not `from` any more: someone who changes the password meanwhile must not get the old one back. */
export type ReplaceHash = (replacement: { accountId: string; from: string; to: string }) => Promise<boolean>;

/**
 * How many hashes run at once. They run on libuv's threads, which also sign and verify tokens, read files and resolve names; so one
 * thread stays free for those. Set `UV_THREADPOOL_SIZE` to the number of cores plus two or more to use all cores for hashing.
 */
export function hashingConcurrency(threadPoolSize = defaultThreadPoolSize, cores = availableParallelism()): number {
  return Math.max(1, Math.min(cores, threadPoolSize - 1));
}

/** Where passwords wait for their turn. */
export interface HashingQueue extends BoundedQueue {
  /** Runs one hash within a task of `run`, when a thread is free for it. */
  hash<Result>(task: () => Promise<Result>): Promise<Result>;
}

/**
 * A bounded wait of about three seconds on any machine: a hash takes some 25 ms, and the queue is longer where more run at once. Twice as
 * many tasks are under way as hashes: while some hash, others ask the database, else the threads would be idle meanwhile.
 */
export function createHashingQueue(threads = hashingConcurrency()): HashingQueue {
  const tasks = createBoundedQueue({ concurrency: threads * 2, maxWaiting: threads * 99, maxWaitMs: 8_000 });
  // Bounded by the tasks under way.
  const hashes = createBoundedQueue({ concurrency: threads, maxWaiting: Infinity, maxWaitMs: Infinity });
  return { run: (task) => tasks.run(task), hash: (task) => hashes.run(task), load: () => tasks.load(), close: () => tasks.close() };
}

export function createPasswordHasher({
  queue,
  replaceHash,
  parameters = argon2Parameters,
}: {
  readonly queue: HashingQueue;
  readonly replaceHash: ReplaceHash;
  readonly parameters?: Argon2Parameters | undefined;
}): PasswordHasher {
  // A hash of nothing: checking against it costs as much as against a real one of the current parameters.
  const dummy = dummyPhc(parameters);
  const imported = createImportedHashes();

  async function isRight(stored: string | null, password: string): Promise<boolean> {
    const check = stored === null ? null : imported.read(stored);
    if (check?.kind === 'imported') return queue.hash(() => check.verify(password));
    const isMatch = await queue.hash(() => verifyArgon2(check?.kind === 'own' ? check.phc : dummy, normalise(password)));
    return isMatch && check !== null;
  }

  async function check<Candidate extends PasswordCandidate>(
    find: () => Promise<Candidate | null>,
    password: string,
    triesLeft: number,
  ): Promise<Candidate | null> {
    const candidate = await find();
    const stored = candidate?.passwordHash ?? null;
    if (!(await isRight(stored, password)) || candidate === null || stored === null) return null;
    if (!isOutdated(stored, parameters)) return candidate;
    const to = await queue.hash(() => argon2(normalise(password), parameters));
    if (await replaceHash({ accountId: candidate.account.id, from: stored, to })) return { ...candidate, passwordHash: to };
    // Another sign-in hashed it anew meanwhile, or the password is another one by now: the new hash tells.
    return triesLeft > 1 ? check(find, password, triesLeft - 1) : null;
  }

  return {
    hash: (password) => queue.run(() => queue.hash(() => argon2(normalise(password), parameters))),
    verify: (find, password) => queue.run(() => check(find, password, 3)),
    close: () => queue.close(),
  };
}

/** NFKC alone (SP 800-63B, 3.1.1.2): the same password typed on another keyboard has the same bytes. Nothing is trimmed or cut off. */
export function normalise(password: string): string {
  return password.normalize('NFKC');
}

/** Whether `stored` is of another algorithm than ours, or of other parameters. */
function isOutdated(stored: string, parameters: Argon2Parameters): boolean {
  return !stored.startsWith('$argon2id$') || needsRehash(stored, parameters);
}

function dummyPhc({ memoryCost, timeCost, parallelism, hashLength }: Argon2Parameters): string {
  const part = (length: number) => randomBytes(length).toString('base64').replace(/=+$/, '');
  return `$argon2id$v=19$m=${String(memoryCost)},t=${String(timeCost)},p=${String(parallelism)}$${part(saltLength)}$${part(hashLength)}`;
}
