import { describe, expect, it } from '@jest/globals';
import { problemsOf } from '../../tests/testkit/gateway/problems-of.js';
import { numberProblem, type NumberSetting } from '../../shared/config/number-settings.js';
import { subgraphFaultSettings } from '../datasources/faults/subgraph-fault-settings.js';
import { httpSettings } from '../http/http-limits.js';
import { webSocketSettings } from '../subscriptions/limits.js';
import { uploadSettings } from '../http/uploads/upload-limits.js';
import { readConfigFile } from './file/read-config-file.js';
import { readGatewayConfig, type GatewayConfig } from './gateway-config.js';

interface Limit {
  readonly setting: NumberSetting;
  /** In a configuration file. */
  readonly key: readonly [string, string];
  readonly of: (config: GatewayConfig) => number;
}

function limitsOf(
  section: string,
  settings: Readonly<Record<string, NumberSetting>>,
  read: (config: GatewayConfig) => Readonly<Record<string, number>>,
): readonly (readonly [string, Limit])[] {
  return Object.entries(settings).map(([name, setting]) => [
    setting.variable,
    { setting, key: [section, name], of: (config) => read(config)[name] ?? NaN },
  ]);
}

const all = [
  ...limitsOf('limits', httpSettings, ({ limits }) => limits.http),
  ...limitsOf('sockets', webSocketSettings, ({ limits }) => limits.sockets),
  ...limitsOf('uploads', uploadSettings, ({ limits }) => limits.uploads),
  ...limitsOf('subgraphFaults', subgraphFaultSettings, ({ subgraphFaults }) => subgraphFaults),
];

/** With which a limit may be anything from its least to its most. */
const beside: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  UPLOAD_MAX_FILE_BYTES: { UPLOAD_MAX_BYTES: '1000000000000' },
  CIRCUIT_OPEN_MS: { CIRCUIT_MAX_OPEN_MS: '3600000' },
  CIRCUIT_MAX_OPEN_MS: { CIRCUIT_OPEN_MS: '1' },
  SOCKET_HIGH_WATER_BYTES: { SOCKET_MAX_UNSENT_BYTES: '1000000000' },
  SOCKET_MAX_UNSENT_BYTES: { SOCKET_HIGH_WATER_BYTES: '1' },
  MAX_OPERATIONS_PER_SOCKET: { MAX_OPERATIONS: '10000000' },
  MAX_UNINITIALISED_SOCKETS: { MAX_SOCKETS: '10000000' },
  MAX_SOCKETS_PER_USER: { MAX_SOCKETS: '10000000' },
};

const config = (values: Readonly<Record<string, string>>): GatewayConfig => readGatewayConfig({ SUPERGRAPH_PATH: 'x.graphql', ...values });
const inFile = ([section, name]: Limit['key'], value: number): Readonly<Record<string, string>> =>
  readConfigFile('g.json', JSON.stringify({ [section]: { [name]: value } }), { environment: {}, folder: '.' }).variables;

describe.each(all)('SECURITY 35: %s', (variable, { setting, key, of }) => {
  const { least = 1, most, isShare = false, otherwise } = setting;
  const step = isShare ? 0.000001 : 1;

  it.each(['many', '-1', ' 1', '1e1', String(most + step), ...(least > 0 ? [String(Number((least - step).toFixed(6)))] : [])])(
    'is not %j',
    (value) => {
      expect(problemsOf(() => config({ [variable]: value }))).toEqual([`${variable}: ${numberProblem(setting)}`]);
    },
  );

  it('is what is set, by variable and by file, from the least to the most, and otherwise its default', () => {
    expect(of(config({}))).toBe(otherwise);
    for (const value of [least, most]) {
      expect(of(config({ ...beside[variable], [variable]: String(value) }))).toBe(value);
      expect(of(config({ ...beside[variable], ...inFile(key, value) }))).toBe(value);
    }
    for (const value of [least - step, most + step]) {
      expect(problemsOf(() => inFile(key, value))).toEqual([expect.stringContaining(numberProblem(setting))]);
    }
  });
});
