/** P5: `refreshSession`, `me` and `userByUsername` per second on Postgres, with a thousand and with a million users. */
import pg from 'pg';
import { startPostgres } from '../tests/testkit/services/postgres.js';
import { openAuth, password, ratesInTurns, type AuthSubject } from './auth-subject.js';
import { report, type Figure } from './harness.js';

const rounds = 5;
const turns = 10;
const seconds = 0.3;
const atOnce = 32;
const sizes = { few: 1_000, many: 1_000_000 } as const;

/** Users with a password, a session and a refresh token each, written by SQL: the tables and indexes are as large as theirs would be. */
async function fill(url: string, users: number): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`
    CREATE TEMP TABLE made AS SELECT n, gen_random_uuid() AS account, gen_random_uuid() AS family FROM generate_series(1, ${users}) AS n;
    INSERT INTO auth.account (id, username, username_lower, roles, created_at)
      SELECT account, 'User_' || n, 'user_' || n, '{USER}', now() - n * interval '1 second' FROM made;
    INSERT INTO auth.credential (account_id, kind, secret, created_at, updated_at)
      SELECT account, 'password', '$argon2id$v=19$m=19456,t=2,p=1$' || md5(n::text) || '$' || md5(n::text), now(), now() FROM made;
    INSERT INTO auth.refresh_family (id, account_id, amr, created_at, last_used_at, expires_at)
      SELECT family, account, '{pwd}', now(), now(), now() + interval '90 days' FROM made;
    INSERT INTO auth.refresh_token (hash, family_id, generation, created_at)
      SELECT encode(sha256(family::text::bytea), 'base64'), family, 1, now() FROM made`);
  await client.query('ANALYZE');
  await client.end();
}

/** What is measured of one database: each operation as a task for `ratePerSecond`. */
async function prepare(auth: AuthSubject, users: number) {
  const people = await Promise.all(
    Array.from({ length: atOnce }, (_, index) => auth.ask('register', { input: { username: `signed_in_${index}`, password } })),
  );
  const refreshTokens = people.map(({ refreshToken }) => refreshToken);
  const accessTokens = people.map(({ accessToken }) => accessToken);
  return {
    refreshSession: async (index: number) => {
      const worker = index % atOnce;
      const answer = await auth.ask('refreshSession', { input: { refreshToken: refreshTokens[worker] } });
      if (answer.refreshToken === undefined) throw new Error(`refreshSession answered ${answer.__typename}`);
      refreshTokens[worker] = answer.refreshToken;
    },
    me: (index: number) => auth.ask('me', {}, accessTokens[index % atOnce]),
    userByUsername: () => auth.ask('userByUsername', { username: `user_${1 + Math.floor(Math.random() * users)}` }),
  };
}

const postgres = await startPostgres();
if (postgres === null) throw new Error('P5 needs PostgreSQL');
const subjects: AuthSubject[] = [];
async function open(users: number) {
  if (postgres === null) throw new Error('P5 needs PostgreSQL');
  const url = await postgres.createDatabase();
  const auth = await openAuth(url);
  subjects.push(auth);
  await fill(url, users);
  return prepare(auth, users);
}
const few = await open(sizes.few);
const many = await open(sizes.many);

const figures: Figure[] = [];
for (const name of ['refreshSession', 'me', 'userByUsername'] as const) {
  const rates = { few: [] as number[], many: [] as number[] };
  const sides = [
    { task: few[name], atOnce },
    { task: many[name], atOnce },
  ] as const;
  await ratesInTurns(sides, { turns: 4, seconds });
  for (let round = 0; round < rounds; round += 1) {
    const [ofFew, ofMany] = await ratesInTurns(sides, { turns, seconds });
    rates.few.push(ofFew);
    rates.many.push(ofMany);
  }
  const ratios = rates.few.map((rate, round) => rate / (rates.many[round] ?? 0));
  figures.push(
    { name: `${name}, 10³ users`, unit: '/s', rounds: rates.few, goal: null },
    { name: `${name}, 10⁶ users`, unit: '/s', rounds: rates.many, goal: null },
    { name: `${name}, cost of 10⁶ over 10³`, unit: '×', rounds: ratios, goal: { atMost: 1.2 } },
  );
}
for (const auth of subjects) await auth.close();
await postgres.stop();
report('accounts', 'P5: accounts on Postgres', figures);
