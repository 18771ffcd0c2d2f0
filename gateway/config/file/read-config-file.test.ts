import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../../shared/config/environment.js';
import { projectRoot } from '../../../shared/config/project-root.js';
import { gatewayVariableNames } from '../gateway-config.js';
import { configFileJsonSchema } from './json-schema.js';
import { readConfigFile } from './read-config-file.js';

function problemsOf(source: string, environment = {}): readonly string[] {
  try {
    readConfigFile('gateway.yaml', source, { environment, folder: '/' });
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}

const nothing = { environment: {}, folder: '/' };

describe('A configuration file of the gateway', () => {
  it('is refused with all its problems at once, each with its place, from top to bottom', () => {
    const source = [
      'port: 65536',
      'limits:',
      '  maxDepth: 0',
      '  maxDept: 3',
      'subgraphs:',
      '  stock:',
      '    url: ftp://stock',
      '    subscriptions: { url: nonsense }',
      '    timeoutMs: "5"',
      '    headers: { set: { x-key: "${API_KEY}" } }',
    ].join('\n');
    expect(problemsOf(source)).toEqual([
      expect.stringMatching(/^gateway\.yaml:1:7: port: .*65535/),
      expect.stringMatching(/^gateway\.yaml:3:13: limits\.maxDepth: .*1/),
      'gateway.yaml:4:3: there is no setting limits.maxDept; did you mean "maxDepth"?',
      'gateway.yaml:7:10: subgraphs.stock.url: must be an http:// or https:// URL',
      'gateway.yaml:8:27: subgraphs.stock.subscriptions.url: must be a ws://, wss://, http:// or https:// URL',
      expect.stringMatching(/^gateway\.yaml:9:16: subgraphs\.stock\.timeoutMs: .*number/),
      'gateway.yaml:10:30: subgraphs.stock.headers.set.x-key needs the environment variable API_KEY, which is not set',
    ]);
  });

  it.each([
    ['limits: { maxDepth: 1.5 }', 'limits.maxDepth: must be a whole number from 1 to 200'],
    ['limits: { maxDepth: 201 }', 'limits.maxDepth: must be a whole number from 1 to 200'],
    ['limits: { maxCost: 1000000001 }', 'limits.maxCost: must be a whole number from 1 to 1000000000'],
    ['timeouts: { operationMs: 3600001 }', 'timeouts.operationMs: must be a whole number from 1 to 3600000'],
    ['slowOperationMs: 0', 'slowOperationMs: must be a whole number from 1 to 3600000'],
    ['port: "x"', 'port: must be a whole number from 0 to 65535'],
    ['workers: 257', 'workers: must be a whole number from 1 to 256, or auto'],
    ['introspection: 1', 'introspection: must be true or false'],
    ['limits: 5', 'limits: must be settings with names'],
    ['cors: { origins: all }', 'cors.origins: must be a list'],
    ['publicUrl: 5', 'publicUrl: must be text'],
    ['logLevel: loud', 'logLevel: must be one of trace, debug, info, warn, error, fatal, silent'],
    ['jwt: { audience: 5 }', 'jwt.audience: must be text, or a list of texts'],
    ['tracing: { share: x }', 'tracing.share: must be a number'],
  ])('is refused in plain words for %s', (source, problem) => {
    expect(problemsOf(source)).toEqual([expect.stringContaining(problem)]);
  });

  it('may have the most of what has one', () => {
    const source = 'limits: { maxDepth: 200, maxCost: 1000000000 }\ntimeouts: { operationMs: 3600000 }\nworkers: 256\nport: 65535';
    expect(problemsOf(source)).toEqual([]);
  });

  it('says what there is when an unknown setting comes close to none', () => {
    expect(problemsOf('jwt: { completelyElse: 1 }')).toEqual([
      'gateway.yaml:1:8: there is no setting jwt.completelyElse; possible here: jwksUrl, issuer, audience, policiesClaim',
    ]);
  });

  it.each([
    ['an unfinished list', 'cors: [', 'gateway.yaml:1:'],
    ['a key twice', 'port: 1\nport: 2', 'gateway.yaml:2:1'],
    ['a list', '- port', 'gateway.yaml:1:1'],
    ['unfinished JSON', '{ "port": 1, ', 'gateway.yaml:1:'],
  ])('is refused when it is %s', (_name, source, place) => {
    expect(problemsOf(source)[0]).toContain(place);
  });

  it.each(['x-user-id', 'X-Gateway-Secret', 'x-request-id', 'host', 'Content-Length', 'transfer-encoding'])(
    'forwards no %s, which no client may say',
    (name) => {
      expect(problemsOf(`headers: { forward: [${name}] }`)).toEqual([expect.stringContaining('leave it out')]);
    },
  );

  it.each(['x-user-id', 'X-Gateway-Secret', 'x-request-id', 'X-Client-Ip', 'host', 'Content-Length', 'transfer-encoding', 'content-type'])(
    'SECURITY 45: gives %s no value of its own, for all subgraphs or for one',
    (name) => {
      const problem = new RegExp(`^gateway\\.yaml:\\d:\\d+: .*headers\\.set\\.${name}: .*: leave it out$`);
      const source = `headers: { set: { ${name}: x } }\nsubgraphs: { stock: { headers: { set: { x-key: k, ${name}: "1" } } } }`;
      expect(problemsOf(source)).toEqual([expect.stringMatching(problem), expect.stringMatching(problem)]);
      expect(problemsOf(source)[1]).toMatch(/^gateway\.yaml:2:51: subgraphs\.stock\./);
    },
  );

  it('SECURITY 52: has no secret in an address of a subgraph, and tells none', () => {
    const source = 'subgraphs:\n  a: { url: "http://me:word@a/graphql" }\n  b: { subscriptions: { url: "ws://me:word@b" } }';
    expect(problemsOf(source)).toEqual([
      expect.stringMatching(/^gateway\.yaml:2:13: subgraphs\.a\.url: must be without user and password.*headers\.set\.authorization/),
      expect.stringMatching(/^gateway\.yaml:3:30: subgraphs\.b\.subscriptions\.url: must be without user and password/),
    ]);
    expect(problemsOf(source).join()).not.toContain('word@');
    expect(problemsOf('subgraphs: { a: { url: "http://a/@graphql?word@" } }')).toEqual([]);
  });

  it('gives no value to what is no name of a header', () => {
    expect(problemsOf('headers: { set: { "a b": x } }')).toEqual(['gateway.yaml:1:19: headers.set.a b: must be the name of a header']);
  });

  it('gives values to what clients say otherwise', () => {
    expect(problemsOf('headers: { set: { authorization: "Bearer x", User-Agent: me } }')).toEqual([]);
  });

  it('sets variables, with lists and switches as they are written there, and paths seen from its own folder', () => {
    const { variables, subgraphs, headers } = readConfigFile(
      'galaxia/gateway.yaml',
      [
        'supergraph: ./supergraph.graphql',
        'port: 0',
        'introspection: false',
        'cors: { origins: [https://a.example, https://b.example] }',
        'limits: { maxDepth: 7 }',
        'trustedDocuments: { manifest: documents.json, mode: only }',
        'jwt: { jwksUrl: "https://id.example/jwks", issuer: "https://id.example", audience: [games, chat] }',
        'headers: { forward: [X-Tenant], set: { x-key: "a ${KEY} b" } }',
        'subgraphs: { stock: { url: "http://stock:4001", timeoutMs: 500 } }',
      ].join('\n'),
      { environment: { KEY: 'secret' }, folder: '/etc' },
    );
    expect(variables).toEqual({
      SUPERGRAPH_PATH: '/etc/galaxia/supergraph.graphql',
      PORT: '0',
      INTROSPECTION: 'off',
      CORS_ORIGINS: 'https://a.example,https://b.example',
      MAX_DEPTH: '7',
      TRUSTED_DOCUMENTS: '/etc/galaxia/documents.json',
      TRUSTED_DOCUMENTS_MODE: 'only',
      JWT_JWKS_URL: 'https://id.example/jwks',
      JWT_ISSUER: 'https://id.example',
      JWT_AUDIENCE: 'games,chat',
    });
    expect(headers).toEqual({ forward: ['x-tenant'], set: { 'x-key': 'a secret b' } });
    expect(subgraphs).toEqual({ stock: { url: 'http://stock:4001/graphql', timeoutMs: 500 } });
  });

  it('may be JSON with tabs, and empty', () => {
    expect(readConfigFile('g.json', '{\n\t"port": 4100\n}', nothing).variables).toEqual({ PORT: '4100' });
    expect(readConfigFile('g.yaml', '', nothing).variables).toEqual({});
    expect(readConfigFile('g.yaml', '# nothing yet\n', nothing).variables).toEqual({});
  });

  it('has a setting for every variable, unless there is a reason', () => {
    const withoutSetting = {
      AUTH_URL: 'subgraphs.<name>.url',
      USERS_URL: 'subgraphs.<name>.url',
      SESSIONS_URL: 'subgraphs.<name>.url',
      IMAGES_URL: 'subgraphs.<name>.url',
      SUBGRAPH_TIMEOUTS_MS: 'subgraphs.<name>.timeoutMs',
      UPLOAD_SUBGRAPHS: 'subgraphs.<name>.uploads',
      GATEWAY_SECRET: 'no secret belongs into a file',
      CACHE_INVALIDATION_SECRET: 'no secret belongs into a file',
      METRICS_TOKEN: 'no secret belongs into a file',
      OTEL_EXPORTER_OTLP_HEADERS: 'no secret belongs into a file',
      S3_PUBLIC_ENDPOINT: 'for Galaxia’s own images',
      RATE_LIMIT_SCALE: 'for load tests',
    };
    const inSchema = new Set([...configFileJsonSchema().matchAll(/Environment variable: ([A-Z0-9_]+)\./g)].map(([, name]) => name));
    expect(gatewayVariableNames.filter((name) => !inSchema.has(name)).sort()).toEqual(Object.keys(withoutSetting).sort());
  });

  it('has a JSON Schema that is up to date: npx tsx tools/write-config-schema.ts', () => {
    expect(readFileSync(join(projectRoot, 'gateway', 'config', 'file', 'config.schema.json'), 'utf8')).toBe(configFileJsonSchema());
  });
});
