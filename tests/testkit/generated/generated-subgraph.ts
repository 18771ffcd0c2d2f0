import {
  isAbstractType,
  isCompositeType,
  isEnumType,
  isListType,
  isNonNullType,
  Kind,
  parse,
  print,
  typeFromAST,
  type FieldNode,
  type GraphQLFormattedError,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql';
import type { FetchRequest } from '../../../gateway/datasources/subgraph-data-source.js';
import type { WireResult } from '../../../gateway/datasources/wire.js';
import { fragmentsOf } from '../../../shared/graphql/documents/fragments-of.js';
import { createDice, type Dice } from './dice.js';

/** How often something goes wrong: once in so many values; never for 0. */
export interface Weather {
  readonly seed: number;
  readonly nulls: number;
  /** Nulls with an error at their path; non-null fields null the object around them. */
  readonly errors: number;
  /** Nulls where none may be, and no word on it. */
  readonly violations: number;
  /** Values of another type. */
  readonly garbage: number;
  /** Fields that are left out. */
  readonly missing: number;
}

type Data = Record<string, unknown>;
type Path = readonly (string | number)[];
const bubble = Symbol('null of a non-null field');

/** A subgraph whose answers follow from the seed: the same entity always has the same fields, whoever asks. */
export function answerOf(name: string, schema: GraphQLSchema, { query, variables }: FetchRequest, weather: Weather): WireResult {
  const document = parse(query);
  const fragments = fragmentsOf(document);
  const operation = document.definitions.find((each) => each.kind === Kind.OPERATION_DEFINITION);
  if (operation === undefined) throw new Error('no operation');
  const defaults = (operation.variableDefinitions ?? []).flatMap(({ variable, defaultValue }) =>
    defaultValue?.kind === Kind.BOOLEAN ? [[variable.name.value, defaultValue.value] as const] : [],
  );
  const given: Data = { ...Object.fromEntries(defaults), ...variables };
  const errors: GraphQLFormattedError[] = [];
  const root = schema.getRootType(operation.operation);
  if (root === undefined || root === null) throw new Error(`no ${operation.operation} in ${name}`);
  const data = objectOf(root, [operation.selectionSet], `root ${operation.operation}`, []);
  const result = data === bubble ? null : data;
  return errors.length === 0 ? { data: result } : { data: result, errors };

  function objectOf(
    type: GraphQLObjectType,
    selectionSets: readonly SelectionSetNode[],
    identity: string,
    path: Path,
  ): Data | typeof bubble {
    const object: Data = {};
    for (const [key, nodes] of collect(type, selectionSets)) {
      const [node] = nodes;
      const at = [...path, key];
      if (node.name.value === '__typename') {
        object[key] = type.name;
        continue;
      }
      if (node.name.value === '_entities') {
        object[key] = entitiesOf(nodes, at);
        continue;
      }
      const field = type.getFields()[node.name.value];
      if (field === undefined) throw new Error(`${name} was asked for ${type.name}.${node.name.value}`);
      const args = (node.arguments ?? []).map((each) => print(each)).join();
      const seed = `${name} ${identity} ${node.name.value} ${args}`;
      const value = valueOf(field.type, nodes, seed, at, createDice(`${weather.seed} ${seed}`));
      if (value === bubble) return bubble;
      if (!createDice(`missing ${weather.seed} ${seed}`).oneIn(weather.missing)) object[key] = value;
    }
    return object;
  }

  function entitiesOf(nodes: readonly FieldNode[], path: Path): unknown[] {
    const representations = variables.representations as { readonly __typename: string; readonly id?: unknown }[];
    return representations.map((representation, index) => {
      const seed = `${name} entity ${JSON.stringify(representation)}`;
      const dice = createDice(`${weather.seed} ${seed}`);
      const at = [...path, index];
      if (dice.oneIn(weather.errors)) {
        errors.push({ message: `No entity ${JSON.stringify(representation)}`, path: at });
        return null;
      }
      if (dice.oneIn(weather.nulls)) return null;
      const declared = schema.getType(representation.__typename);
      if (declared === undefined || !isCompositeType(declared)) throw new Error(`${name} does not know ${representation.__typename}`);
      const type = isAbstractType(declared) ? dice.pick(schema.getPossibleTypes(declared)) : declared;
      const object = objectOf(
        type,
        selectionsOf(nodes),
        identityOf(type, typeof representation.id === 'string' ? representation.id : seed),
        at,
      );
      return object === bubble ? null : object;
    });
  }

  function valueOf(type: GraphQLOutputType, nodes: readonly FieldNode[], seed: string, path: Path, dice: Dice): unknown {
    if (isNonNullType(type)) {
      const value = valueOf(type.ofType, nodes, seed, path, dice);
      if (value !== null) return value;
      if (dice.oneIn(weather.violations)) return null;
      return errors.some((error) => error.path !== undefined && path.every((part, index) => error.path?.[index] === part))
        ? bubble
        : valueOf(type, nodes, `${seed} again`, path, dice);
    }
    if (dice.oneIn(weather.nulls)) return null;
    if (dice.oneIn(weather.errors)) {
      errors.push({ message: `No ${seed}`, path, extensions: { code: 'NOT_FOUND' } });
      return null;
    }
    if (dice.oneIn(weather.garbage)) return garbage(type, dice);
    if (isListType(type)) {
      const items: unknown[] = [];
      const length = dice.below(4);
      for (let index = 0; index < length; index += 1) {
        const item = valueOf(type.ofType, nodes, `${seed} ${index}`, [...path, index], dice);
        if (item === bubble) return null;
        items.push(item);
      }
      return items;
    }
    if (isEnumType(type)) return dice.pick(type.getValues()).name;
    if (isCompositeType(type)) {
      const target = isAbstractType(type) ? dice.pick(schema.getPossibleTypes(type)) : type;
      const isEntity = 'id' in target.getFields();
      const object = objectOf(target, selectionsOf(nodes), isEntity ? identityOf(target, String(1 + dice.below(4))) : seed, path);
      return object === bubble ? null : object;
    }
    // Keys: few, so that lists have equal ones.
    if (type.name === 'ID') return /entity \w+ (\d+) id /.exec(`${seed} `)?.[1] ?? String(1 + dice.below(4));
    if (type.name === 'Int') return dice.below(3);
    if (type.name === 'Float') return dice.below(5) / 2;
    if (type.name === 'Boolean') return dice.oneIn(2);
    return type.name === 'String'
      ? dice.pick(['', 'text', '“é”\n"\u0000', `${seed.length}`])
      : dice.pick<unknown>([{ any: ['thing'] }, 1, 'x', [null]]);
  }

  function identityOf(type: GraphQLObjectType, id: string): string {
    return `entity ${type.name} ${id}`;
  }

  function collect(type: GraphQLObjectType, selectionSets: readonly SelectionSetNode[]): Map<string, [FieldNode, ...FieldNode[]]> {
    const fields = new Map<string, [FieldNode, ...FieldNode[]]>();
    const add = ({ selections }: SelectionSetNode): void => {
      for (const each of selections) {
        const isOut = (each.directives ?? []).some((directive) => {
          const value = directive.arguments?.[0]?.value;
          const isTrue = value?.kind === Kind.VARIABLE ? given[value.name.value] === true : value?.kind === Kind.BOOLEAN && value.value;
          return (directive.name.value === 'skip') === isTrue;
        });
        if (isOut) continue;
        if (each.kind === Kind.FIELD) {
          const key = each.alias?.value ?? each.name.value;
          const known = fields.get(key);
          if (known === undefined) fields.set(key, [each]);
          else known.push(each);
          continue;
        }
        const fragment = each.kind === Kind.INLINE_FRAGMENT ? each : fragments.get(each.name.value);
        const condition = fragment?.typeCondition && typeFromAST(schema, fragment.typeCondition);
        const applies = condition === undefined || condition === type || (isAbstractType(condition) && schema.isSubType(condition, type));
        if (fragment !== undefined && applies) add(fragment.selectionSet);
      }
    };
    selectionSets.forEach(add);
    return fields;
  }
}

function selectionsOf(nodes: readonly FieldNode[]): SelectionSetNode[] {
  return nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
}

/** What no value of the type looks like, in the eyes of any reader. */
function garbage(type: GraphQLOutputType, dice: Dice): unknown {
  if (isListType(type)) return dice.pick<unknown>(['garbage', {}, true, 1.5]);
  if (isCompositeType(type))
    return dice.pick<unknown>(['garbage', [], [{}], true, { __typename: 'Nothing' }, { __typename: 'constructor' }, { __typename: 7 }]);
  return dice.pick<unknown>([{}, [], { __typename: 'Nothing' }]);
}
