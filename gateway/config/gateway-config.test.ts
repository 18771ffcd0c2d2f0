import { describe, expect, it } from '@jest/globals';
import { problemsOf } from '../../tests/testkit/gateway/problems-of.js';
import { readAllInOneConfig } from './all-in-one-config.js';
import { readGatewayConfig } from './gateway-config.js';

describe('The configuration of the gateway', () => {
  it.each(['reviews', 'reviews=', 'reviews=0', 'reviews=3600001', 'reviews=1.5', '=5', 'a=1,a=2', 'a=1=2'])(
    'has no time-outs of subgraphs such as %s',
    (text) => {
      const problems = problemsOf(() => readGatewayConfig({ SUPERGRAPH_PATH: 'x.graphql', SUBGRAPH_TIMEOUTS_MS: text }));
      expect(problems).toEqual([expect.stringContaining('SUBGRAPH_TIMEOUTS_MS: must be names of subgraphs with milliseconds')]);
    },
  );

  it('has a time-out for operations, for subgraphs, and for those that are named', () => {
    expect(readGatewayConfig({ SUPERGRAPH_PATH: 'x.graphql' }).timeouts).toEqual({
      operationMs: 30_000,
      subgraphMs: 10_000,
      ofSubgraphMs: new Map(),
    });
    const given = {
      SUPERGRAPH_PATH: 'x.graphql',
      OPERATION_TIMEOUT_MS: '3600000',
      SUBGRAPH_TIMEOUT_MS: '3600000',
      SUBGRAPH_TIMEOUTS_MS: 'reviews=2000, search=500',
    };
    expect(readGatewayConfig(given).timeouts).toEqual({
      operationMs: 3_600_000,
      subgraphMs: 3_600_000,
      ofSubgraphMs: new Map([
        ['reviews', 2_000],
        ['search', 500],
      ]),
    });
  });

  it('is refused with all its problems at once', () => {
    const problems = problemsOf(() =>
      readGatewayConfig({
        PORT: '65536',
        LOG_LEVEL: 'loud',
        CORS_ORIGINS: 'https://game.example/path',
        TRUSTED_PROXIES: 'proxy.example',
        AUTH_URL: 'ftp://auth',
        PUBLIC_URL: 'nonsense',
      }),
    );
    for (const name of [
      'PORT',
      'LOG_LEVEL',
      'CORS_ORIGINS: must be origins',
      'TRUSTED_PROXIES',
      'AUTH_URL',
      'PUBLIC_URL',
      'GATEWAY_SECRET is not set',
    ]) {
      expect(problems).toContainEqual(expect.stringContaining(name));
    }
  });

  it('needs no more than a supergraph for the subgraphs of others, and then assumes nothing about them', () => {
    const config = readGatewayConfig({ SUPERGRAPH_PATH: 'theirs.graphql' });
    expect(config).toMatchObject({ host: '127.0.0.1', port: 4000, supergraphPath: 'theirs.graphql', urls: {}, gatewaySecret: undefined });
    expect(config.trustsProxy('127.0.0.1')).toBe(false);
  });

  it('knows where the own subgraphs are, and that a URL without a path means /graphql', () => {
    const config = readGatewayConfig({ GATEWAY_SECRET: 'x'.repeat(32), USERS_URL: 'http://users:4002' });
    expect(config.urls).toEqual({
      auth: 'http://127.0.0.1:4001/graphql',
      users: 'http://users:4002/graphql',
      sessions: 'http://127.0.0.1:4003/graphql',
      images: 'http://127.0.0.1:4004/graphql',
    });
    expect(config.supergraphPath).toMatch(/schema[/\\]supergraph\.graphql$/);
  });
});

describe('Where pages send uploads beside here', () => {
  const s3 = { S3_PUBLIC_ENDPOINT: 'https://objects.example/' };

  it('is nowhere by default', () => {
    expect(readGatewayConfig({ GATEWAY_SECRET: 'x'.repeat(32) }).objectsUrl).toBeUndefined();
    expect(readAllInOneConfig({}).objectsUrl).toBeUndefined();
  });

  it('is the public store, of which a gateway of its own need know nothing more', () => {
    expect(readGatewayConfig({ GATEWAY_SECRET: 'x'.repeat(32), ...s3 }).objectsUrl).toBe('https://objects.example');
    const config = readAllInOneConfig({
      ...s3,
      S3_ENDPOINT: 'http://objects:9000',
      S3_ACCESS_KEY: 'a',
      S3_SECRET_KEY: 'b',
      S3_DELIVERY: 'redirect',
    });
    expect(config.objectsUrl).toBe('https://objects.example');
    expect(config.s3).toMatchObject({ endpoint: 'http://objects:9000', publicEndpoint: 'https://objects.example', delivery: 'redirect' });
  });

  it('is no text that is no URL', () => {
    expect(
      problemsOf(() => readGatewayConfig({ GATEWAY_SECRET: 'x'.repeat(32), S3_PUBLIC_ENDPOINT: "https: 'unsafe-inline'" })).join(),
    ).toMatch('S3_PUBLIC_ENDPOINT');
  });
});

describe('WORKERS', () => {
  const own = { GATEWAY_SECRET: 'x'.repeat(32) };
  it.each(['0', '257', '-1', '2.5', 'all'])('is no %s', (WORKERS) => {
    expect(problemsOf(() => readGatewayConfig({ ...own, WORKERS })).join()).toMatch('WORKERS');
  });

  it('are from 1 to 256 processes, or auto', () => {
    const workers = (WORKERS?: string) => readGatewayConfig({ ...own, ...(WORKERS === undefined ? {} : { WORKERS }) }).workers;
    expect([workers(), workers('1'), workers('256')]).toEqual([1, 1, 256]);
    expect(workers('auto')).toBeGreaterThanOrEqual(1);
  });

  it('are no more than one when everything is in one process, and it says why', () => {
    expect(problemsOf(() => readAllInOneConfig({ WORKERS: '2' })).join()).toMatch(/WORKERS: everything in one process stays one/);
    expect(problemsOf(() => readAllInOneConfig({ WORKERS: '1' }))).toEqual([]);
  });
});

describe('The configuration of everything in one process', () => {
  it('needs nothing', () => {
    expect(readAllInOneConfig({})).toMatchObject({ port: 4000, logLevel: 'warn', databaseUrls: {}, s3: null, redisUrl: undefined });
  });

  it.each([
    ['AUTH_DATABASE_URL', 'mysql://localhost/auth'],
    ['REDIS_URL', 'http://localhost'],
    ['UV_THREADPOOL_SIZE', '0'],
    ['METRICS', 'yes'],
    ['METRICS_TOKEN', 'too short'],
    ['PASSWORD_BREACH_CHECK_WHEN_DOWN', 'refuse'],
    ['S3_ENDPOINT', 'http://objects:9000'],
  ])('is refused for %s=%s', (name, value) => {
    expect(problemsOf(() => readAllInOneConfig({ [name]: value })).join()).toMatch(name.startsWith('S3') ? /S3_ACCESS_KEY/ : name);
  });
});
