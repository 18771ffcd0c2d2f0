/**
 * P2, twice. First P1's queries, whose subgraphs do next to nothing: what it costs that they are processes of their own. Then one query of the
 * product, friends with their names (users, auth), presence (sessions) and the caller's sessions, asked of
 * everything in one process and of the five processes, each over a Postgres and a Redis of its own. CPU is that of all of the product's
 * processes together.
 */
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { startGalaxia, type Galaxia } from '../tests/testkit/product/galaxia.js';
import { text } from '../tests/testkit/product/graphql-client.js';
import { registerPerson, type Person } from '../tests/testkit/product/person.js';
import { startPostgres } from '../tests/testkit/services/postgres.js';
import { startRedis } from '../tests/testkit/services/redis.js';
import { cpuTimeOf } from './cpu-time.js';
import { createTarget, runLoad, type Target } from './gateway/load.js';
import { leaveOwnCore } from './gateway/machine.js';
import { bodiesOf, queries } from './gateway/queries.js';
import { openStage, stageSecret, startContestant } from './gateway/stage.js';
import { report } from './harness.js';
import { createNotebook } from './presence/notebook.js';

const rounds = Number(process.env.BENCH_ROUNDS ?? 5);
const durationMs = Number(process.env.BENCH_SECONDS ?? 3) * 1_000;
/** Everybody is everybody's friend. No two requests under way are of one caller, so that nobody answers two of them with one. */
const people = 21;
const query = `query Lobby {
  friends(first: 20) {
    nodes { id username displayName presence { availability statusMessage lastSeenAt version activity { kind gameId joinable } } }
  }
  mySessions { id device startedAt lastSeenAt current }
}`;

interface Subject {
  readonly name: string;
  readonly pids: readonly number[];
  readonly target: Target;
  /** Keeps everybody online. */
  beat(): Promise<void>;
}

const notebook = createNotebook();
leaveOwnCore();
await measureLight();
const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
if (postgres === null || redis === null) throw new Error('PostgreSQL and redis-server must be installed');
const database = await postgres.createDatabase();
const common = { RATE_LIMIT_SCALE: '1000000', LOG_LEVEL: 'warn' };
const inOne = await startGalaxia('all-in-one', {
  environment: {
    ...common,
    ...Object.fromEntries(['AUTH', 'USERS', 'SESSIONS', 'IMAGES'].map((name) => [`${name}_DATABASE_URL`, database])),
    REDIS_URL: redis.url,
  },
});
const inFive = await startGalaxia('distributed', { environment: common });
try {
  const subjects = [await prepare('one process', inOne, ['all-in-one']), await prepare('five processes', inFive, ownProcesses())];
  await compareAnswers(subjects);
  for (let round = -1; round < rounds; round += 1) for (const subject of subjects) await measure(subject, round < 0);
  await Promise.all(subjects.map(({ target }) => target.close()));
} finally {
  await Promise.all([inOne.stop(), inFive.stop()]);
  await Promise.all([postgres.stop(), redis.stop()]);
}
const times = (a: number, b: number): number => a / b;
notebook.compare("the product: five processes' CPU over one process's", '×', [cpu('five processes'), cpu('one process')], times);
const goal = { atLeast: 2 };
for (const { name } of queries) {
  const names = [cpu(`${name}, four processes`), cpu(`${name}, one process`)] as const;
  notebook.compare(`${name}: four processes' CPU over one process's`, '×', names, times, goal);
}
report('processes', 'P2: one process or five', notebook.figures(), ['```graphql', query, '```', '']);

function ownProcesses(): Parameters<Galaxia['process']>[0][] {
  return ['gateway', 'auth', 'users', 'sessions', 'images'];
}

async function prepare(name: string, galaxia: Galaxia, processes: Parameters<Galaxia['process']>[0][]): Promise<Subject> {
  const crowd = await Promise.all(
    Array.from({ length: people }, (_, index) => registerPerson(galaxia, { username: `bench_${String(index).padStart(2, '0')}` })),
  );
  for (const [index, one] of crowd.entries()) await Promise.all(crowd.slice(index + 1).map((other) => befriend(one, other)));
  const bodies = crowd.map(() => JSON.stringify({ query }));
  const tokens = crowd.map(({ accessToken }) => accessToken);
  return {
    name,
    pids: processes.map((each) => galaxia.process(each).child.pid ?? 0),
    target: createTarget(`${galaxia.url}/graphql`, bodies, tokens),
    async beat() {
      await Promise.all(crowd.map((person) => person.ask('mutation { presenceHeartbeat { presence { version } } }')));
    },
  };
}

async function befriend(one: Person, other: Person): Promise<void> {
  const ask = 'mutation ($id: ID!) { requestFriend(input: { userId: $id }) { __typename } }';
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    const { data, errors } = await from.ask(ask, { id: to.id });
    if (text(data.requestFriend?.__typename) !== 'RequestFriendshipPayload') throw new Error(JSON.stringify({ data, errors }));
  }
}

/** Names and states are the same in both ways; ids, times and versions are not. */
async function compareAnswers(subjects: readonly Subject[]): Promise<void> {
  await Promise.all(subjects.map((subject) => subject.beat()));
  const [first, second] = await Promise.all(
    subjects.map(async ({ target }) => {
      const { data } = (await target.answer(0)) as {
        data: { friends: { nodes: { username: string; presence: { availability: string } }[] }; mySessions: { device: string }[] };
      };
      return {
        friends: data.friends.nodes.map(({ username, presence }) => `${username} ${presence.availability}`),
        sessions: data.mySessions.map(({ device }) => device),
      };
    }),
  );
  if (first?.friends.length !== people - 1 || !isDeepStrictEqual(first, second)) {
    throw new Error(`The two answer differently: ${JSON.stringify([first, second])}`);
  }
}

async function measure(subject: Subject, isWarmUp: boolean): Promise<void> {
  const { name, pids, target } = subject;
  await subject.beat();
  const cpuOfAll = (): number => pids.reduce((sum, pid) => sum + cpuTimeOf(pid), 0);
  const before = cpuOfAll();
  const load = await runLoad(target.ask, { connections: people - 1, durationMs });
  const used = (cpuOfAll() - before) / load.requests;
  const alone = await runLoad(target.ask, { connections: 1, durationMs: durationMs / 3 });
  if (isWarmUp) return;
  notebook.note(cpu(name), 'ms', used);
  notebook.note(`${name}: requests, ${people - 1} at a time, on all cores`, '1/s', (load.requests / load.elapsed) * 1_000);
  notebook.note(`${name}: p50, one at a time`, 'ms', alone.p50);
}

function cpu(name: string): string {
  return `${name}: CPU for a request`;
}

/** P1's subgraphs by graphql-js, in the gateway's process and in three of their own behind the product's subgraph server. */
async function measureLight(): Promise<void> {
  const stage = await openStage('served-subgraph.ts');
  const productRoot = resolve(import.meta.dirname, '..');
  const environment = { GATEWAY_SECRET: stageSecret, LOG_LEVEL: 'error' };
  const apart = await startContestant('Galaxia', stage, { productRoot, environment });
  const together = await startContestant('Galaxia in one process', stage, { productRoot });
  for (let round = -1; round < rounds; round += 1) {
    for (const { name, query } of queries) {
      for (const [way, { url, pid }, pids] of [
        ['one process', together, []],
        ['four processes', apart, stage.pids],
      ] as const) {
        const target = createTarget(url, bodiesOf(query));
        const cpuOfAll = (): number => [pid, ...pids].reduce((sum, each) => sum + cpuTimeOf(each), 0);
        const before = cpuOfAll();
        const load = await runLoad(target.ask, { connections: 32, durationMs });
        if (round >= 0) notebook.note(cpu(`${name}, ${way}`), 'ms', (cpuOfAll() - before) / load.requests);
        await target.close();
      }
    }
  }
  await Promise.all([apart.stop(), together.stop()]);
  await stage.stop();
}
