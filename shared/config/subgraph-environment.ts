import { z } from 'zod';
import { rateLimitScale } from '../rate-limits/rate-limit-scale.js';
import { logLevels, type LogLevel } from '../logging/logger.js';
import { toTracingConfig, tracingVariables, type TracingConfig } from '../telemetry/open-tracing.js';
import { telemetryVariables, toMetricsConfig, type MetricsConfig } from '../telemetry/telemetry-variables.js';
import { graphqlUrl, port, readEnvironment } from './environment.js';
import { readTogether } from './read-together.js';

export const subgraphNames = ['auth', 'users', 'sessions', 'images'] as const;
export type SubgraphName = (typeof subgraphNames)[number];

/** Where each subgraph listens when `PORT` and `<NAME>_URL` say nothing; the same as in schema/supergraph.graphql. */
const subgraphPorts: Readonly<Record<SubgraphName, number>> = { auth: 4001, users: 4002, sessions: 4003, images: 4004 };

export interface SubgraphEnvironment {
  readonly name: SubgraphName;
  readonly host: string;
  readonly port: number;
  readonly logLevel: LogLevel;
  readonly dataDir: string;
  readonly databaseUrl: string;
  readonly redisUrl: string | undefined;
  /** Multiplies every rate limit. */
  readonly rateLimitScale: number;
  readonly gatewaySecret: string;
  readonly metrics: MetricsConfig | undefined;
  readonly tracing: TracingConfig | undefined;
  /** GraphQL endpoints of all subgraphs. */
  readonly urls: Readonly<Record<SubgraphName, string>>;
}

export const databaseUrl = z
  .string()
  .refine((text) => URL.canParse(text) && /^postgres(ql)?:$/.test(new URL(text).protocol), 'must be a postgres:// URL')
  .describe('the Postgres of this subgraph, as postgres://user:password@host:5432/database');

export const redisUrl = z
  .string()
  .refine((text) => URL.canParse(text) && /^rediss?:$/.test(new URL(text).protocol), 'must be a redis:// or rediss:// URL')
  .optional();

export const logLevel = z.enum(logLevels);

function defaultUrl(name: SubgraphName): string {
  return `http://127.0.0.1:${subgraphPorts[name]}/graphql`;
}

/** The URLs of the subgraphs, each where it listens by default unless `<NAME>_URL` says otherwise. */
export const subgraphUrls = {
  AUTH_URL: graphqlUrl.default(defaultUrl('auth')),
  USERS_URL: graphqlUrl.default(defaultUrl('users')),
  SESSIONS_URL: graphqlUrl.default(defaultUrl('sessions')),
  IMAGES_URL: graphqlUrl.default(defaultUrl('images')),
};

const common = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: port.optional(),
  LOG_LEVEL: logLevel.default('info'),
  DATA_DIR: z.string().default('.data'),
  REDIS_URL: redisUrl,
  RATE_LIMIT_SCALE: rateLimitScale,
  ...telemetryVariables,
  ...tracingVariables,
  GATEWAY_SECRET: z.string().describe('the secret that the gateway and all subgraphs share; 32 characters or more'),
  ...subgraphUrls,
});

/** What every subgraph process needs to know. Throws `ConfigurationError` with all problems at once. */
export function readSubgraphEnvironment(
  name: SubgraphName,
  environment: Readonly<Record<string, string | undefined>>,
): SubgraphEnvironment {
  const databaseVariable = `${name.toUpperCase()}_DATABASE_URL`;
  const { values, database } = readTogether({
    values: () => readEnvironment(common, environment),
    database: () => readEnvironment(z.object({ [databaseVariable]: databaseUrl }), environment)[databaseVariable],
  });
  if (database === undefined) throw new Error(`${databaseVariable} passed without a value`);
  return {
    name,
    host: values.HOST,
    port: values.PORT ?? subgraphPorts[name],
    logLevel: values.LOG_LEVEL,
    dataDir: values.DATA_DIR,
    databaseUrl: database,
    redisUrl: values.REDIS_URL,
    rateLimitScale: values.RATE_LIMIT_SCALE,
    gatewaySecret: values.GATEWAY_SECRET,
    metrics: toMetricsConfig(values),
    tracing: toTracingConfig(values),
    urls: { auth: values.AUTH_URL, users: values.USERS_URL, sessions: values.SESSIONS_URL, images: values.IMAGES_URL },
  };
}
