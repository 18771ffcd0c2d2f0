import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pino from 'pino';
import { answeringSource } from '../../tests/testkit/gateway/answering-source.js';
import { compose } from '../../tests/testkit/gateway/little-supergraph.js';
import { until } from '../../tests/testkit/until.js';
import type { SubgraphDataSource } from '../datasources/subgraph-data-source.js';
import { defaultOperationLimits } from '../policy/operation-limits.js';
import type { SupergraphGeneration } from './generation.js';
import { createSupergraph, type Supergraph } from './supergraph.js';

const problems: string[] = [];
const logger = pino({ level: 'error' }, { write: (line: string) => problems.push(line) });
const first = compose([{ name: 'one', url: 'http://one.test', typeDefs: 'type Query { a: String nothing: Int! }' }]);
const second = compose([{ name: 'one', url: 'http://one.test', typeDefs: 'type Query { a: String b(n: Int): String }' }]);
const moved = compose([{ name: 'one', url: 'http://elsewhere.test', typeDefs: 'type Query { a: String }' }]);

describe('A supergraph', () => {
  let folder: string;
  let path: string;
  let supergraph: Supergraph | undefined;
  let asked: string[];
  let closed: string[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'supergraph-'));
    path = join(folder, 'supergraph.graphql');
    asked = [];
    closed = [];
  });
  afterEach(async () => {
    await supergraph?.close();
    supergraph = undefined;
    await rm(folder, { recursive: true });
  });

  function dataSource({ name, url }: { name: string; url: string }): SubgraphDataSource {
    if (url === 'bad') throw new Error('no such place');
    asked.push(`${name} ${url}`);
    return {
      ...answeringSource(() => Promise.resolve({ data: { a: `from ${url}`, b: 'b', nothing: null } })),
      close() {
        closed.push(url);
        return Promise.resolve();
      },
    };
  }

  async function start(sdl: string, options = {}): Promise<{ supergraph: Supergraph; changes: SupergraphGeneration[] }> {
    await writeFile(path, sdl);
    supergraph = await createSupergraph({ path, dataSource, logger, pollIntervalMs: 10, ...options });
    const changes: SupergraphGeneration[] = [];
    supergraph.onChange((generation) => changes.push(generation));
    return { supergraph, changes };
  }

  const fieldsOf = ({ schema }: SupergraphGeneration) => Object.keys(schema.getQueryType()?.getFields() ?? {});

  it.each([
    ['no GraphQL', 'type Query {', 'line 1: Syntax Error'],
    ['a schema that was not composed', 'type Query { a: String }', /not composed.*rover supergraph compose.*@apollo\/composition/],
    ['the schema of a subgraph', 'type Query { a: String } type U @key(fields: "id") { id: ID! }', 'not composed'],
    ['nothing', '', 'Syntax Error'],
  ])('does not start with a file that is %s, and says so', async (_name, sdl, problem) => {
    await expect(start(sdl)).rejects.toThrow(problem);
  });

  it.each(['galaxia', 'apollo'] as const)('runs queries by the executor of %s', async (executor) => {
    const { supergraph: served } = await start(first, { executor });
    const generation = served.current();
    const parsed = generation.operations.parse('{ b: a nothing }', undefined, defaultOperationLimits);
    if (parsed.kind === 'refused') throw new Error('refused');
    const caller = { subgraphHeaders: {}, signal: new AbortController().signal };
    const result = await generation.execute(parsed.operation, { variables: {}, caller });
    expect(result.data).toBe('null');
    expect(result.errors).toMatchObject([{ message: expect.stringContaining('Query.nothing') as unknown }]);
  });

  it('does not start without the file', async () => {
    await expect(createSupergraph({ path: join(folder, 'none'), dataSource, logger })).rejects.toThrow('there is no such file');
  });

  it('follows the file when it is written and when it is replaced by a rename', async () => {
    const { supergraph, changes } = await start(first);
    expect(fieldsOf(supergraph.current())).toEqual(['a', 'nothing']);
    await writeFile(path, second);
    await until(() => changes.length === 1, 'the change');
    expect(fieldsOf(supergraph.current())).toEqual(['a', 'b']);
    await writeFile(`${path}.new`, first);
    await rename(`${path}.new`, path);
    await until(() => changes.length === 2, 'the second change');
    expect(fieldsOf(supergraph.current())).toEqual(['a', 'nothing']);
    expect(supergraph.current()).toBe(changes[1]);
  });

  it('keeps the old supergraph while the file is bad or gone, and takes the next good one', async () => {
    const { supergraph, changes } = await start(first);
    const before = supergraph.current();
    const { loadedAt: began, isFileRefused } = supergraph.state();
    expect(isFileRefused).toBe(false);
    for (const bad of ['type Query {', 'type Query { c: Int }', first.replace('type Query', 'type Qry')]) {
      problems.length = 0;
      await writeFile(path, bad);
      await until(() => problems.length > 0, 'a word on why');
      expect(supergraph.current()).toBe(before);
      expect(supergraph.state()).toEqual({ loadedAt: began, isFileRefused: true });
    }
    problems.length = 0;
    await rm(path);
    await until(() => problems.length > 0, 'a word on why');
    expect(supergraph.current()).toBe(before);
    await writeFile(path, second);
    await until(() => changes.length === 1, 'the change');
    expect(fieldsOf(supergraph.current())).toEqual(['a', 'b']);
    expect(supergraph.state().isFileRefused).toBe(false);
    expect(supergraph.state().loadedAt).toBeGreaterThan(began);
  });

  it('is itself again when the bad file is taken back', async () => {
    const { supergraph } = await start(first);
    const { loadedAt } = supergraph.state();
    await writeFile(path, 'type Query {');
    await until(() => supergraph.state().isFileRefused, 'the refusal');
    await writeFile(path, first);
    await until(() => !supergraph.state().isFileRefused, 'the file to be well again');
    expect(supergraph.state().loadedAt).toBe(loadedAt);
  });

  it('asks for one data source per name and URL, and closes them all at the end', async () => {
    const { supergraph: loaded, changes } = await start(first);
    await writeFile(path, second);
    await until(() => changes.length === 1, 'the change');
    await writeFile(path, moved);
    await until(() => changes.length === 2, 'the second change');
    expect(asked).toEqual(['one http://one.test', 'one http://elsewhere.test']);
    await loaded.close();
    expect(closed.toSorted()).toEqual(['http://elsewhere.test', 'http://one.test']);
  });

  it('closes the data source of a URL that is named no more, but not before the operations that began with it are over', async () => {
    const { supergraph: loaded, changes } = await start(first, { operationTimeoutMs: 5 });
    const before = loaded.current().services.get('one');
    await writeFile(path, moved);
    await until(() => changes.length === 1, 'the change');
    expect(closed).toEqual([]);
    expect(changes[0]?.services.get('one')).not.toBe(before);
    await until(() => closed.length > 0, 'the data source to be closed');
    expect(closed).toEqual(['http://one.test']);
    await loaded.close();
    expect(closed).toEqual(['http://one.test', 'http://elsewhere.test']);
  });

  it('says which subgraph cannot be reached by its URL, and gives back what it had begun with', async () => {
    const { supergraph: loaded } = await start(first);
    const bad = compose([
      { name: 'fresh', url: 'http://fresh.test', typeDefs: 'type Query { a: String }' },
      { name: 'wrong', url: 'bad', typeDefs: 'type Query { b: String }' },
    ]);
    problems.length = 0;
    await writeFile(path, bad);
    await until(() => problems.length > 0, 'a word on why');
    expect(problems[0]).toContain('The subgraph \\"wrong\\" with the URL \\"bad\\": no such place');
    await until(() => closed.length > 0, 'the new data source to be closed');
    expect(closed).toEqual(['http://fresh.test']);
    expect(loaded.current().services.get('one')).toBeDefined();
  });

  it('names the line of what is wrong in the file', async () => {
    await start(first);
    problems.length = 0;
    await writeFile(path, first.replace('a: String', 'a: Sting'));
    await until(() => problems.length > 0, 'a word on why');
    const { problem } = JSON.parse(problems[0] ?? '') as { problem: string };
    const line = first.split('\n').findIndex((text) => text.includes('a: String')) + 1;
    expect(problem).toContain(`line ${line}: `);
    expect(problem).toContain('Sting');
  });
});
