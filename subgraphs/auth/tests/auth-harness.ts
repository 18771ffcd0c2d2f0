import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { graphql, type ExecutionResult } from 'graphql';
import { createRevocations } from '../../../shared/auth/revocations.js';
import type { Database } from '../../../shared/database/database.js';
import { AppError } from '../../../shared/errors/app-error.js';
import { domainEvents, type DomainEventType } from '../../../shared/events/domain-events.js';
import type { DomainEvent } from '../../../shared/events/event-bus.js';
import { createInProcessEventBus } from '../../../shared/events/buses/in-process-event-bus.js';
import { createRateLimits, type RateLimits } from '../../../shared/rate-limits/rate-limits.js';
import { createLogger } from '../../../shared/logging/logger.js';
import { createAuthPrisma } from '../data/prisma.js';
import { argon2Parameters, type Argon2Parameters } from '../services/passwords/password-hasher.js';
import { createAuthSubgraph, type AuthSubgraph } from '../subgraph.js';

const domainEventTypes = Object.keys(domainEvents) as DomainEventType[];
export const logger = createLogger({ name: 'test', level: 'silent' });
export const publicUrl = 'https://galaxia.example';
export const encryptionKey = new Uint8Array(32).fill(7);
const lowPasswordCost = { ...argon2Parameters, memoryCost: 256 };

export interface AuthHarness {
  readonly auth: AuthSubgraph;
  /** For what no public operation shows: rows at rest. */
  readonly prisma: ReturnType<typeof createAuthPrisma>;
  /** Every event that was published, in order. */
  readonly events: DomainEvent[];
  /** The folder that mails are written into, while `smtpUrl` is not given. */
  readonly mailFolder: string;
  /** Waits until `isThere` answers true about the published events. */
  untilPublished(isThere: (events: readonly DomainEvent[]) => boolean): Promise<void>;
  /** Waits until the access token is refused; the test's own time limit is its end. */
  untilRefused(token: string): Promise<void>;
  publish(event: DomainEvent): Promise<void>;
  run(source: string, options?: RunOptions): Promise<ExecutionResult>;
  now(): number;
  advance(ms: number): void;
  close(): Promise<void>;
}

export interface RunOptions {
  readonly variables?: Record<string, unknown>;
  readonly token?: string | undefined;
  readonly userAgent?: string;
  readonly clientIp?: string;
}

export interface StartOptions {
  /** A process that ends before it publishes anything. */
  readonly publishesNothing?: boolean;
  /** Without it there is as good as none: one test after the other signs in wrongly from the same nowhere. */
  readonly rateLimits?: RateLimits;
  readonly rateLimitScale?: number;
  readonly encryptionKey?: Uint8Array;
  readonly smtpUrl?: string;
  /** What protects people, where the test is about it; a fraction of it otherwise, since most tests only want somebody signed in. */
  readonly passwordCost?: Argon2Parameters;
}

/** The auth subgraph on `database`, with a clock to turn and a bus to listen on. Leaves the database open. */
export async function startAuth(database: Database, options: StartOptions = {}): Promise<AuthHarness> {
  let time = Date.now();
  const now = () => time;
  const events: DomainEvent[] = [];
  const waiting = new Set<() => void>();
  const bus = createInProcessEventBus({ groups: ['auth', 'recorder'], logger });
  await bus.subscribe({
    group: 'recorder',
    types: domainEventTypes,
    handle(event) {
      events.push(event);
      for (const check of waiting) check();
      return Promise.resolve();
    },
  });
  const mailFolder = await mkdtemp(join(tmpdir(), 'galaxia-outbox-'));
  const auth = await createAuthSubgraph({
    database,
    bus: options.publishesNothing === true ? { ...bus, publish: () => Promise.reject(new Error('ended before it published')) } : bus,
    revocations: createRevocations(now),
    encryptionKey: options.encryptionKey ?? encryptionKey,
    publicUrl: () => publicUrl,
    mail: { folder: mailFolder, smtpUrl: options.smtpUrl },
    rateLimits: options.rateLimits ?? createRateLimits({ redisUrl: undefined, scale: options.rateLimitScale ?? 1000, logger }),
    passwordCost: options.passwordCost ?? lowPasswordCost,
    logger,
    now,
  });
  const prisma = createAuthPrisma(database);

  return {
    auth,
    prisma,
    events,
    mailFolder,
    untilPublished: (isThere) =>
      new Promise((resolve) => {
        const check = () => {
          if (!isThere(events)) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
    async untilRefused(token) {
      for (;;) {
        const outcome = await auth.createContext({ authorization: `Bearer ${token}` }).catch((error: unknown) => error);
        if (outcome instanceof AppError && outcome.code === 'UNAUTHENTICATED') return;
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    publish: (event) => bus.publish([event]),
    async run(source, { variables = {}, token, userAgent, clientIp } = {}) {
      const contextValue = await auth.createContext({
        authorization: token === undefined ? undefined : `Bearer ${token}`,
        'user-agent': userAgent,
        'x-client-ip': clientIp,
      });
      const { data, errors } = await graphql({ schema: auth.schema, source, variableValues: variables, contextValue });
      // As it stands in a response: a DateTime is a `Date` until then.
      return {
        data: JSON.parse(JSON.stringify(data ?? null)) as Record<string, unknown> | null,
        ...(errors === undefined ? {} : { errors }),
      };
    },
    now,
    advance(ms) {
      time += ms;
    },
    async close() {
      await auth.close();
      await bus.close();
      await prisma.$disconnect();
      await rm(mailFolder, { recursive: true, force: true });
    },
  };
}
