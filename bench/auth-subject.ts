/** The auth subgraph in this process on a fresh Postgres, for P4 and P5: what it costs itself, without HTTP. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute, parse, type DocumentNode } from 'graphql';
import { createRevocations } from '../shared/auth/revocations.js';
import { openPostgres } from '../shared/database/postgres.js';
import { createInProcessEventBus } from '../shared/events/buses/in-process-event-bus.js';
import { createLogger } from '../shared/logging/logger.js';
import { createRateLimits } from '../shared/rate-limits/rate-limits.js';
import { createAuthSubgraph } from '../subgraphs/auth/subgraph.js';

const documents = {
  register: 'mutation ($input: RegisterInput!) { register(input: $input) { __typename ... on AuthPayload { accessToken refreshToken } } }',
  login: 'mutation ($input: LoginInput!) { login(input: $input) { __typename ... on AuthPayload { accessToken refreshToken } } }',
  refreshSession:
    'mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { __typename ... on AuthPayload { accessToken refreshToken } } }',
  me: '{ me { id username email } }',
  userByUsername: 'query ($username: String!) { userByUsername(username: $username) { id username } }',
} as const;

export interface Answer {
  readonly __typename?: string;
  readonly username?: string;
  readonly accessToken?: string;
  readonly refreshToken?: string;
}

export interface AuthSubject {
  /** Runs one operation and answers its field; throws when it answers an error or nothing. */
  ask(name: keyof typeof documents, variables?: object, token?: string): Promise<Answer>;
  close(): Promise<void>;
}

export const password = 'correct horse battery staple';

export async function openAuth(url: string): Promise<AuthSubject> {
  const logger = createLogger({ name: 'bench', level: 'error' });
  const database = await openPostgres(url);
  const bus = createInProcessEventBus({ groups: ['auth'], logger });
  const folder = mkdtempSync(join(tmpdir(), 'galaxia-bench-'));
  const auth = await createAuthSubgraph({
    database,
    bus,
    revocations: createRevocations(),
    encryptionKey: new Uint8Array(32).fill(1),
    publicUrl: () => 'http://127.0.0.1',
    mail: { folder },
    rateLimits: createRateLimits({ redisUrl: undefined, scale: 1_000_000, logger }),
    logger,
    threadPoolSize: Number(process.env.UV_THREADPOOL_SIZE ?? 4),
  });
  // Parsed once, as the server's cache of documents has them.
  const parsed = new Map<string, DocumentNode>(Object.entries(documents).map(([name, source]) => [name, parse(source)]));
  return {
    async ask(name, variables = {}, token) {
      const contextValue = await auth.createContext(token === undefined ? {} : { authorization: `Bearer ${token}` });
      const document = parsed.get(name);
      if (document === undefined) throw new Error(`no document ${name}`);
      const { data, errors } = await execute({ schema: auth.schema, document, variableValues: { ...variables }, contextValue });
      const answer = data?.[name] as Answer | null | undefined;
      if (errors !== undefined || answer === null || answer === undefined) throw new Error(`${name}: ${JSON.stringify(errors ?? data)}`);
      return answer;
    },
    async close() {
      await auth.close();
      await bus.close();
      await database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** How often per second `task` ends, with so many at once over so many seconds. */
export async function ratePerSecond(task: (index: number) => Promise<unknown>, { atOnce, seconds }: { atOnce: number; seconds: number }) {
  const started = performance.now();
  const until = started + seconds * 1000;
  let done = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async (_, worker) => {
      for (let turn = 0; performance.now() < until; turn += 1) {
        await task(worker + turn * atOnce);
        done += 1;
      }
    }),
  );
  return done / ((performance.now() - started) / 1000);
}

/**
 * The rates of two tasks over the same stretch of time, in short turns: what else the machine does slows down both. `atOnce` and `seconds`
 * are of one turn.
 */
export async function ratesInTurns(
  [one, other]: readonly [Side, Side],
  { turns, seconds }: { turns: number; seconds: number },
): Promise<readonly [number, number]> {
  let [ofOne, ofOther] = [0, 0];
  for (let turn = 0; turn < turns; turn += 1) {
    ofOne += await ratePerSecond(one.task, { atOnce: one.atOnce, seconds });
    ofOther += await ratePerSecond(other.task, { atOnce: other.atOnce, seconds });
  }
  return [ofOne / turns, ofOther / turns];
}

export interface Side {
  readonly task: (index: number) => Promise<unknown>;
  readonly atOnce: number;
}
