import { describe, expect, it } from '@jest/globals';
import { buildSubgraphSchema } from '@apollo/subgraph';
import fc from 'fast-check';
import {
  execute,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
  parse,
  responsePathAsArray,
  type ExecutionResult,
  type GraphQLField,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
} from 'graphql';
import { createDice, type Dice } from '../../../tests/testkit/generated/dice.js';
import { generateOperation } from '../../../tests/testkit/generated/generated-operation.js';
import { federated, supergraphs } from '../../../tests/testkit/generated/supergraphs.js';
import { createExecute } from './compiled-execution.js';

/** How the resolvers of one execution behave. Travels as the context. */
interface Weather {
  readonly seed: number;
  /** Once in so many values; never for 0. */
  readonly promises: number;
  readonly faults: number;
}

const schemas = Object.values(supergraphs).flatMap((typeDefs) =>
  federated(typeDefs).map(({ name, typeDefs: text }) => ({ name, schema: withResolvers(buildSubgraphSchema(parse(text))) })),
);

describe.each(schemas.filter(({ schema }) => hasQueries(schema)))('Over the subgraph $name, compiled operations', ({ schema }) => {
  const ours = createExecute(schema);

  async function run(kind: 'query' | 'mutation', weather: Weather) {
    const { source, variables } = generateOperation(schema, kind, weather.seed);
    const asked = { document: parse(source), variableValues: variables, contextValue: weather, rootValue: {} };
    return { source, theirs: await execute({ schema, ...asked }), got: await ours(asked) };
  }

  const kinds = schema.getMutationType() ? (['query', 'query', 'mutation'] as const) : (['query'] as const);
  const runs = { numRuns: 60 };

  it("have graphql-js' data and errors when all resolvers answer at once", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.constantFrom(...kinds), fc.constantFrom(0, 4, 12), async (seed, kind, faults) => {
        const { source, theirs, got } = await run(kind, { seed, promises: 0, faults });
        expect({ source, data: JSON.stringify(got.data), errors: told(got) }).toEqual({
          source,
          data: JSON.stringify(theirs.data),
          errors: told(theirs),
        });
      }),
      runs,
    );
  });

  it("have graphql-js' data when resolvers give promises, and an error for each null that the resolvers did not mean", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.constantFrom(...kinds), fc.constantFrom(0, 6, 12), async (seed, kind, faults) => {
        const { source, theirs, got } = await run(kind, { seed, promises: 3, faults });
        expect({ source, data: JSON.stringify(got.data), isTold: (got.errors ?? []).length > 0 }).toEqual({
          source,
          data: JSON.stringify(theirs.data),
          isTold: (theirs.errors ?? []).length > 0,
        });
        // Which of two that fail at the same time is told is a matter of luck.
        for (const { path = [] } of got.errors ?? []) expect({ source, path, at: reach(got.data, path) }).toMatchObject({ at: null });
      }),
      runs,
    );
  });
});

/** Of its own, beside those of federation. */
function hasQueries(schema: GraphQLSchema): boolean {
  return Object.keys(schema.getQueryType()?.getFields() ?? {}).some((name) => !name.startsWith('_'));
}

/** Messages of the executors' own are worded differently. */
function told({ errors = [] }: ExecutionResult): unknown {
  return errors.map(({ path, locations, message, originalError }) => ({
    path,
    locations,
    message: originalError === undefined || !message.startsWith('thrown') ? 'the executor' : message,
  }));
}

/** What is at `path`, or null when something around it is null. */
function reach(data: unknown, path: readonly (string | number)[]): unknown {
  let value = data;
  for (const step of path) if (value !== null) value = (value as Record<string | number, unknown>)[step];
  return value;
}

/** Every field gets a resolver whose answer follows from everything that it is told, or is left to its parent object. */
function withResolvers(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('_')) continue;
    if (isAbstractType(type)) {
      type.resolveType = (value: { kind?: string }, context: Weather, info) => {
        const weather = weatherAt(context, info);
        const dice = createDice(`${weather.seed} type ${info.fieldName} ${pathText(info.path)} ${String(value.kind)}`);
        return dice.oneIn(weather.promises) ? Promise.resolve(value.kind) : value.kind;
      };
    }
    if (!isObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      if (!field.name.startsWith('_') && !createDice(`${type.name}.${field.name}`).oneIn(2)) field.resolve = resolve;
    }
    if (createDice(`is ${type.name}`).oneIn(3) && type !== schema.getQueryType() && type !== schema.getMutationType()) {
      type.isTypeOf = (value: { kind?: string }, context: Weather, info) => {
        const weather = weatherAt(context, info);
        const dice = createDice(`${weather.seed} ${pathText(info.path)} ${String(value.kind)} is it`);
        const isIt = !dice.oneIn(weather.faults * 4);
        return dice.oneIn(weather.promises) ? Promise.resolve(isIt) : isIt;
      };
    }
  }
  return schema;
}

function resolve(source: unknown, given: object, context: Weather, info: GraphQLResolveInfo): unknown {
  const weather = weatherAt(context, info);
  const { fieldName, fieldNodes, returnType, parentType, path, variableValues, operation, fragments } = info;
  const facts = [fieldName, fieldNodes.length, String(returnType), parentType.name, variableValues, operation.name?.value];
  const seed = JSON.stringify([weather.seed, pathText(path), facts, Object.keys(fragments), given, typeof source]);
  // The next call must not see it.
  Object.assign(given, { spoilt: true });
  return delivered(info.schema, returnType, weather, seed);
}

/** Where a list is above, or may be: graphql-js leaves a rejection behind when something else has failed the list already, which ends a process. */
function weatherAt(weather: Weather, { path, returnType }: GraphQLResolveInfo): Weather {
  const isInList = responsePathAsArray(path).some((key) => typeof key === 'number') || String(returnType).includes('[');
  return isInList ? inList(weather) : weather;
}

/** Promises or faults, never both. */
function inList(weather: Weather): Weather {
  if (weather.promises === 0) return weather;
  return weather.seed % 2 === 0 ? { ...weather, promises: 0 } : { ...weather, faults: 0 };
}

function pathText(path: GraphQLResolveInfo['path']): string {
  return JSON.stringify([responsePathAsArray(path), path.typename]);
}

/** A value for `type`: at once, as a promise, as an error that is thrown, rejected or returned. */
function delivered(schema: GraphQLSchema, type: GraphQLOutputType, weather: Weather, seed: string): unknown {
  const dice = createDice(`${seed} delivered`);
  const isPromise = dice.oneIn(weather.promises);
  if (!dice.oneIn(weather.faults)) {
    const value = valueOf(schema, type, weather, seed, dice);
    return isPromise ? Promise.resolve(value) : value;
  }
  const error = new Error(`thrown ${seed.length}`);
  if (isPromise) return Promise.reject(error);
  if (dice.oneIn(2)) return error;
  throw error;
}

function valueOf(schema: GraphQLSchema, type: GraphQLOutputType, weather: Weather, seed: string, dice: Dice): unknown {
  if (isNonNullType(type)) {
    const value = valueOf(schema, type.ofType, weather, seed, dice);
    return value === null && !dice.oneIn(weather.faults)
      ? valueOf(schema, type.ofType, { ...weather, faults: 0 }, `${seed}!`, dice)
      : value;
  }
  if (dice.oneIn(weather.faults)) return dice.oneIn(2) ? null : undefined;
  if (isListType(type)) {
    if (dice.oneIn(weather.faults * 2)) return dice.pick<unknown>(['text', {}, 7]);
    const items = Array.from({ length: dice.below(4) }, (_, index) => itemOf(schema, type.ofType, inList(weather), `${seed} ${index}`));
    return dice.oneIn(5) ? new Set(items) : items;
  }
  if (isEnumType(type)) return dice.oneIn(weather.faults) ? 'NEVER HEARD OF' : dice.pick(type.getValues()).name;
  if (isCompositeType(type)) return objectFor(schema, type, weather, seed, dice);
  switch (getNamedType(type).name) {
    case 'Int':
      return dice.pick<unknown>([0, -0, 7, true, '12', ...(weather.faults > 0 ? [2 ** 31, Number.NaN, 'x'] : [])]);
    case 'Float':
      return dice.pick<unknown>([0.5, -0, 1e300, '1.5', ...(weather.faults > 0 ? [Number.POSITIVE_INFINITY, {}] : [])]);
    case 'Boolean':
      return dice.pick<unknown>([true, false, 1, ...(weather.faults > 0 ? ['yes'] : [])]);
    case 'String':
    case 'ID':
      return dice.pick<unknown>([
        '',
        'text',
        '“é”\n\u0000\ud800',
        3,
        { valueOf: () => 'of a value' },
        ...(weather.faults > 0 ? [[], {}] : []),
      ]);
    default:
      return dice.pick<unknown>([{ any: [new Date(0), undefined], none: undefined }, new Date(1), 'x', 1, -0, [null]]);
  }
}

/** In a list, where a fault is a rejection or an error, as nobody throws for one item. */
function itemOf(schema: GraphQLSchema, type: GraphQLOutputType, weather: Weather, seed: string): unknown {
  const dice = createDice(`${seed} item`);
  if (dice.oneIn(weather.faults)) {
    const error = new Error(`thrown for ${seed.length}`);
    return dice.oneIn(weather.promises) ? Promise.reject(error) : error;
  }
  const value = valueOf(schema, type, weather, seed, dice);
  return dice.oneIn(weather.promises) ? Promise.resolve(value) : value;
}

/** Properties, methods and promises of what its fields may read from it. */
function objectFor(schema: GraphQLSchema, type: GraphQLOutputType, weather: Weather, seed: string, dice: Dice): unknown {
  const kind = isAbstractType(type) ? dice.pick(schema.getPossibleTypes(type)) : type;
  if (!isObjectType(kind)) return null;
  if (dice.oneIn(weather.faults * 2)) return dice.pick<unknown>(['text', { kind: 'Nothing' }, { kind: 'String' }, {}, 7]);
  const object: Record<string, unknown> = { kind: kind.name };
  if (seed.length < 4_000) {
    for (const field of Object.values(kind.getFields())) {
      if (field.resolve === undefined) object[field.name] = propertyFor(schema, field, weather, `${seed}.${field.name}`);
    }
  }
  return object;
}

function propertyFor(schema: GraphQLSchema, { type }: GraphQLField<unknown, unknown>, weather: Weather, seed: string): unknown {
  const dice = createDice(`${seed} property`);
  if (isCompositeType(getNamedType(type)) || dice.oneIn(2)) {
    return (given: object, context: Weather, info: GraphQLResolveInfo) =>
      delivered(schema, type, weatherAt(context, info), `${seed} ${JSON.stringify(given)} ${pathText(info.path)}`);
  }
  const value = valueOf(schema, type, weather, seed, dice);
  return dice.oneIn(weather.promises) ? Promise.resolve(value) : value;
}
