import { z } from 'zod';
import { graphqlUrl, hasCredentials, noCredentials } from '../../../shared/config/environment.js';
import { logLevels } from '../../../shared/logging/logger.js';
import { cacheModes, cacheSettings } from '../../caching/cache-variables.js';
import { subscriptionProtocols } from '../../datasources/subscriptions/subscription-protocols.js';
import { numberProblem, type NumberSetting } from '../../../shared/config/number-settings.js';
import { subgraphFaultSettings } from '../../datasources/faults/subgraph-fault-settings.js';
import { httpSettings } from '../../http/http-limits.js';
import { webSocketSettings } from '../../subscriptions/limits.js';
import { uploadSettings } from '../../http/uploads/upload-limits.js';
import { defaultOperationLimits, limitVariableNames, type OperationLimits } from '../../policy/operation-limits.js';
import { limitMaximums, mostOfAny } from '../../policy/policy-variables.js';
import { longestTimeoutMs } from '../../datasources/faults/timeout-variables.js';
import { mostWorkers } from '../../cluster/workers-variable.js';
import { defaultRateRules } from '../../policy/operation-rates.js';
import { executorNames } from '../../supergraph/executor-name.js';

/**
 * The configuration file of the gateway. A key whose `meta` names a variable is nothing but another way to set that variable, which decides
 * when both are there; the variable's own reader says what is allowed.
 */
function inFile<Schema extends z.ZodType>(schema: Schema, description: string, variable?: string): z.ZodOptional<Schema> {
  return schema.meta({ description, ...(variable === undefined ? {} : { variable }) }).optional();
}

const text = z.string().min(1);
const path = text;
const names = z.array(text);

const headerName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'must be the name of a header');

const forwarded = headerName
  .transform((name) => name.toLowerCase())
  .refine((name) => !(name in notForwarded), { error: ({ input }) => notForwarded[String(input)] ?? 'is not forwarded' });

const fixed = headerName.refine((name) => !(name.toLowerCase() in notFixed), {
  error: ({ input }) => notFixed[String(input).toLowerCase()] ?? 'has no value of its own',
});

/** Headers that the gateway fills for each request. */
const ofGateway = because('is set by the gateway itself, so that no client can make it up: leave it out', [
  'x-user-id',
  'x-user-name',
  'x-client-ip',
  'x-gateway-secret',
  'x-request-id',
]);

/** Headers that belong to one connection alone. */
const ofConnection = [
  ...['host', 'connection', 'keep-alive', 'transfer-encoding', 'te', 'trailer', 'upgrade', 'proxy-authorization', 'expect'],
  ...['content-length', 'content-type', 'content-encoding', 'accept', 'accept-encoding'],
];

const notForwarded: Readonly<Record<string, string>> = {
  ...because('is forwarded anyway: leave it out', ['authorization', 'user-agent']),
  ...ofGateway,
  ...because('belongs to the connection of the client: leave it out', ofConnection),
};

const notFixed: Readonly<Record<string, string>> = {
  ...ofGateway,
  ...because('belongs to the connection to the subgraph: leave it out', ofConnection),
};

function because(reason: string, headerNames: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(headerNames.map((name) => [name, reason]));
}

/** What each limit counts is told where it is kept (operation-limits.ts); here it is one sentence for whoever writes the file. */
const limitDescriptions: Readonly<Record<keyof OperationLimits, string>> = {
  maxTokens: 'Words and signs of a document.',
  maxDepth: 'Fields within fields.',
  maxIntrospectionDepth: 'Fields within fields below `__schema` and `__type`.',
  maxAliases: 'Aliases of an operation.',
  maxRootFields: 'Root fields of an operation.',
  maxSelections: 'Fields of an operation, with all fragments written out.',
  maxFragments: 'Fragments of a document.',
  maxDirectives: 'Directives at one place.',
  maxDeferred: 'Fragments of an operation with `@defer`, with all fragments written out.',
  maxCost: 'Points of cost of an operation.',
  maxPageSize: 'The largest number for `first`, `last` or `limit`.',
  assumedListSize: 'Entries that a list without a page size counts for.',
  maxInputDepth: 'Lists and objects within each other in variables and arguments.',
  maxLiteralLists: 'Lists within each other in one argument written out.',
  maxSubgraphCalls: 'Requests to subgraphs for one operation.',
};

/** Says what a variable's own reader would say, in the same words for every mistake. */
function whole(least: number, most: number, otherwise = '') {
  const error = `must be a whole number from ${least} to ${most}${otherwise}`;
  return z.int({ error }).min(least, error).max(most, error);
}

/** The numbers of a table, each with its variable. */
function numbers(settings: Readonly<Record<string, NumberSetting>>) {
  return Object.fromEntries(
    Object.entries(settings).map(([name, setting]) => {
      const { least = 1, most, isShare = false, otherwise, about, variable } = setting;
      const error = numberProblem(setting);
      const schema = isShare ? z.number({ error }).min(least, error).max(most, error) : whole(least, most);
      return [name, inFile(schema, `${about} ${otherwise} if left out.`, variable)];
    }),
  );
}

const positive = whole(1, mostOfAny);
const milliseconds = whole(1, longestTimeoutMs);
const limits = Object.fromEntries(
  (Object.keys(limitVariableNames) as (keyof OperationLimits)[]).map((name) => [
    name,
    inFile(
      whole(1, limitMaximums[name] ?? mostOfAny),
      `${limitDescriptions[name]} ${defaultOperationLimits[name]} if left out.`,
      limitVariableNames[name],
    ),
  ]),
);

const headers = z.strictObject({
  forward: inFile(z.array(forwarded), 'Names of headers of the client that are passed on as they came, beside `authorization`.'),
  set: inFile(
    z.record(fixed, z.string()),
    'Headers with a value of their own, in place of what the client says in them, for example an API key: `${NAME}` is the value of an environment variable.',
  ),
});

const socketUrl = text
  .refine((url) => URL.canParse(url) && /^(ws|http)s?:$/.test(new URL(url).protocol), {
    error: 'must be a ws://, wss://, http:// or https:// URL',
    abort: true,
  })
  .refine((url) => !hasCredentials(url), noCredentials);

const subgraph = z.strictObject({
  url: inFile(graphqlUrl, 'GraphQL endpoint, in place of the one in the supergraph file.'),
  timeoutMs: inFile(milliseconds, 'How long a request may take, with all retries, in milliseconds.'),
  headers: inFile(headers, 'For this subgraph, beside those for all.'),
  uploads: inFile(
    z.boolean(),
    'Whether it takes files, by the GraphQL multipart request specification (a scalar `Upload`). `false` if left out.',
  ),
  subscriptions: inFile(
    z.strictObject({
      url: inFile(socketUrl, 'Their endpoint, when it is another than `url`.'),
      protocol: inFile(
        z.enum(subscriptionProtocols),
        'What it speaks: `graphql-ws` (graphql-transport-ws, on a WebSocket; if left out), `sse` (GraphQL over SSE, distinct connections), `multipart` (multipart HTTP).',
      ),
      deduplicate: inFile(
        z.boolean(),
        'Whether equal subscriptions of one caller, and those of callers without a token, share one of the subgraph. Whoever comes later misses what was said before: only for subscriptions that do not begin with a state. `false` if left out.',
      ),
    }),
    'How its subscriptions are reached.',
  ),
});

export const configFile = z
  .strictObject({
    $schema: inFile(z.string(), 'Where editors find this schema.'),
    supergraph: inFile(
      path,
      'File with a composed Federation 2 supergraph, seen from the folder of this file. Followed when it changes.',
      'SUPERGRAPH_PATH',
    ),
    host: inFile(text, 'Address to listen on; `0.0.0.0` for all. 127.0.0.1 if left out.', 'HOST'),
    port: inFile(whole(0, 65_535), 'Port to listen on, 0 for any free one. 4000 if left out.', 'PORT'),
    publicUrl: inFile(text, 'Under which people reach the gateway.', 'PUBLIC_URL'),
    logLevel: inFile(z.enum(logLevels), 'How much is logged. `info` if left out.', 'LOG_LEVEL'),
    trustedProxies: inFile(names, 'Addresses or ranges of proxies whose `x-forwarded-for` is believed.', 'TRUSTED_PROXIES'),
    cors: inFile(
      z.strictObject({
        origins: inFile(names, 'Origins of pages that may ask, for example `https://game.example`; `*` for all.', 'CORS_ORIGINS'),
      }),
      'Which pages in browsers may use the gateway.',
    ),
    limits: inFile(
      z.strictObject({ ...limits, ...numbers(httpSettings) }),
      'The most that one operation may be; more is refused before it runs.',
    ),
    sockets: inFile(
      z.strictObject(numbers(webSocketSettings)),
      'Bounds of clients that stay connected, by WebSocket or a stream. Times in milliseconds.',
    ),
    subgraphFaults: inFile(
      z.strictObject(numbers(subgraphFaultSettings)),
      'How much is taken from a subgraph, and how one in trouble is asked. Times in milliseconds.',
    ),
    uploads: inFile(z.strictObject(numbers(uploadSettings)), 'Bounds of requests with files, for subgraphs with `uploads`.'),
    timeouts: inFile(
      z.strictObject({
        operationMs: inFile(milliseconds, 'For a whole operation, in milliseconds. 30000 if left out.', 'OPERATION_TIMEOUT_MS'),
        subgraphMs: inFile(milliseconds, 'For a request to a subgraph, in milliseconds. 10000 if left out.', 'SUBGRAPH_TIMEOUT_MS'),
      }),
      'How long is waited for what.',
    ),
    cache: inFile(
      z.strictObject({
        keep: inFile(
          z.enum(cacheModes),
          'What is kept of answers whose subgraphs allow it by `Cache-Control`: `public` ones, or `all`, which are also private ones, for the one who asked. `off` if left out.',
          'CACHE',
        ),
        ...numbers(cacheSettings),
      }),
      'Answers of subgraphs that are kept (docs/caching.md). With `redisUrl`, gateways share them.',
    ),
    introspection: inFile(z.boolean(), 'Whether clients may ask for the schema. `true` if left out.', 'INTROSPECTION'),
    defer: inFile(z.boolean(), 'Whether clients may use `@defer`. `true` if left out.', 'DEFER'),
    graphiql: inFile(z.boolean(), 'Whether `/` is GraphiQL. `true` if left out.', 'GRAPHIQL'),
    trustedDocuments: inFile(
      z.strictObject({
        manifest: inFile(
          path,
          'File with the documents by their hash, as codegen, Relay or Apollo write it. Followed when it changes.',
          'TRUSTED_DOCUMENTS',
        ),
        mode: inFile(z.enum(['off', 'prefer', 'only']), '`only` runs no other document. `prefer` if left out.', 'TRUSTED_DOCUMENTS_MODE'),
      }),
      'The documents that your own clients were built with.',
    ),
    persistedQueries: inFile(
      z.boolean(),
      'Whether clients may leave documents here by their hash (APQ). `true` if left out.',
      'PERSISTED_QUERIES',
    ),
    persistedQueriesBytes: inFile(positive, 'How much memory these may take. 16 MiB if left out.', 'PERSISTED_QUERIES_BYTES'),
    rateLimits: inFile(
      z.strictObject({
        operations: inFile(positive, `${defaultRateRules.operations} if left out.`, 'RATE_LIMIT_OPERATIONS'),
        cost: inFile(positive, `In points. ${defaultRateRules.cost} if left out.`, 'RATE_LIMIT_COST'),
      }),
      'What one client may ask for in a minute.',
    ),
    workers: inFile(
      z.union([whole(1, mostWorkers, ', or auto'), z.literal('auto')], {
        error: `must be a whole number from 1 to ${mostWorkers}, or auto`,
      }),
      'Processes that serve, `auto` for one for each core. 1 if left out.',
      'WORKERS',
    ),
    executor: inFile(
      z.enum(executorNames),
      'Who runs queries and mutations: `apollo` is the executor of `@apollo/gateway`, to compare with. `galaxia` if left out.',
      'EXECUTOR',
    ),
    overrideLabels: inFile(
      names,
      'Labels of progressive `@override`s that count, for example of features that are on; `percent(…)` counts by itself. None if left out.',
      'OVERRIDE_LABELS',
    ),
    readyRequires: inFile(
      z.union([names.min(1, 'must have names of subgraphs, or be none without brackets'), z.enum(['all', 'none'])], {
        error: 'must be a list of names of subgraphs, or all, or none',
      }),
      'Subgraphs without which `/health/ready` is 503; of the others it only tells. `all` if left out.',
      'READY_REQUIRES',
    ),
    slowOperationMs: inFile(
      milliseconds,
      'Operations that take as long are logged, in milliseconds. None if left out.',
      'SLOW_OPERATION_MS',
    ),
    queryPlan: inFile(
      z.boolean(),
      'Whether a request with the header `x-galaxia-query-plan: 1` is told the plan of its query. `false` if left out.',
      'QUERY_PLAN',
    ),
    tracing: inFile(
      z.strictObject({
        endpoint: inFile(
          text,
          'Where traces are sent by OTLP over HTTP, without `/v1/traces`. None are made if left out.',
          'OTEL_EXPORTER_OTLP_ENDPOINT',
        ),
        serviceName: inFile(text, 'How this process is called there. `gateway` if left out.', 'OTEL_SERVICE_NAME'),
        share: inFile(
          z.number().min(0).max(1),
          'How many of the traces that begin here are kept, from 0 to 1. 1 if left out.',
          'OTEL_TRACES_SAMPLER_ARG',
        ),
        trustClients: inFile(
          z.boolean(),
          'Whether the traces of clients (`traceparent`) go on here. `true` if left out.',
          'TRUST_TRACEPARENT',
        ),
      }),
      'Traces for OpenTelemetry.',
    ),
    metrics: inFile(z.boolean(), 'Whether `/metrics` tells Prometheus what is counted. `true` if left out.', 'METRICS'),
    redisUrl: inFile(text, 'A Redis by which several gateways share rate limits and persisted queries.', 'REDIS_URL'),
    jwt: inFile(
      z.strictObject({
        jwksUrl: inFile(text, 'Where the issuer publishes its public keys (JWKS).', 'JWT_JWKS_URL'),
        issuer: inFile(text, 'The `iss` that a token must have.', 'JWT_ISSUER'),
        audience: inFile(
          z.union([text, names], { error: 'must be text, or a list of texts' }),
          'The `aud` that a token must have, or several of which it must have one.',
          'JWT_AUDIENCE',
        ),
        policiesClaim: inFile(
          text,
          'The claim of a token that lists the policies of `@policy` that its bearer fulfils, or a path to it: `realm_access.roles`. `policies` if left out.',
          'JWT_POLICIES_CLAIM',
        ),
      }),
      'Verifies the bearer tokens of an issuer; requests with a bad one are refused. Without it tokens are passed on as they are.',
    ),
    headers: inFile(headers, 'For all subgraphs.'),
    subgraphs: inFile(z.record(text, subgraph), 'Settings of single subgraphs, by their names in the supergraph.'),
  })
  .meta({ title: 'Galaxia gateway', description: 'Configuration file of galaxia-gateway.' });

export type ConfigFile = z.output<typeof configFile>;
