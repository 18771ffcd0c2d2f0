import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { buildSchema, isExecutableDefinitionNode, parse, validate } from 'graphql';
import { projectRoot } from '../shared/config/project-root.js';

// The gateway adds `@defer` when it serves a supergraph: the composed schema has none.
const schema = buildSchema(
  `${readFileSync(join(projectRoot, 'schema', 'api.graphql'), 'utf8')}
  directive @defer(if: Boolean! = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT`,
);

// Its operations ask for the fields of an example, and a test of their own runs them.
const aboutOtherSchemas: ReadonlySet<string> = new Set(['docs/own-subgraph.md']);

const guides = readdirSync(join(projectRoot, 'docs')).filter((file) => file.endsWith('.md'));
const pages = ['README.md', ...guides.map((file) => `docs/${file}`)].filter((page) => !aboutOtherSchemas.has(page));

const operations = pages.flatMap((page) =>
  [...readFileSync(join(projectRoot, page), 'utf8').matchAll(/^```graphql\n(.*?)^```/gms)]
    .map(([, text = '']) => ({ page, document: parse(text) }))
    .filter(({ document }) => document.definitions.every(isExecutableDefinitionNode)),
);

const faults = (page: string): readonly string[] =>
  operations.filter((each) => each.page === page).flatMap(({ document }) => validate(schema, document).map(({ message }) => message));

describe('Operations in the guides', () => {
  it('are found', () => {
    expect(operations.map(({ page }) => page)).toEqual(expect.arrayContaining(['README.md', 'docs/defer.md', 'docs/presence.md']));
  });

  it.each([...new Set(operations.map(({ page }) => page))])('%s asks for what the schema has', (page) => {
    expect(faults(page)).toEqual([]);
  });
});
