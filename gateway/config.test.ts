import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../shared/config/environment.js';
import { readAllInOneConfig } from './all-in-one-config.js';
import { readGatewayConfig } from './config.js';

function problemsOf(read: () => unknown): readonly string[] {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
}

describe('The configuration of the gateway', () => {
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

describe('The configuration of everything in one process', () => {
  it('needs nothing', () => {
    expect(readAllInOneConfig({})).toMatchObject({ port: 4000, logLevel: 'warn', databaseUrls: {}, s3: null, redisUrl: undefined });
  });

  it.each([
    ['AUTH_DATABASE_URL', 'mysql://localhost/auth'],
    ['REDIS_URL', 'http://localhost'],
    ['UV_THREADPOOL_SIZE', '0'],
    ['S3_ENDPOINT', 'http://objects:9000'],
  ])('is refused for %s=%s', (name, value) => {
    expect(problemsOf(() => readAllInOneConfig({ [name]: value })).join()).toMatch(name.startsWith('S3') ? /S3_ACCESS_KEY/ : name);
  });
});
