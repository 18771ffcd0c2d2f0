import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../shared/config/environment.js';
import { createLogger } from '../../shared/logging/logger.js';
import { until } from '../../tests/testkit/until.js';
import { hashOf } from './document-hash.js';
import { openTrustedDocuments, readTrustedDocuments, type TrustedDocumentsFile } from './trusted-documents.js';

const logger = createLogger({ name: 'test', level: 'silent' });

describe('A manifest of trusted documents', () => {
  it.each([
    ['no JSON', '{', 'not valid JSON'],
    ['a list', '[]', 'neither'],
    ['a number as text', '{"hash":7}', 'neither'],
    ['an empty text', '{"hash":""}', 'neither'],
    ['another version of Apollo’s', '{"format":"apollo-persisted-query-manifest","version":2,"operations":[]}', 'version'],
    ['another format', '{"format":"another","version":1,"operations":[]}', 'format'],
    ['an operation without a body', '{"format":"apollo-persisted-query-manifest","version":1,"operations":[{"id":"a"}]}', 'body'],
  ])('SECURITY 37: is refused with %s', (_name, json, problem) => {
    expect(() => readTrustedDocuments(json)).toThrow(problem);
  });

  it.each([
    ['plain', '{"an id":"{ a }","another":"{ b }"}'],
    ['plain, with prefixes as codegen writes them', '{"sha256:an id":"{ a }","sha256:another":"{ b }"}'],
    [
      'Apollo’s',
      JSON.stringify({
        format: 'apollo-persisted-query-manifest',
        version: 1,
        operations: [
          { id: 'an id', name: 'A', type: 'query', body: '{ a }' },
          { id: 'another', name: 'B', type: 'query', body: '{ b }' },
        ],
      }),
    ],
  ])('SECURITY 37: that is %s gives its documents by id, by hash and by text', (_name, json) => {
    const documents = readTrustedDocuments(json);
    expect([documents.byId('an id'), documents.byId(hashOf('{ b }'))]).toEqual(['{ a }', '{ b }']);
    expect([documents.has('{ a }'), documents.has('{  a }')]).toEqual([true, false]);
    for (const id of ['', 'toString', '__proto__', 'An id']) expect(documents.byId(id)).toBeUndefined();
  });
});

describe('The file of trusted documents', () => {
  let folder: string;
  let path: string;
  let file: TrustedDocumentsFile | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trusted-'));
    path = join(folder, 'manifest.json');
  });
  afterEach(async () => {
    await file?.close();
    file = undefined;
    await rm(folder, { recursive: true });
  });
  /** As a deploy does it. */
  async function replace(text: string): Promise<void> {
    await writeFile(`${path}.next`, text);
    await rename(`${path}.next`, path);
  }

  it('that is missing or bad at start is a problem of the configuration', async () => {
    await expect(openTrustedDocuments({ path, logger })).rejects.toThrow(ConfigurationError);
    await replace('{');
    await expect(openTrustedDocuments({ path, logger })).rejects.toThrow('TRUSTED_DOCUMENTS');
  });

  it('is followed, and a bad one leaves the old documents', async () => {
    await replace('{"a":"{ a }"}');
    const errors: unknown[] = [];
    file = await openTrustedDocuments({
      path,
      logger: Object.assign(Object.create(logger), { error: (error: unknown) => errors.push(error) }) as typeof logger,
      pollIntervalMs: 5,
    });
    const opened = file;
    await replace('{ bad');
    await until(() => errors.length > 0, 'the bad one to be seen');
    expect(opened.current().byId('a')).toBe('{ a }');
    await replace('{"b":"{ b }"}');
    await until(() => opened.current().byId('b') !== undefined, 'the new one');
    expect(opened.current().byId('a')).toBeUndefined();
  });
});
