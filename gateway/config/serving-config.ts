import { z } from 'zod';
import { commaSeparated, httpUrl, port } from '../../shared/config/environment.js';
import { numbersOf, numberVariables } from '../../shared/config/number-settings.js';
import { logLevel } from '../../shared/config/subgraph-environment.js';
import { parseTrustedProxies, type TrustsProxy } from '../../shared/http/client-address.js';
import type { LogLevel } from '../../shared/logging/logger.js';
import { s3Variables } from '../../shared/objects/create-object-store.js';
import { toTracingConfig, tracingVariables, type TracingConfig } from '../../shared/telemetry/open-tracing.js';
import { telemetryVariables, toMetricsConfig, type MetricsConfig } from '../../shared/telemetry/telemetry-variables.js';
import { cacheVariables, toCacheConfig, type CacheConfig } from '../caching/cache-variables.js';
import { subgraphFaultSettings, type SubgraphFaultLimits } from '../datasources/faults/subgraph-fault-settings.js';
import { timeoutVariables, toTimeouts, type Timeouts } from '../datasources/faults/timeout-variables.js';
import { httpSettings, type HttpLimits } from '../http/http-limits.js';
import { policyVariables, toPolicyConfig, type PolicyConfig } from '../policy/policy-variables.js';
import { readinessVariable, type ReadyRequires } from '../readiness-variable.js';
import { webSocketSettings, type WebSocketLimits } from '../subscriptions/limits.js';
import { supergraphVariables, toSupergraphSettings, type SupergraphSettings } from '../supergraph/supergraph-variables.js';
import { insightVariables, toInsightConfig, type InsightConfig } from '../telemetry/insight-variables.js';
import { uploadSettings, type UploadLimits } from '../http/uploads/upload-limits.js';

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

/** Of requests and connections, whatever they ask for. */
export interface DoorLimits {
  readonly http: HttpLimits;
  /** Of clients that stay connected. */
  readonly sockets: WebSocketLimits;
  readonly uploads: UploadLimits;
}

/** What serving a supergraph takes, in a process of its own or with everything in one. */
export interface ServingConfig extends DoorConfig {
  readonly policy: PolicyConfig;
  readonly metrics: MetricsConfig | undefined;
  readonly insight: InsightConfig;
  readonly tracing: TracingConfig | undefined;
  readonly timeouts: Timeouts;
  readonly limits: DoorLimits;
  readonly subgraphFaults: SubgraphFaultLimits;
  readonly uploadSubgraphs: ReadonlySet<string>;
  /** Undefined when no answers of subgraphs are kept. */
  readonly cache: CacheConfig | undefined;
  readonly supergraph: SupergraphSettings;
  readonly readyRequires: ReadyRequires;
  readonly logLevel: LogLevel;
  readonly supergraphPath: string;
}

const origin = z
  .string()
  .refine(
    (text) => text === '*' || (URL.canParse(text) && new URL(text).origin === text),
    'must be origins such as https://game.example, without a path, or *',
  );

/** To be spread into the schema of an entry's environment. */
export const servingVariables = {
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
  ...policyVariables,
  ...telemetryVariables,
  ...insightVariables,
  ...tracingVariables,
  ...timeoutVariables,
  ...numberVariables(httpSettings),
  ...numberVariables(webSocketSettings),
  ...numberVariables(subgraphFaultSettings),
  ...numberVariables(uploadSettings),
  /** Those that take files. */
  UPLOAD_SUBGRAPHS: commaSeparated.transform((names): ReadonlySet<string> => new Set(names)).default(new Set()),
  ...cacheVariables,
  ...supergraphVariables,
  ...readinessVariable,
  LOG_LEVEL: logLevel.default('info'),
  SUPERGRAPH_PATH: z.string(),
};

export function toServingConfig(values: z.output<z.ZodObject<typeof servingVariables>>): ServingConfig {
  return {
    host: values.HOST,
    port: values.PORT,
    publicUrl: values.PUBLIC_URL,
    corsOrigins: values.CORS_ORIGINS,
    trustsProxy: values.TRUSTED_PROXIES,
    objectsUrl: values.S3_PUBLIC_ENDPOINT,
    policy: toPolicyConfig(values),
    metrics: toMetricsConfig(values),
    insight: toInsightConfig(values),
    tracing: toTracingConfig(values),
    timeouts: toTimeouts(values),
    limits: {
      http: numbersOf(httpSettings, values),
      sockets: numbersOf(webSocketSettings, values),
      uploads: numbersOf(uploadSettings, values),
    },
    subgraphFaults: numbersOf(subgraphFaultSettings, values),
    uploadSubgraphs: values.UPLOAD_SUBGRAPHS,
    cache: toCacheConfig(values),
    supergraph: toSupergraphSettings(values),
    readyRequires: values.READY_REQUIRES,
    logLevel: values.LOG_LEVEL,
    supergraphPath: values.SUPERGRAPH_PATH,
  };
}
