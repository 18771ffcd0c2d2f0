import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../shared/config/environment.js';
import { readAllInOneConfig } from '../config/all-in-one-config.js';
import { readGatewayConfig } from '../config/gateway-config.js';
import { defaultOperationLimits } from './operation-limits.js';

const gateway = (environment: Readonly<Record<string, string>>) =>
  readGatewayConfig({ SUPERGRAPH_PATH: 'theirs.graphql', ...environment }).policy;

describe.each([
  ['the gateway', gateway],
  ['the all-in-one', (environment: Readonly<Record<string, string>>) => readAllInOneConfig(environment).policy],
] as const)('The policy of %s', (_name, read) => {
  it.each([
    ['MAX_DEPTH', '0'],
    ['MAX_DEPTH', '201'],
    ['MAX_COST', '-1'],
    ['MAX_COST', '1e3'],
    ['MAX_LITERAL_LISTS', '17'],
    ['INTROSPECTION', 'no'],
    ['GRAPHIQL', 'true'],
    ['TRUSTED_DOCUMENTS_MODE', 'always'],
    ['PERSISTED_QUERIES', '1'],
    ['RATE_LIMIT_OPERATIONS', '0'],
  ])('is refused with %s=%s', (name, value) => {
    expect(() => read({ [name]: value })).toThrow(name);
  });

  it.each(['only', 'prefer'])('is refused in mode %s without the manifest', (mode) => {
    expect(() => read({ TRUSTED_DOCUMENTS_MODE: mode })).toThrow(ConfigurationError);
    expect(() => read({ TRUSTED_DOCUMENTS_MODE: mode })).toThrow('TRUSTED_DOCUMENTS is not set');
  });

  it('needs nothing', () => {
    expect(read({})).toMatchObject({
      limits: defaultOperationLimits,
      allowsIntrospection: true,
      withoutPage: undefined,
      trustedDocuments: undefined,
      persistedQueriesBytes: 16 * 1024 * 1024,
    });
  });

  it('takes what is just within the bounds', () => {
    expect(read({ MAX_DEPTH: '200', MAX_ALIASES: '1', MAX_COST: '1000000000', RATE_LIMIT_COST: '1000000000' }).limits).toMatchObject({
      maxDepth: 200,
      maxAliases: 1,
      maxCost: 1_000_000_000,
    });
  });

  it('SECURITY 36: can be without introspection and without GraphiQL', () => {
    expect(read({ INTROSPECTION: 'off', GRAPHIQL: 'off' })).toMatchObject({
      allowsIntrospection: false,
      withoutPage: expect.stringContaining('GRAPHIQL'),
    });
  });

  it('SECURITY 37: takes no documents of clients, and serves no GraphiQL, where only trusted ones run', () => {
    expect(read({ TRUSTED_DOCUMENTS: 'manifest.json', TRUSTED_DOCUMENTS_MODE: 'only' })).toMatchObject({
      trustedDocuments: { path: 'manifest.json', mode: 'only' },
      persistedQueriesBytes: 0,
      withoutPage: expect.stringContaining('Only trusted documents'),
    });
    expect(read({ TRUSTED_DOCUMENTS: 'manifest.json' }).trustedDocuments?.mode).toBe('prefer');
    expect(read({ TRUSTED_DOCUMENTS: 'manifest.json', TRUSTED_DOCUMENTS_MODE: 'off' }).trustedDocuments).toBeUndefined();
  });

  it('multiplies its rates by RATE_LIMIT_SCALE', () => {
    expect(read({ RATE_LIMIT_SCALE: '0.5', RATE_LIMIT_OPERATIONS: '100', RATE_LIMIT_COST: '1', MAX_COST: '1' }).rates).toEqual({
      operations: 50,
      cost: 1,
    });
  });
});
