import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { cacheVariables } from '../gateway/caching/cache-variables.js';
import { defaultOperationLimits, limitVariableNames } from '../gateway/policy/operation-limits.js';
import { subgraphFaultSettings } from '../gateway/datasources/faults/subgraph-fault-settings.js';
import { timeoutVariables } from '../gateway/datasources/faults/timeout-variables.js';
import { policyVariables } from '../gateway/policy/policy-variables.js';
import { httpSettings } from '../gateway/http/http-limits.js';
import { webSocketSettings } from '../gateway/subscriptions/limits.js';
import { uploadSettings } from '../gateway/http/uploads/upload-limits.js';
import { readAllInOneConfig } from '../gateway/config/all-in-one-config.js';
import { imageQuotaSettings } from '../shared/config/image-quota-settings.js';
import { networkRateSettings } from '../shared/config/network-rate-settings.js';
import { numberProblem, type NumberSetting } from '../shared/config/number-settings.js';
import { projectRoot } from '../shared/config/project-root.js';
import { limits as uploadLimits } from '../subgraphs/images/services/image.js';
import { readImagesConfig } from '../subgraphs/images/config.js';
import { readAuthConfig } from '../subgraphs/auth/config.js';
import { networkWindows } from '../subgraphs/auth/services/throttling/throttles.js';

type Environment = Readonly<Record<string, string>>;

const text = readFileSync(join(projectRoot, 'docs', 'limits.md'), 'utf8');

/** Names and defaults in the table of a chapter. */
function table(chapter: string): Record<string, string> {
  const part = text.split('\n## ').find((each) => each.startsWith(chapter)) ?? '';
  return Object.fromEntries([...part.matchAll(/^\| `([^`]+)` *\| ([^|]+) \|/gm)].map(([, name = '', value = '']) => [name, value.trim()]));
}

const asText = (values: Readonly<Record<string, number>>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));

/** By the variables that set them. */
const defaultsOf = (settings: Readonly<Record<string, NumberSetting>>): Record<string, string> =>
  Object.fromEntries(Object.values(settings).map(({ variable, otherwise }) => [variable, String(otherwise)]));

describe('SECURITY 35: docs/limits.md has the limits of the code', () => {
  const limitNames: ReadonlySet<string> = new Set(Object.values(limitVariableNames));

  it('for operations', () => {
    const names = Object.keys(limitVariableNames) as (keyof typeof limitVariableNames)[];
    expect(table('Operations')).toEqual(
      Object.fromEntries(names.map((name) => [limitVariableNames[name], String(defaultOperationLimits[name])])),
    );
  });

  it('for what else the policy decides', () => {
    const defaults = z.object(policyVariables).parse({});
    const shown = (value: string | number | boolean | undefined): string =>
      value === undefined ? '–' : value === true ? 'on' : String(value);
    const others = Object.keys(policyVariables).filter((name) => !limitNames.has(name));
    expect(table('What else decides')).toEqual({
      ...Object.fromEntries(others.map((name) => [name, shown(defaults[name as keyof typeof defaults])])),
      TRUSTED_DOCUMENTS_MODE: 'prefer',
    });
  });

  it('for subgraphs', () => {
    const { SUBGRAPH_TIMEOUTS_MS: single, ...timeouts } = z.object(timeoutVariables).parse({});
    expect(table('Subgraphs')).toEqual({ ...asText(timeouts), SUBGRAPH_TIMEOUTS_MS: single.size === 0 ? '–' : 'some' });
    expect(table('What subgraphs answer')).toEqual(defaultsOf(subgraphFaultSettings));
  });

  it('for requests, with files too', () => {
    expect(table('HTTP')).toEqual(defaultsOf(httpSettings));
    expect(table('Uploads (gateway)')).toEqual({ UPLOAD_SUBGRAPHS: '–', ...defaultsOf(uploadSettings) });
  });

  it('for kept answers', () => {
    const { CACHE, CACHE_INVALIDATION_SECRET = '–', ...bounds } = z.object(cacheVariables).parse({});
    expect(table('Kept answers')).toEqual({ CACHE, ...asText(bounds), CACHE_INVALIDATION_SECRET });
  });

  it('for sockets, uploads and rates', () => {
    expect(table('WebSocket')).toEqual(defaultsOf(webSocketSettings));
    expect(table('Uploads (images)')).toEqual({
      ...asText({ AVATAR: uploadLimits.AVATAR.maxBytes, GALLERY: uploadLimits.GALLERY.maxBytes }),
      ...defaultsOf(imageQuotaSettings),
    });
    expect(table('Rates')).toEqual(defaultsOf(networkRateSettings));
    for (const [name, { variable }] of Object.entries(networkRateSettings))
      expect(text).toMatch(new RegExp(`\\| \`${variable}\` .*\\| ${networkWindows[name as keyof typeof networkWindows]} +\\|`));
  });
});

interface Settable {
  readonly settings: Readonly<Record<string, NumberSetting>>;
  /** In each process that knows them. */
  readonly readers: readonly ((set: Environment) => Readonly<Record<string, number>>)[];
}
const settable: readonly (readonly [string, Settable])[] = [
  [
    'images',
    { settings: imageQuotaSettings, readers: [(set) => readImagesConfig(set).quota, (set) => readAllInOneConfig(set).imageQuota] },
  ],
  [
    'auth',
    { settings: networkRateSettings, readers: [(set) => readAuthConfig(set).networkRates, (set) => readAllInOneConfig(set).networkRates] },
  ],
];

describe.each(settable)('SECURITY 11: limits of %s', (_subgraph, { settings, readers }) => {
  it.each(Object.entries(settings))('%s: are what is set, from 1 to the most', (name, setting) => {
    const { variable, most, otherwise } = setting;
    for (const read of readers) {
      const valueOf = (set: Environment) => read(set)[name];
      for (const wrong of ['0', String(most + 1), '-1', '1.5', 'many'])
        expect(() => valueOf({ [variable]: wrong })).toThrow(`${variable}: ${numberProblem(setting)}`);
      expect([valueOf({}), valueOf({ [variable]: '1' }), valueOf({ [variable]: String(most) })]).toEqual([otherwise, 1, most]);
    }
  });
});
