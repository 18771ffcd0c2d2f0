/** P4: password logins per second on all cores against raw argon2 of the same parameters and threads, and `me` while they saturate. */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { hash, verify } from 'argon2';
import { argon2Parameters } from '../subgraphs/auth/services/passwords/password-hasher.js';
import { startPostgres } from '../tests/testkit/postgres.js';
import { openAuth, password, ratePerSecond, ratesInTurns } from './auth-subject.js';
import { report } from './harness.js';

const rounds = 5;
const seconds = 3;
const cores = availableParallelism();
const threadPoolSize = String(cores + 2);

// libuv makes its threads before any code runs, so the size must be in the environment.
if (process.env.UV_THREADPOOL_SIZE !== threadPoolSize) {
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', import.meta.filename], {
    stdio: 'inherit',
    env: { ...process.env, UV_THREADPOOL_SIZE: threadPoolSize },
  });
  process.exit(status ?? 1);
}

const postgres = await startPostgres();
if (postgres === null) throw new Error('P4 needs PostgreSQL');
const auth = await openAuth(await postgres.createDatabase());
const people = Array.from({ length: cores * 16 }, (_, index) => `person_${index}`);
await Promise.all(people.map((username) => auth.ask('register', { input: { username, password } })));
const { accessToken } = await auth.ask('login', { input: { identifier: 'person_0', password } });
const phc = await hash(password, argon2Parameters);

async function login(index: number): Promise<void> {
  const answer = await auth.ask('login', { input: { identifier: people[index % people.length], password } });
  if (answer.__typename !== 'AuthPayload') throw new Error(`login answered ${answer.__typename}`);
}

/** The p99 of `me`, asked every few milliseconds for as long as `signal` says. */
async function latencyOfMe(signal: AbortSignal): Promise<number> {
  const times: number[] = [];
  while (!signal.aborted) {
    const started = performance.now();
    await auth.ask('me', {}, accessToken);
    times.push(performance.now() - started);
    await wait(5);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0;
}

const figures = {
  raw: [] as number[],
  logins: [] as number[],
  share: [] as number[],
  idle: [] as number[],
  busy: [] as number[],
  times: [] as number[],
};
await ratePerSecond(login, { atOnce: cores * 4, seconds });
for (let round = 0; round < rounds; round += 1) {
  const [raw, logins] = await ratesInTurns(
    [
      { task: () => verify(phc, password), atOnce: cores },
      { task: login, atOnce: cores * 4 },
    ],
    { turns: 4, seconds: 1 },
  );
  const idle = await latencyOfMe(AbortSignal.timeout(seconds * 1000));
  const stop = new AbortController();
  const measuring = latencyOfMe(stop.signal);
  await ratePerSecond(login, { atOnce: cores * 4, seconds });
  stop.abort();
  const busy = await measuring;
  figures.raw.push(raw);
  figures.logins.push(logins);
  figures.share.push(logins / raw);
  figures.idle.push(idle);
  figures.busy.push(busy);
  figures.times.push(busy / idle);
}
await auth.close();
await postgres.stop();
report('passwords', 'P4: password logins', [
  { name: 'raw argon2', unit: '/s', rounds: figures.raw, goal: null },
  { name: 'logins', unit: '/s', rounds: figures.logins, goal: null },
  { name: 'logins over raw argon2', unit: '×', rounds: figures.share, goal: { atLeast: 0.9 } },
  { name: 'me, idle, p99', unit: 'ms', rounds: figures.idle, goal: null },
  { name: 'me while logins saturate, p99', unit: 'ms', rounds: figures.busy, goal: null },
  { name: 'me saturated over idle', unit: '×', rounds: figures.times, goal: { atMost: 3 } },
]);
