import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { projectRoot } from '../shared/config/project-root.js';

/** The order in which the layers of a subgraph may import each other: each only what stands after it. */
const layers = ['main', 'commands', 'subgraph', 'routes', 'context', 'resolvers', 'services', 'data'] as const;

/** The folders on the way of an operation, by the same rule. */
const gatewayFolders = [
  'http',
  'subscriptions',
  'telemetry',
  'supergraph',
  'execution',
  'authorization',
  'operations',
  'planning',
  'policy',
  'caching',
  'datasources',
  'authentication',
] as const;
/** Whatever brings operations in or looks on: how they are understood and executed does not depend on it. */
const doors: readonly string[] = ['http', 'subscriptions', 'telemetry'];
/** What else the gateway has beside its entries. */
const besides = ['cluster', 'config', 'graphiql', 'subgraph-routes'];

interface Import {
  /** Paths below the project root, with `/`. */
  readonly from: string;
  readonly to: string;
  readonly isTypeOnly: boolean;
}

const sources = ['gateway', 'shared', 'subgraphs']
  .flatMap((folder) => filesBelow(join(projectRoot, folder)))
  .filter((file) => file.endsWith('.ts'));
const imports = sources.flatMap(importsOf);
/** Tests, and what helps them, see everything. */
const isForTests = (path: string): boolean => path.endsWith('.test.ts') || path.includes('.conformance.') || path.includes('/tests/');
const ofProduct = imports.filter(({ from }) => !isForTests(from));

describe('The import rule', () => {
  it('sees the imports that it judges', () => {
    expect(ofProduct.length).toBeGreaterThan(100);
  });

  it('lets shared import nothing but packages and itself', () => {
    expect(violations(({ from, to }) => from.startsWith('shared/') && !to.startsWith('shared/'))).toEqual([]);
  });

  it('lets a subgraph import shared and itself, never another subgraph or the gateway', () => {
    expect(
      violations(({ from, to }) => {
        const own = subgraphOf(from);
        return own !== null && !to.startsWith('shared/') && subgraphOf(to) !== own;
      }),
    ).toEqual([]);
  });

  it('lets only the all-in-one entry of the gateway import subgraphs, and of them only the composition roots', () => {
    expect(
      violations(
        ({ from, to }) =>
          from.startsWith('gateway/') &&
          subgraphOf(to) !== null &&
          !(from === 'gateway/all-in-one.ts' && /^subgraphs\/[^/]+\/subgraph\.js$/.test(to)),
      ),
    ).toEqual([]);
  });

  it('knows every folder of the gateway', () => {
    const folders = new Set(ofProduct.map(({ from }) => folderOf(from)).filter((folder) => folder !== ''));
    expect([...folders].sort()).toEqual([...gatewayFolders, ...besides].sort());
  });

  it('keeps the folders of the gateway in order: http, subscriptions, …, supergraph, execution, …, datasources', () => {
    expect(
      violations(({ from, to, isTypeOnly }) => {
        const [above, below] = [gatewayFolderOf(from), gatewayFolderOf(to)];
        // Types of what is made of all parts, as a generation is, are seen by the parts.
        return above !== -1 && below !== -1 && above > below && !isTypeOnly;
      }),
    ).toEqual([]);
  });

  it('keeps doors, entries and configuration unknown to what understands and executes operations, even as types', () => {
    const isInside = (folder: string): boolean => gatewayFolders.some((each) => each === folder) && !doors.includes(folder);
    expect(
      violations(({ from, to }) => {
        if (!from.startsWith('gateway/') || !to.startsWith('gateway/') || !isInside(folderOf(from))) return false;
        return !isInside(folderOf(to));
      }),
    ).toEqual([]);
  });

  it('lets configuration and entries be imported by nothing below them', () => {
    const isAbove = (path: string): boolean => /^gateway\/(config\/|[^/]+$)/.test(path);
    expect(
      violations(
        ({ from, to, isTypeOnly }) =>
          to.startsWith('gateway/') && isAbove(to) && from.startsWith('gateway/') && !isAbove(from) && !isTypeOnly,
      ),
    ).toEqual([]);
  });

  it('keeps the layers of a subgraph in order: main, subgraph, resolvers, services, data', () => {
    expect(
      violations(({ from, to, isTypeOnly }) => {
        const [above, below] = [layerOf(from), layerOf(to)];
        if (above === null || below === null || subgraphOf(from) !== subgraphOf(to)) return false;
        // A service declares the contract that its repository keeps: the type may be seen from below.
        return layers.indexOf(above) > layers.indexOf(below) && !(isTypeOnly && (below === 'services' || below === 'context'));
      }),
    ).toEqual([]);
  });

  it('lets only data and the composition root import the generated Prisma client', () => {
    expect(
      violations(({ from, to }) => to.includes('/__generated__/prisma/') && !['data', 'subgraph'].includes(layerOf(from) ?? '')),
    ).toEqual([]);
  });

  it('keeps graphql and Prisma out of services', () => {
    const found = sources
      .map((file) => relative(projectRoot, file).split(sep).join('/'))
      .filter((file) => layerOf(file) === 'services' && !file.endsWith('.test.ts'))
      .filter((file) => /from '(graphql|@apollo\/[^']*|@prisma\/[^']*)'/.test(readFileSync(join(projectRoot, file), 'utf8')));
    expect(found).toEqual([]);
  });

  it('SECURITY 47: lets only the picture decoder, a process of its own, look into files that strangers send', () => {
    const decoder = 'subgraphs/images/services/processing/decoder/';
    const withParsers = sources
      .filter((file) => !file.endsWith('.test.ts') && /from '(sharp|file-type)'/.test(readFileSync(file, 'utf8')))
      .map(toPath);
    expect(withParsers.length).toBeGreaterThan(0);
    expect(withParsers.filter((file) => !file.startsWith(decoder))).toEqual([]);
    expect(violations(({ from, to, isTypeOnly }) => to.startsWith(decoder) && !from.startsWith(decoder) && !isTypeOnly)).toEqual([]);
  });
});

function violations(isViolation: (each: Import) => boolean): string[] {
  return ofProduct.filter(isViolation).map(({ from, to }) => `${from} imports ${to}`);
}

function subgraphOf(path: string): string | null {
  return /^subgraphs\/([^/]+)\//.exec(path)?.[1] ?? null;
}

/** Of the gateway; empty for what stands beside the folders. */
function folderOf(path: string): string {
  return /^gateway\/([^/]+)\//.exec(path)?.[1] ?? '';
}

function gatewayFolderOf(path: string): number {
  return gatewayFolders.findIndex((folder) => folder === folderOf(path));
}

function layerOf(path: string): (typeof layers)[number] | null {
  const part = /^subgraphs\/[^/]+\/([^/.]+)/.exec(path)?.[1];
  return layers.find((layer) => layer === part) ?? null;
}

function importsOf(file: string): Import[] {
  const source = readFileSync(file, 'utf8');
  return [...source.matchAll(/^\s*(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'(\.{1,2}\/[^']+)'/gm)].map((match) => ({
    from: toPath(file),
    to: toPath(resolve(dirname(file), match[2] ?? '')),
    isTypeOnly: match[1] !== undefined || isInlineTypesOnly(match[0]),
  }));
}

/** `import { type A, type B } from` imports nothing at run time either. */
function isInlineTypesOnly(statement: string): boolean {
  const names = /\{([^}]*)\}/.exec(statement)?.[1];
  return names?.split(',').every((name) => name.trim() === '' || name.trim().startsWith('type ')) ?? false;
}

function toPath(file: string): string {
  return relative(projectRoot, file).split(sep).join('/');
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === '__generated__' || entry.name === 'node_modules' || entry.name === 'page') return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}
