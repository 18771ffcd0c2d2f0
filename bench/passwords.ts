/**
 * P4: password logins per second over HTTP on all cores, against a process that does nothing but hash with the same parameters on as many
 * threads, and `me` while logins saturate. The product, Postgres and the load share the cores; the raw hashes have them for themselves.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { password, ratePerSecond } from './auth-subject.js';
import { compiled } from './compiled.js';
import { report } from './harness.js';
import { startProduct } from './product-subject.js';
import type { RawRate } from './raw-argon2.js';

const rounds = 5;
/** One side, then the other, so that what else the machine does slows down both. */
const turns = 4;
const turnSeconds = 1.5;
const seconds = 3;
const cores = availableParallelism();
const threadPoolSize = cores + 2;
/** So that there is always one to begin with when a thread is free. */
const loginsAtOnce = cores * 4;

const raw = fork(compiled(join(import.meta.dirname, 'raw-argon2.ts')), {
  env: { ...process.env, UV_THREADPOOL_SIZE: String(threadPoolSize) },
});
await once(raw, 'message');
async function hashRaw(forSeconds: number): Promise<RawRate> {
  raw.send(forSeconds);
  const [answer] = (await once(raw, 'message')) as [RawRate];
  return answer;
}

const product = await startProduct(threadPoolSize);
const atDoor = product.connections(loginsAtOnce);
// Its own, so that it never waits for a login here.
const asking = product.connections(1);
const people = Array.from({ length: cores * 16 }, (_, index) => `person_${String(index)}`);
const register = 'mutation ($input: RegisterInput!) { register(input: $input) { __typename } }';
await Promise.all(people.map((username) => asking.ask(JSON.stringify({ query: register, variables: { input: { username, password } } }))));
const query =
  'mutation ($input: LoginInput!) { login(input: $input) { __typename ... on AuthPayload { accessToken refreshToken expiresAt user { id username } } } }';
const bodies = people.map((identifier) => JSON.stringify({ query, variables: { input: { identifier, password } } }));

async function login(index: number): Promise<string> {
  const answer = await atDoor.ask(bodies[index % bodies.length] ?? '');
  if (!answer.includes('"AuthPayload"')) throw new Error(`login answered ${answer}`);
  return answer;
}

const accessToken = /"accessToken":"([^"]+)"/.exec(await login(0))?.[1];
const me = JSON.stringify({ query: '{ me { id username email } }' });

/** The p99 of `me`, asked every few milliseconds for as long as `signal` says. In ms. */
async function latencyOfMe(signal: AbortSignal): Promise<number> {
  const times: number[] = [];
  while (!signal.aborted) {
    const started = performance.now();
    const answer = await asking.ask(me, accessToken);
    times.push(performance.now() - started);
    if (!answer.includes('"person_0"')) throw new Error(`me answered ${answer}`);
    await wait(5);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0;
}

async function logIn(forSeconds: number) {
  const before = await product.cpuTime();
  const own = process.cpuUsage();
  let logins = 0;
  const perSecond = await ratePerSecond((index) => login(index).then(() => (logins += 1)), { atOnce: loginsAtOnce, seconds: forSeconds });
  const after = await product.cpuTime();
  const { user, system } = process.cpuUsage(own);
  return {
    perSecond,
    product: (after.product - before.product) / logins,
    postgres: (after.postgres - before.postgres) / logins,
    load: (user + system) / 1000 / logins,
  };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const names = ['raw', 'logins', 'share', 'cpuOfHash', 'cpuOfProduct', 'cpuOfPostgres', 'cpuOfLoad', 'idle', 'busy', 'times'] as const;
const figures = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<(typeof names)[number], number[]>;
await hashRaw(seconds);
await logIn(seconds);
for (let round = 0; round < rounds; round += 1) {
  const hashed: RawRate[] = [];
  const loggedIn: Awaited<ReturnType<typeof logIn>>[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    hashed.push(await hashRaw(turnSeconds));
    loggedIn.push(await logIn(turnSeconds));
  }
  const rates = { raw: mean(hashed.map(({ perSecond }) => perSecond)), logins: mean(loggedIn.map(({ perSecond }) => perSecond)) };
  figures.raw.push(rates.raw);
  figures.logins.push(rates.logins);
  figures.share.push(rates.logins / rates.raw);
  figures.cpuOfHash.push(mean(hashed.map(({ cpuPerHash }) => cpuPerHash)));
  figures.cpuOfProduct.push(mean(loggedIn.map((each) => each.product)));
  figures.cpuOfPostgres.push(mean(loggedIn.map((each) => each.postgres)));
  figures.cpuOfLoad.push(mean(loggedIn.map((each) => each.load)));

  const idle = await latencyOfMe(AbortSignal.timeout(seconds * 1000));
  const stop = new AbortController();
  const measuring = latencyOfMe(stop.signal);
  await logIn(seconds);
  stop.abort();
  const busy = await measuring;
  figures.idle.push(idle);
  figures.busy.push(busy);
  figures.times.push(busy / idle);
}
raw.disconnect();
await product.close();
report('passwords', 'P4: password logins', [
  { name: 'raw argon2', unit: '/s', rounds: figures.raw, goal: null },
  { name: 'logins', unit: '/s', rounds: figures.logins, goal: null },
  { name: 'logins over raw argon2', unit: '×', rounds: figures.share, goal: { atLeast: 0.9 } },
  { name: 'CPU of a raw hash', unit: 'ms', rounds: figures.cpuOfHash, goal: null },
  { name: 'CPU of the product per login', unit: 'ms', rounds: figures.cpuOfProduct, goal: null },
  { name: 'CPU of Postgres per login', unit: 'ms', rounds: figures.cpuOfPostgres, goal: null },
  { name: 'CPU of the load per login', unit: 'ms', rounds: figures.cpuOfLoad, goal: null },
  { name: 'me, idle, p99', unit: 'ms', rounds: figures.idle, goal: null },
  { name: 'me while logins saturate, p99', unit: 'ms', rounds: figures.busy, goal: null },
  { name: 'me saturated over idle', unit: '×', rounds: figures.times, goal: { atMost: 3 } },
]);
