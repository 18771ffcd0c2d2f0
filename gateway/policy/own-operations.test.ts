import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Supergraph } from '@apollo/federation-internals';
import { describe, expect, it } from '@jest/globals';
import { getIntrospectionQuery, Kind, parse, type OperationDefinitionNode } from 'graphql';
import { projectRoot } from '../../shared/config/project-root.js';
import { createOperationPolicy } from './operation-policy.js';
import { readTrustedDocuments } from './trusted-documents.js';

interface Example {
  readonly query: string;
  readonly variables: string;
}

// By a name that the compiler does not follow: the page is compiled for browsers, by itself.
const page = ['..', 'graphiql', 'page', 'src', 'examples.js'].join('/');
const { examples, welcome } = (await import(page)) as { readonly examples: readonly Example[]; readonly welcome: readonly Example[] };

const supergraph = Supergraph.build(readFileSync(join(projectRoot, 'schema', 'supergraph.graphql'), 'utf8'));
const generation = { schema: supergraph.apiSchema().toGraphQLJSSchema(), supergraphSchema: supergraph.schema.toGraphQLJSSchema() };

function problemsOf(text: string, variables: Readonly<Record<string, unknown>> = {}): readonly string[] {
  const document = parse(text);
  return document.definitions
    .filter((definition): definition is OperationDefinitionNode => definition.kind === Kind.OPERATION_DEFINITION)
    .flatMap((operation) =>
      createOperationPolicy().check({
        generation,
        operation: { document, operation },
        identity: { viewer: null, subgraphHeaders: {} },
        variables,
      }),
    )
    .map(({ message }) => message);
}

describe('The policy, as it is by default, lets pass', () => {
  it.each([...examples, ...welcome].map((example) => [/# (.*)/.exec(example.query)?.[1] ?? '', example] as const))(
    'the example "%s"',
    (_title, { query, variables }) => {
      expect(problemsOf(query, JSON.parse(variables) as Record<string, unknown>)).toEqual([]);
    },
  );

  it('the introspection of graphql with all its options', () => {
    const options = {
      schemaDescription: true,
      specifiedByUrl: true,
      directiveIsRepeatable: true,
      inputValueDeprecation: true,
      oneOf: true,
    };
    expect(problemsOf(getIntrospectionQuery({ descriptions: true, ...options }))).toEqual([]);
  });

  it('SECURITY 37: the manifest that codegen writes for the clients', () => {
    const folder = join(projectRoot, 'clients', '__generated__');
    const manifest = readFileSync(join(folder, 'persisted-documents.json'), 'utf8');
    const documents = readTrustedDocuments(manifest);
    const ids = [...readFileSync(join(folder, 'graphql.ts'), 'utf8').matchAll(/\{"hash":"([^"]+)"\}/g)].map(([, id = '']) => id);
    expect(ids.length).toBeGreaterThan(10);
    expect(ids.flatMap((id) => problemsOf(documents.byId(id) ?? '{ missing: }'))).toEqual([]);
  });

  it('all operations of the clients that are here to be copied', () => {
    const documents = readdirSync(join(projectRoot, 'clients'), { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.tsx?$/.test(path) && !/node_modules|__generated__/.test(path))
      .flatMap((path) => [...readFileSync(join(projectRoot, 'clients', path), 'utf8').matchAll(/graphql\(`([^`]*)`\)/g)])
      .map(([, text = '']) => text);
    expect(documents.length).toBeGreaterThan(10);
    expect(documents.flatMap((text) => problemsOf(text))).toEqual([]);
  });
});
