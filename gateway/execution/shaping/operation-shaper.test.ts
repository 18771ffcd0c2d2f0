import { Supergraph } from '@apollo/federation-internals';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { executeSync, getOperationAST, isObjectType, parse, type GraphQLSchema } from 'graphql';
import { generateOperation, type GeneratedOperation } from '../../../tests/testkit/generated/generated-operation.js';
import { answerOf } from '../../../tests/testkit/generated/generated-subgraph.js';
import { federated, supergraphs } from '../../../tests/testkit/generated/supergraphs.js';
import { compose } from '../../../tests/testkit/gateway/little-supergraph.js';
import { readBooleanVariables } from '../../../shared/graphql/documents/boolean-variables.js';
import type { JsonObject } from '../../../shared/json/json-object.js';
import { createShaper } from './operation-shaper.js';

function shape(schema: GraphQLSchema, { source, variables }: GeneratedOperation, data: JsonObject) {
  const document = parse(source);
  const operation = getOperationAST(document);
  if (operation === null || operation === undefined) throw new Error('no operation');
  const shaper = createShaper({ schema, introspections: new Map() }, document, operation, readBooleanVariables(document, operation));
  const { text, problems } = shaper.shape(data, variables);
  return { text, paths: problems.map(({ path }) => JSON.stringify(path.toReversed())) };
}

/** What graphql-js makes of data that resolvers simply read. */
function execute(schema: GraphQLSchema, { source, variables }: GeneratedOperation, data: JsonObject) {
  const { data: shaped, errors = [] } = executeSync({
    schema,
    document: parse(source),
    variableValues: variables,
    rootValue: data,
    fieldResolver: (object: JsonObject, _args, _context, { path }) => (Object.hasOwn(object, path.key) ? object[path.key] : undefined),
    typeResolver: (value: unknown) =>
      typeof value === 'object' && value !== null && '__typename' in value ? String(value.__typename) : undefined,
  });
  return { text: JSON.stringify(shaped), paths: errors.map(({ path }) => JSON.stringify(path)) };
}

/** The schema that clients see, whose objects graphql-js recognises. */
function apiSchemaOf(typeDefs: Readonly<Record<string, string>>): GraphQLSchema {
  const schema = Supergraph.build(compose(federated(typeDefs)))
    .apiSchema()
    .toGraphQLJSSchema();
  const roots = [schema.getQueryType(), schema.getMutationType()];
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    type.isTypeOf = (value: unknown) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
      // A root type has a name of its own in each subgraph.
      return roots.includes(type) || !('__typename' in value) || value.__typename === type.name;
    };
  }
  return schema;
}

describe.each(Object.entries(supergraphs))('The data of an operation over %s', (_name, typeDefs) => {
  const schema = apiSchemaOf(typeDefs);

  it.each([
    ['what is right', {}],
    ['nulls', { nulls: 4 }],
    ['nulls where none may be', { nulls: 6, violations: 2 }],
    ['fields that are missing', { missing: 6 }],
    ['values of other types', { garbage: 8 }],
    ['all of that', { nulls: 9, violations: 3, missing: 12, garbage: 12 }],
  ])('is written as graphql-js would, from %s', (_what, weather) => {
    fc.assert(
      fc.property(fc.nat(), fc.boolean(), (seed, isMutation) => {
        const hasMutations = (schema.getMutationType() ?? undefined) !== undefined;
        const operation = generateOperation(schema, isMutation && hasMutations ? 'mutation' : 'query', seed);
        const request = { query: operation.source, operationName: undefined, variables: operation.variables };
        const { data } = answerOf('all', schema, request, { seed, nulls: 0, errors: 0, violations: 0, garbage: 0, missing: 0, ...weather });
        fc.pre(data !== null);
        const ours = shape(schema, operation, data);
        const theirs = execute(schema, operation, data);
        expect({ operation, text: ours.text }).toEqual({ operation, text: theirs.text });
        // graphql-js leaves a list at its first null; the specification lets us tell of the others, too.
        expect(ours.paths).toEqual(expect.arrayContaining(theirs.paths));
        expect(new Set(ours.paths).size).toBe(ours.paths.length);
        if (theirs.paths.length === 0) expect(ours.paths).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});
