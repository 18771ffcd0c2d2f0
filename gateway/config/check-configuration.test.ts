import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { compose } from '../../tests/testkit/gateway/little-supergraph.js';
import { checkConfiguration } from './check-configuration.js';
import { readStartConfig } from './start-config.js';

describe('--check', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'galaxia-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const check = (environment: Record<string, string>) =>
    checkConfiguration(readStartConfig({ flags: { config: undefined, variables: {} }, environment, folder }));

  it('tells of the supergraph and of the trusted documents at once', async () => {
    const path = join(folder, 'plain.graphql');
    writeFileSync(path, 'type Query { a: String }');
    await expect(check({ SUPERGRAPH_PATH: path, TRUSTED_DOCUMENTS: join(folder, 'none.json') })).rejects.toMatchObject({
      problems: [expect.stringContaining('was not composed'), expect.stringContaining('TRUSTED_DOCUMENTS')],
    });
  });

  it('names the subgraphs of what can be used', async () => {
    const path = join(folder, 'supergraph.graphql');
    writeFileSync(path, compose([{ name: 'one', url: 'http://one.test', typeDefs: 'type Query { a: String }' }]));
    expect(await check({ SUPERGRAPH_PATH: path })).toMatch(/can be used[^]*one +http:\/\/one\.test/);
  });

  it('tells of names that are not in the supergraph, and of none when all are', async () => {
    const path = join(folder, 'supergraph.graphql');
    writeFileSync(path, compose([{ name: 'one', url: 'http://one.test', typeDefs: 'type Query { a: String }' }]));
    expect(await check({ SUPERGRAPH_PATH: path, UPLOAD_SUBGRAPHS: 'onee', OVERRIDE_LABELS: 'moved', REDIS_URI: 'x' })).toMatch(
      /counts for nothing:\n {2}- REDIS_URI: .*\n {2}- OVERRIDE_LABELS: .*"moved"; it has none\n {2}- UPLOAD_SUBGRAPHS: .*"onee"; did you mean "one"\?$/,
    );
    expect(await check({ SUPERGRAPH_PATH: path, UPLOAD_SUBGRAPHS: 'one' })).not.toContain('counts for nothing');
  });
});
