import { join } from 'node:path';
import { z } from 'zod';
import { commaSeparated, graphqlUrl, httpUrl, port, readEnvironment } from '../../shared/config/environment.js';
import { projectRoot } from '../../shared/config/project-root.js';
import { logLevel, subgraphNames, subgraphUrls, type SubgraphName } from '../../shared/config/subgraph-environment.js';
import { parseTrustedProxies, type TrustsProxy } from '../../shared/http/client-address.js';
import type { LogLevel } from '../../shared/logging/logger.js';
import { toTracingConfig, tracingVariables, type TracingConfig } from '../../shared/telemetry/open-tracing.js';
import { telemetryVariables, toMetricsConfig, type MetricsConfig } from '../../shared/telemetry/telemetry-variables.js';
import { s3Variables } from '../../shared/objects/create-object-store.js';
import { workersVariable } from '../cluster/workers-variable.js';
import { checkJwtVariables, jwtVariables, refuseJwtVariables, toJwtConfig, type JwtConfig } from '../authentication/jwt-variables.js';
import { checkPolicyVariables, policyVariables, toPolicyConfig, type PolicyConfig } from '../policy/policy-variables.js';
import { insightVariables, toInsightConfig, type InsightConfig } from '../telemetry/insight-variables.js';
import { timeoutVariables, toTimeouts, type Timeouts } from '../datasources/timeout-variables.js';
import { executorNames, type ExecutorName } from '../supergraph/executor-name.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** What the public door needs to know, however the subgraphs run. */
export interface DoorConfig {
  readonly host: string;
  readonly port: number;
  /** Under which people reach it, without a trailing slash; undefined when it is not known. */
  readonly publicUrl: string | undefined;
  /** Origins of browser pages that may use it, beside its own; `*` stands for all. */
  readonly corsOrigins: readonly string[];
  readonly trustsProxy: TrustsProxy;
  /** Where pages send uploads beside here; undefined when nowhere. */
  readonly objectsUrl: string | undefined;
}

export interface GatewayConfig extends DoorConfig {
  readonly policy: PolicyConfig;
  readonly metrics: MetricsConfig | undefined;
  readonly insight: InsightConfig;
  readonly tracing: TracingConfig | undefined;
  readonly executor: ExecutorName;
  /** Processes that serve. */
  readonly workers: number;
  readonly logLevel: LogLevel;
  readonly supergraphPath: string;
  /** GraphQL endpoints that replace those of the supergraph file. */
  readonly urls: Readonly<Partial<Record<SubgraphName, string>>>;
  readonly timeouts: Timeouts;
  /** Sent to the subgraphs; undefined when they are someone else's and know none. */
  readonly gatewaySecret: string | undefined;
  /** Whose tokens are verified when they are not those of Galaxia's own auth subgraph. */
  readonly jwt: JwtConfig | undefined;
}

/** Galaxia's own supergraph. */
export const ownSupergraphPath = join(projectRoot, 'schema', 'supergraph.graphql');

const origin = z
  .string()
  .refine(
    (text) => text === '*' || (URL.canParse(text) && new URL(text).origin === text),
    'must be origins such as https://game.example, without a path, or *',
  );

/** To be spread into the schema of an entry's environment. */
export const doorVariables = {
  HOST: z.string().default('127.0.0.1'),
  PORT: port.default(4000),
  PUBLIC_URL: httpUrl.optional(),
  CORS_ORIGINS: commaSeparated.pipe(z.array(origin)).default([]),
  TRUSTED_PROXIES: commaSeparated
    .transform((entries, context) => {
      const trusts = parseTrustedProxies(entries);
      if (trusts !== null) return trusts;
      context.addIssue({ code: 'custom', message: 'must be addresses or ranges such as 10.0.0.0/8, separated by commas' });
      return z.NEVER;
    })
    .default(() => () => false),
  S3_PUBLIC_ENDPOINT: s3Variables.S3_PUBLIC_ENDPOINT,
  EXECUTOR: z.enum(executorNames).default('galaxia'),
};

export function toDoorConfig(values: z.output<z.ZodObject<typeof doorVariables>>): DoorConfig {
  return {
    host: values.HOST,
    port: values.PORT,
    publicUrl: values.PUBLIC_URL,
    corsOrigins: values.CORS_ORIGINS,
    trustsProxy: values.TRUSTED_PROXIES,
    objectsUrl: values.S3_PUBLIC_ENDPOINT,
  };
}

const common = {
  ...doorVariables,
  ...jwtVariables,
  ...policyVariables,
  ...telemetryVariables,
  ...timeoutVariables,
  ...insightVariables,
  ...tracingVariables,
  ...workersVariable,
  LOG_LEVEL: logLevel.default('info'),
};

/** The gateway of Galaxia's own subgraphs, which are where they are by default unless told otherwise. */
const ownSupergraph = z.object({
  ...common,
  ...subgraphUrls,
  GATEWAY_SECRET: z.string().describe('the secret that the gateway and all subgraphs share; 32 characters or more'),
});

/** The gateway of any supergraph: nothing is assumed about its subgraphs. */
const anySupergraph = z.object({
  ...common,
  SUPERGRAPH_PATH: z.string(),
  AUTH_URL: graphqlUrl.optional(),
  USERS_URL: graphqlUrl.optional(),
  SESSIONS_URL: graphqlUrl.optional(),
  IMAGES_URL: graphqlUrl.optional(),
  GATEWAY_SECRET: z.string().optional(),
});

/** The names of all variables of the gateway of any supergraph. */
export const gatewayVariableNames: readonly string[] = Object.keys(anySupergraph.shape);

/** Configuration of the gateway as a process of its own. Throws `ConfigurationError` with all problems at once. */
export function readGatewayConfig(environment: Environment): GatewayConfig {
  const isOwn = environment.SUPERGRAPH_PATH === undefined || environment.SUPERGRAPH_PATH === '';
  const values = isOwn
    ? {
        ...readEnvironment(ownSupergraph.superRefine(checkPolicyVariables).superRefine(refuseJwtVariables), environment),
        SUPERGRAPH_PATH: ownSupergraphPath,
      }
    : readEnvironment(anySupergraph.superRefine(checkPolicyVariables).superRefine(checkJwtVariables), environment);
  const given = { auth: values.AUTH_URL, users: values.USERS_URL, sessions: values.SESSIONS_URL, images: values.IMAGES_URL };
  const urls: Partial<Record<SubgraphName, string>> = {};
  for (const name of subgraphNames) {
    const url = given[name];
    if (url !== undefined) urls[name] = url;
  }
  return {
    ...toDoorConfig(values),
    policy: toPolicyConfig(values),
    metrics: toMetricsConfig(values),
    insight: toInsightConfig(values),
    tracing: toTracingConfig(values),
    executor: values.EXECUTOR,
    workers: values.WORKERS,
    logLevel: values.LOG_LEVEL,
    supergraphPath: values.SUPERGRAPH_PATH,
    timeouts: toTimeouts(values),
    urls,
    gatewaySecret: values.GATEWAY_SECRET,
    jwt: toJwtConfig(values),
  };
}
