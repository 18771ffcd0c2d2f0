import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { problemsOf as problemsOfReading } from '../../tests/testkit/gateway/problems-of.js';
import { readStartConfig } from './start-config.js';

describe('What the gateway starts with', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'galaxia-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const write = (source: string, name = 'galaxia-gateway.yaml') => writeFileSync(join(folder, name), source);
  const read = ({ variables = {}, config = undefined as string | undefined, environment = {} } = {}) =>
    readStartConfig({ flags: { config, variables }, environment, folder });
  const problemsOf = (options: Parameters<typeof read>[0]) => problemsOfReading(() => read(options));

  it('is refused with what is wrong in all three places, each by its own name', () => {
    write('supergraph: s.graphql\ncors: { origins: [nonsense] }\n');
    expect(problemsOf({ variables: { PORT: 'x' }, environment: { MAX_DEPTH: '900' } })).toEqual([
      expect.stringMatching(/^--port: /),
      expect.stringMatching(/^galaxia-gateway\.yaml:2:18: cors\.origins: must be origins/),
      expect.stringMatching(/^MAX_DEPTH: /),
    ]);
  });

  it('is refused without a supergraph, which is said first', () => {
    const none = expect.stringMatching(/^no supergraph: give --supergraph <file>/);
    expect(problemsOf({})).toEqual([none]);
    expect(problemsOf({ environment: { PORT: 'x', SUPERGRAPH_PATH: '' } })).toEqual([none, expect.stringMatching(/^PORT: /)]);
    write('port: 4000\njwt: { jwksUrl: "https://id.example/jwks", issuer: i, audience: a }\n');
    expect(problemsOf({})).toEqual([none]);
  });

  it('says in plain words what a value must be', () => {
    const environment = { SUPERGRAPH_PATH: 's', INTROSPECTION: 'yes', LOG_LEVEL: 'loud' };
    expect(problemsOf({ environment })).toEqual([
      'INTROSPECTION: must be one of on, off',
      expect.stringMatching(/^LOG_LEVEL: must be one of trace, debug/),
    ]);
  });

  it('tells at once of values of the wrong type, of values that make no sense, and of what is missing beside others', () => {
    write(
      [
        'supergraph: s.graphql',
        'port: many',
        'trustedProxies: [nonsense]',
        'limits: { maxDepth: 900 }',
        'jwt: { jwksUrl: "https://id.example/jwks", issuer: i }',
        'trustedDocuments: { mode: only }',
      ].join('\n'),
    );
    expect(problemsOf({ environment: { LOG_LEVEL: 'loud' } })).toEqual([
      expect.stringMatching(/^galaxia-gateway\.yaml:2:7: port: must be a whole number/),
      expect.stringMatching(/^galaxia-gateway\.yaml:4:21: limits\.maxDepth: must be a whole number/),
      expect.stringMatching(/^galaxia-gateway\.yaml:3:17: trustedProxies: must be addresses/),
      expect.stringMatching(/^LOG_LEVEL: must be one of/),
      expect.stringMatching(/^TRUSTED_DOCUMENTS is not set/),
      expect.stringMatching(/jwt\.audience in the file\) must be set as well/),
    ]);
  });

  it('tells of a file that cannot be used and of the environment, and not of what the file may say', () => {
    write('supergraph: s.graphql\nunknown: 1\n');
    expect(problemsOf({ environment: { PORT: 'x' } })).toEqual([
      expect.stringContaining('there is no setting unknown'),
      expect.stringMatching(/^PORT: /),
    ]);
    expect(problemsOf({ config: 'missing.yaml' })).toEqual([expect.stringContaining('missing.yaml cannot be read')]);
  });

  it('takes a flag before a variable, and that before the file', () => {
    write('supergraph: s.graphql\nport: 1\nhost: file\npublicUrl: http://file.example\n');
    const { config } = read({ variables: { PORT: '3' }, environment: { PORT: '2', HOST: 'variable', PUBLIC_URL: '' } });
    expect(config).toMatchObject({
      port: 3,
      host: 'variable',
      publicUrl: 'http://file.example',
      supergraphPath: join(folder, 's.graphql'),
    });
  });

  it('finds a file of the usual name, and takes the one that is named instead', () => {
    write('supergraph: usual.graphql', 'galaxia-gateway.json');
    write('supergraph: named.graphql', 'named.yaml');
    expect(read().config.supergraphPath).toBe(join(folder, 'usual.graphql'));
    expect(read({ config: 'named.yaml' }).config.supergraphPath).toBe(join(folder, 'named.graphql'));
  });

  it('needs keys, issuer and audience together to verify tokens, and one issuer', () => {
    const environment = { SUPERGRAPH_PATH: 's', JWT_JWKS_URL: 'https://id.example/jwks' };
    expect(problemsOf({ environment })).toEqual([
      expect.stringContaining('JWT_ISSUER (jwt.issuer in the file) must be set as well'),
      expect.stringContaining('JWT_AUDIENCE (jwt.audience in the file) must be set as well'),
    ]);
    const all = { ...environment, JWT_ISSUER: 'https://id.example', JWT_AUDIENCE: 'a, b' };
    expect(problemsOf({ environment: { ...all, AUTH_URL: 'http://auth' } })).toEqual([expect.stringContaining('AUTH_URL')]);
    expect(problemsOf({ environment: { ...all, SUPERGRAPH_PATH: '', GATEWAY_SECRET: 's' } })).toHaveLength(3);
    expect(problemsOf({ environment: { SUPERGRAPH_PATH: 's', JWT_POLICIES_CLAIM: 'roles' } })).toHaveLength(3);
    expect(read({ environment: all }).config.jwt).toEqual({
      jwksUrl: 'https://id.example/jwks',
      issuer: 'https://id.example',
      audience: ['a', 'b'],
      policiesClaim: 'policies',
    });
    expect(read({ environment: { ...all, JWT_POLICIES_CLAIM: 'realm.roles' } }).config.jwt).toMatchObject({ policiesClaim: 'realm.roles' });
  });

  it('takes the subgraphs that must be there for readiness', () => {
    const environment = { SUPERGRAPH_PATH: 's' };
    for (const READY_REQUIRES of ['all,stock', 'stock,none', ','])
      expect(problemsOf({ environment: { ...environment, READY_REQUIRES } })).toEqual([
        expect.stringContaining('READY_REQUIRES: must be names'),
      ]);
    const requires = (READY_REQUIRES: string) => read({ environment: { ...environment, READY_REQUIRES } }).config.readyRequires;
    expect([requires(''), requires('all'), requires('none'), requires('stock, auth')]).toEqual([
      'all',
      'all',
      new Set(),
      new Set(['stock', 'auth']),
    ]);
    for (const [written, expected] of [
      ['[stock]', new Set(['stock'])],
      ['none', new Set()],
    ] as const) {
      write(`supergraph: s\nreadyRequires: ${written}`);
      expect(read().config.readyRequires).toEqual(expected);
    }
    write('supergraph: s\nreadyRequires: []');
    expect(problemsOf({})).toEqual(['galaxia-gateway.yaml:2:16: readyRequires: must have names of subgraphs, or be none without brackets']);
  });

  it('takes labels of @override that count', () => {
    expect(problemsOf({ environment: { SUPERGRAPH_PATH: 's', OVERRIDE_LABELS: 'moved, percent(5)' } })).toEqual([
      expect.stringContaining('percent(…) counts by itself'),
    ]);
    expect(read({ environment: { SUPERGRAPH_PATH: 's', OVERRIDE_LABELS: 'moved, new-prices:v2' } }).config.supergraph).toEqual({
      executor: 'galaxia',
      activeLabels: new Set(['moved', 'new-prices:v2']),
    });
  });

  it('knows what each subgraph is told, and which ones are not there', () => {
    write(
      [
        'supergraph: s.graphql',
        'headers: { forward: [x-tenant], set: { x-key: all, x-app: shop } }',
        'subgraphs:',
        '  stock: { timeoutMs: 5, uploads: true, headers: { forward: [x-trace], set: { x-key: own } } }',
        '  stok: {}',
      ].join('\n'),
    );
    const { subgraphs } = read();
    expect(subgraphs.forwardedHeaders).toEqual(['x-tenant', 'x-trace']);
    expect(subgraphs.of('stock')).toEqual({
      url: undefined,
      timeoutMs: 5,
      subscriptions: {},
      uploads: true,
      headers: { 'x-key': 'own', 'x-app': 'shop' },
      withheldHeaders: ['x-key', 'x-app'],
    });
    expect(subgraphs.of('constructor')).toEqual({
      url: undefined,
      timeoutMs: undefined,
      subscriptions: {},
      uploads: false,
      headers: { 'x-key': 'all', 'x-app': 'shop' },
      withheldHeaders: ['x-trace', 'x-key', 'x-app'],
    });
    expect(subgraphs.problemsWith(['stock', 'products'])).toEqual([
      'galaxia-gateway.yaml:5:9: subgraphs.stok: the supergraph has no subgraph of this name; did you mean "stock"?',
    ]);
  });
});
