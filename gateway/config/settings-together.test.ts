import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { problemsOf } from '../../tests/testkit/gateway/problems-of.js';
import { readAllInOneConfig } from './all-in-one-config.js';
import { readGatewayConfig } from './gateway-config.js';
import { readStartConfig } from './start-config.js';

type Environment = Readonly<Record<string, string>>;

const ofGateway = (environment: Environment) => problemsOf(() => readGatewayConfig({ SUPERGRAPH_PATH: 'x.graphql', ...environment }));

/** What contradicts itself, what the message must say, and the nearest that does not. */
const contradictions: readonly (readonly [wrong: Environment, told: string, right: Environment])[] = [
  [
    { UPLOAD_MAX_FILE_BYTES: '101', UPLOAD_MAX_BYTES: '100' },
    'UPLOAD_MAX_FILE_BYTES: 101 is more than UPLOAD_MAX_BYTES (100), and no file',
    { UPLOAD_MAX_FILE_BYTES: '100', UPLOAD_MAX_BYTES: '100' },
  ],
  [
    { UPLOAD_MAX_FILE_BYTES: '67108865' },
    'UPLOAD_MAX_FILE_BYTES: 67108865 is more than UPLOAD_MAX_BYTES (67108864, as it is not set)',
    { UPLOAD_MAX_FILE_BYTES: '67108864' },
  ],
  [
    { SUBGRAPH_TIMEOUT_MS: '30001' },
    'SUBGRAPH_TIMEOUT_MS: 30001 is more than OPERATION_TIMEOUT_MS (30000, as',
    { SUBGRAPH_TIMEOUT_MS: '30000' },
  ],
  [
    { SUBGRAPH_TIMEOUTS_MS: 'a=1,b=30001' },
    'SUBGRAPH_TIMEOUTS_MS: b=30001 is more than OPERATION_TIMEOUT_MS (30000, as',
    { SUBGRAPH_TIMEOUTS_MS: 'a=1,b=30000' },
  ],
  [
    { SLOW_OPERATION_MS: '51', OPERATION_TIMEOUT_MS: '50' },
    'SLOW_OPERATION_MS: 51 is more than OPERATION_TIMEOUT_MS (50)',
    { SLOW_OPERATION_MS: '50', OPERATION_TIMEOUT_MS: '50' },
  ],
  [{ CIRCUIT_OPEN_MS: '8001' }, 'CIRCUIT_OPEN_MS: 8001 is more than CIRCUIT_MAX_OPEN_MS (8000, as', { CIRCUIT_OPEN_MS: '8000' }],
  [{ CIRCUIT_MAX_OPEN_MS: '1999' }, 'CIRCUIT_MAX_OPEN_MS: 1999 is less than CIRCUIT_OPEN_MS (2000, as', { CIRCUIT_MAX_OPEN_MS: '2000' }],
  [
    { SOCKET_MAX_UNSENT_BYTES: '65535' },
    'SOCKET_MAX_UNSENT_BYTES: 65535 is less than SOCKET_HIGH_WATER_BYTES (65536, as',
    { SOCKET_MAX_UNSENT_BYTES: '65536' },
  ],
  [
    { MAX_UNINITIALISED_SOCKETS: '9', MAX_SOCKETS: '8' },
    'MAX_UNINITIALISED_SOCKETS: 9 is more than MAX_SOCKETS (8)',
    { MAX_UNINITIALISED_SOCKETS: '8', MAX_SOCKETS: '8' },
  ],
  [{ MAX_SOCKETS_PER_USER: '50001' }, 'MAX_SOCKETS_PER_USER: 50001 is more than MAX_SOCKETS (50000, as', { MAX_SOCKETS_PER_USER: '50000' }],
  [
    { MAX_OPERATIONS_PER_SOCKET: '200001' },
    'MAX_OPERATIONS_PER_SOCKET: 200001 is more than MAX_OPERATIONS (200000, as',
    { MAX_OPERATIONS_PER_SOCKET: '200000' },
  ],
  [{ MAX_ALIASES: '2001' }, 'MAX_ALIASES: 2001 is more than MAX_SELECTIONS (2000, as', { MAX_ALIASES: '2000' }],
  [{ MAX_ROOT_FIELDS: '2001' }, 'MAX_ROOT_FIELDS: 2001 is more than MAX_SELECTIONS (2000, as', { MAX_ROOT_FIELDS: '2000' }],
  [{ MAX_DEPTH: '9', MAX_SELECTIONS: '8' }, 'MAX_DEPTH: 9 is more than MAX_SELECTIONS (8)', { MAX_DEPTH: '8', MAX_SELECTIONS: '8' }],
  [
    { MAX_LITERAL_LISTS: '6', MAX_INPUT_DEPTH: '5' },
    'MAX_LITERAL_LISTS: 6 is more than MAX_INPUT_DEPTH (5)',
    { MAX_LITERAL_LISTS: '5', MAX_INPUT_DEPTH: '5' },
  ],
  [
    { RATE_LIMIT_COST: '19999' },
    'RATE_LIMIT_COST: MAX_COST (20000, as it is not set) is more than one client may ask for in a minute',
    { RATE_LIMIT_COST: '20000' },
  ],
  [{ MAX_COST: '600001' }, 'MAX_COST: MAX_COST (600001) is more than one client', { MAX_COST: '600000' }],
  [{ RATE_LIMIT_SCALE: '0.01' }, 'times RATE_LIMIT_SCALE (0.01): operations', { RATE_LIMIT_SCALE: '0.1' }],
  [
    { TRUSTED_DOCUMENTS: 'x.json', TRUSTED_DOCUMENTS_MODE: 'only', PERSISTED_QUERIES: 'on' },
    'PERSISTED_QUERIES: cannot be on while TRUSTED_DOCUMENTS_MODE is only',
    { TRUSTED_DOCUMENTS: 'x.json', TRUSTED_DOCUMENTS_MODE: 'only' },
  ],
  [
    { TRUSTED_DOCUMENTS: 'x.json', TRUSTED_DOCUMENTS_MODE: 'only', GRAPHIQL: 'on' },
    'GRAPHIQL: cannot be on while TRUSTED_DOCUMENTS_MODE is only',
    { TRUSTED_DOCUMENTS: 'x.json', TRUSTED_DOCUMENTS_MODE: 'prefer', GRAPHIQL: 'on' },
  ],
  [{ CORS_ORIGINS: '*,https://a.example' }, 'CORS_ORIGINS: has * for all and single ones', { CORS_ORIGINS: '*' }],
  [
    { SUBGRAPH_RETRIES: '1', SUBGRAPH_RETRY_SHARE: '0', SUBGRAPH_RETRY_MINIMUM: '0' },
    'SUBGRAPH_RETRIES: 1 cannot be: SUBGRAPH_RETRY_SHARE (0) and SUBGRAPH_RETRY_MINIMUM (0) allow none',
    { SUBGRAPH_RETRIES: '0', SUBGRAPH_RETRY_SHARE: '0', SUBGRAPH_RETRY_MINIMUM: '0' },
  ],
];

describe('Settings that contradict each other', () => {
  it.each(contradictions)('are refused by both names: %j', (wrong, told, right) => {
    expect(ofGateway(wrong)).toEqual([expect.stringContaining(told)]);
    expect(problemsOf(() => readAllInOneConfig(wrong))).toEqual([expect.stringContaining(told)]);
    expect(ofGateway(right)).toEqual([]);
    expect(problemsOf(() => readAllInOneConfig(right))).toEqual([]);
  });

  it.each(['RATE_LIMIT_OPERATIONS', 'RATE_LIMIT_COST'])('such as %s of processes that do not count together', (rate) => {
    const wrong = { [rate]: '100000', WORKERS: '2' };
    expect(ofGateway(wrong)).toEqual([expect.stringContaining(`${rate}: with WORKERS (2), each would count for itself`)]);
    expect(ofGateway({ ...wrong, WORKERS: '1' })).toEqual([]);
    expect(ofGateway({ ...wrong, REDIS_URL: 'redis://redis' })).toEqual([]);
    expect(ofGateway({ WORKERS: '2' })).toEqual([]);
  });

  it('are none where the greater one bounds what was not set', () => {
    const bounds = {
      UPLOAD_MAX_BYTES: '1',
      OPERATION_TIMEOUT_MS: '1',
      MAX_SOCKETS: '1',
      MAX_OPERATIONS: '1',
      MAX_SELECTIONS: '1',
      MAX_INPUT_DEPTH: '1',
    };
    expect(ofGateway(bounds)).toEqual([]);
    expect(ofGateway({ SUBGRAPH_RETRY_SHARE: '0', SUBGRAPH_RETRY_MINIMUM: '0' })).toEqual([]);
  });

  it('are told beside what is wrong in itself, which is compared with nothing', () => {
    expect(ofGateway({ UPLOAD_MAX_FILE_BYTES: 'x', MAX_DEPTH: '9', MAX_SELECTIONS: '8' })).toEqual([
      expect.stringMatching(/^UPLOAD_MAX_FILE_BYTES: must be a whole number/),
      expect.stringMatching(/^MAX_DEPTH: 9 is more/),
    ]);
  });

  describe('in a configuration file', () => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'galaxia-'));
    });
    afterEach(() => {
      rmSync(folder, { recursive: true });
    });
    const ofFile = (lines: readonly string[], environment: Environment = {}) => {
      writeFileSync(join(folder, 'galaxia-gateway.yaml'), lines.join('\n'));
      return problemsOf(() => readStartConfig({ flags: { config: undefined, variables: {} }, environment, folder }));
    };
    const uploads = ['supergraph: s.graphql', 'uploads:', '  maxBytes: 5', '  maxFileBytes: 6'];

    it('are told with the place of each', () => {
      expect(ofFile(uploads)).toEqual([
        'galaxia-gateway.yaml:4:17: uploads.maxFileBytes: 6 is more than uploads.maxBytes at galaxia-gateway.yaml:3:13 (5), and no file as large as that would ever come in',
      ]);
      expect(ofFile(uploads, { UPLOAD_MAX_BYTES: '4' })).toEqual([
        expect.stringContaining('uploads.maxFileBytes: 6 is more than UPLOAD_MAX_BYTES (4)'),
      ]);
      expect(ofFile(uploads, { UPLOAD_MAX_BYTES: '6' })).toEqual([]);
    });

    it('may be those of one subgraph', () => {
      const withTimeout = (ms: number) => [
        'supergraph: s.graphql',
        'timeouts: { operationMs: 50 }',
        `subgraphs: { a: { timeoutMs: ${ms} } }`,
      ];
      expect(ofFile(withTimeout(51))).toEqual([
        'galaxia-gateway.yaml:3:30: subgraphs.a.timeoutMs: 51 is more than timeouts.operationMs at galaxia-gateway.yaml:2:26 (50), and the operation ends before it',
      ]);
      expect(ofFile(withTimeout(50))).toEqual([]);
    });
  });
});
