import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createAuthClient, goodPassword } from '../../tests/auth-client.js';
import { startAuth, type AuthHarness } from '../../tests/auth-harness.js';
import type { Database } from '../../../../shared/database/database.js';
import { openMigratedEmbedded } from '../../../../tests/testkit/services/migrated-embedded.js';
import { argon2Parameters, createHashingQueue, hashingConcurrency } from './password-hasher.js';

const flood = 1_000;

// On the database of this process, which has the most to lose: it answers on the thread that must stay free.
describe('SECURITY 6: a flood of sign-ins', () => {
  let database: Database;
  let harness: AuthHarness;
  let token = '';

  beforeAll(async () => {
    database = await openMigratedEmbedded();
    harness = await startAuth(database, { passwordCost: argon2Parameters });
    token = (await createAuthClient(harness).mustRegister({ username: 'Ada' })).accessToken;
  });
  afterAll(async () => {
    await harness.close();
    await database.close();
  });

  // Not through GraphQL: parsing a thousand operations takes longer here than hashing a thousand passwords.
  async function login(password: string, identifier = 'Ada'): Promise<unknown> {
    const { passwordSignIn } = await harness.auth.createContext({});
    return passwordSignIn.login({ identifier, password, userAgent: undefined, clientIp: null }).then(
      ({ kind }) => kind,
      (error: unknown) => error,
    );
  }
  async function timeOfMe(): Promise<number> {
    const started = performance.now();
    const { data } = await harness.run('{ me { username } }', { token });
    expect(data).toEqual({ me: { username: 'Ada' } });
    return performance.now() - started;
  }

  it(`answers ${String(flood)} at once or refuses them with a time to come back, leaves other queries fast and memory flat`, async () => {
    await timeOfMe();
    const delay = monitorEventLoopDelay({ resolution: 5 });
    const before = process.memoryUsage().rss;
    let highest = before;
    const state = { isOver: false };
    const answers = Promise.all(
      Array.from({ length: flood }, (_, index) => login('not the password', `somebody_${String(index)}`)),
    ).finally(() => (state.isOver = true));
    // The burst itself is parsed and refused at once; what is measured is the time in which hashes run.
    await timeOfMe();
    delay.enable();
    const times: number[] = [];
    while (!state.isOver) {
      times.push(await timeOfMe());
      highest = Math.max(highest, process.memoryUsage().rss);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    delay.disable();

    const outcomes = await answers;
    const refused = outcomes.filter((outcome) => outcome instanceof Error);
    for (const refusal of refused) expect(refusal).toMatchObject({ code: 'UNAVAILABLE', retryAfter: expect.any(Number) });
    const answered = outcomes.filter((outcome) => !(outcome instanceof Error));
    for (const answer of answered) expect(answer).toBe('InvalidCredentials');
    // Those under way and those that may wait; fewer only when a slow machine lets them wait too long.
    const room = hashingConcurrency() * 101;
    expect(answered.length).toBeLessThanOrEqual(room);
    expect(answered.length).toBeGreaterThan(hashingConcurrency());
    expect(refused.length + answered.length).toBe(flood);

    expect(times.length).toBeGreaterThan(10);
    const sorted = times.sort((a, b) => a - b);
    // A query that waited for the hashes would take their time, some three seconds.
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(250);
    expect(sorted.at(-1)).toBeLessThan(1_500);
    expect(delay.percentile(50) / 1e6).toBeLessThan(100);
    // All thousand at once would need 19 GB.
    expect((highest - before) / 2 ** 20).toBeLessThan(300);
    await expect(login(goodPassword)).resolves.toBe('SignedIn');
  }, 60_000);

  it('keeps no line without an end before the door of one account either', async () => {
    const outcomes = await Promise.all(Array.from({ length: 200 }, () => login(goodPassword)));
    const refused = outcomes.filter((outcome) => outcome instanceof Error);
    expect(refused).toHaveLength(95);
    for (const refusal of refused) expect(refusal).toMatchObject({ code: 'UNAVAILABLE', retryAfter: expect.any(Number) });
  }, 60_000);

  it('takes exactly as many as have room, and the next one not', async () => {
    const queue = createHashingQueue(2);
    let finish: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (finish = resolve));
    const taken = Array.from({ length: 2 + 200 }, () => queue.run(() => held));
    await expect(queue.run(() => held)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfter: expect.any(Number) });
    finish();
    await expect(Promise.all(taken)).resolves.toHaveLength(202);
  });
});
