import { createHash } from 'node:crypto';
import {
  getNamedType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  parse,
  valueFromASTUntyped,
  type GraphQLFieldResolver,
  type GraphQLOutputType,
  type GraphQLSchema,
  type GraphQLTypeResolver,
  type SelectionSetNode,
} from 'graphql';
import { argument, textOf } from '../../../gateway/authorization/security-directives.js';
import { readSupergraphTypes } from '../../../gateway/authorization/supergraph-types.js';
import { fieldSet, onlyLeaf, readContextArguments, type ContextArgument } from './context-arguments.js';

/** An object of the universe: a type and a name, from which all that it says follows. */
export interface Thing {
  readonly type: string;
  readonly token: string;
  /** In a subgraph, what the gateway sent of it. */
  readonly sent?: Readonly<Record<string, unknown>>;
  /** What it was reached through. */
  readonly within?: Thing;
}

export interface UniverseOptions {
  /** Another seed, other values. */
  readonly seed: number;
  /** How often a value is null, or an error, where nothing hangs on it: once in so many; never for 0. */
  readonly nulls?: number;
  readonly errors?: number;
  /** Whether errors are only where null may be, so that each is about one field. */
  readonly areMild?: boolean;
}

const entities = ['t0', 't1', 't2', 't3'];
const supergraphRoots = new Set(['Query', 'Mutation']);
const inaccessibleEnumValues = new Set(['HIDDEN']);

/**
 * Data for a supergraph in which every value follows from where it stands: a monolith that knows all of it and subgraphs that know their
 * parts, and what the gateway sends them, must say the same.
 */
export function createUniverse(supergraphSdl: string, subgraphs: ReadonlyMap<string, GraphQLSchema>, options: UniverseOptions) {
  const supergraph = parse(supergraphSdl);
  const types = readSupergraphTypes(supergraph);
  const required = new Map<string, SelectionSetNode>();
  const keys = new Map<string, SelectionSetNode[]>();
  /** Fields that others are found by or computed from: neither null nor wrong, or one fault would have many faces. */
  const important = new Set<string>();
  /** Fields that others are given as arguments: never wrong, as only those could tell. */
  const steady = new Set<string>();
  const contexts = readContextArguments(supergraph, types);
  for (const each of [...contexts.values()].flat()) for (const word of each.selection.match(/\w+/g) ?? []) steady.add(word);
  const things = new WeakMap<Representation, Thing>();
  const subgraphSchemas = new Set(subgraphs.values());
  for (const [name, { directives, fields }] of types) {
    for (const directive of directives) {
      const key = textOf(argument(directive, 'key'));
      if (key !== undefined) keys.set(name, [...(keys.get(name) ?? []), remember(key)]);
    }
    for (const [field, { directives: applied }] of fields) {
      for (const directive of applied) {
        const requires = textOf(argument(directive, 'requires'));
        if (requires !== undefined) required.set(`${name}.${field}`, remember(requires));
      }
    }
  }

  function remember(text: string): SelectionSetNode {
    for (const word of text.replaceAll(/\(.*?\)/gs, ' ').match(/\w+/g) ?? []) important.add(word);
    return fieldSet(text);
  }

  function hash(...parts: readonly unknown[]): number {
    return createHash('sha256')
      .update(JSON.stringify([options.seed, ...parts]))
      .digest()
      .readUInt32LE(0);
  }

  function implementers(name: string): string[] {
    const union = supergraph.definitions.find((each) => each.kind === Kind.UNION_TYPE_DEFINITION && each.name.value === name);
    if (union?.kind === Kind.UNION_TYPE_DEFINITION) return (union.types ?? []).map((each) => each.name.value);
    return [...types].filter(([, { interfaces, fields }]) => interfaces.includes(name) && fields.size > 0).map(([each]) => each);
  }

  /** Object types that every subgraph which answers for the field knows for it. */
  function candidates(typeName: string, fieldName: string, named: string): string[] {
    let possible = types.get(named)?.fields.size === 0 || implementers(named).length > 0 ? objectsOf(named) : [named];
    for (const schema of subgraphs.values()) {
      const owner = schema.getType(typeName);
      if (!isObjectType(owner)) continue;
      const field = owner.getFields()[fieldName];
      const type = field === undefined ? undefined : getNamedType(field.type);
      if (!isAbstractType(type)) continue;
      const known = new Set(schema.getPossibleTypes(type).map(({ name }) => name));
      possible = possible.filter((each) => known.has(each));
    }
    return possible;
  }

  function objectsOf(abstract: string): string[] {
    return implementers(abstract).filter((name) => implementers(name).length === 0);
  }

  /** What a field says of an object, in the types of the supergraph. */
  function valueOf(thing: Thing, fieldName: string, args: unknown, type: GraphQLOutputType): unknown {
    const requires = requirementOf(thing.type, fieldName);
    const inputs = requires === undefined ? null : thing.sent === undefined ? readSet(thing, requires) : pickSet(thing.sent, requires);
    const place = [thing.type, thing.token, fieldName, args, inputs];
    const mayFail = !important.has(fieldName) && !steady.has(fieldName) && !(options.areMild === true && isNonNullType(type));
    if (mayFail && options.errors && hash('error', ...place) % options.errors === 0) throw new Error(`no ${fieldName}`);
    return generate(type, place, `${thing.token}.${fieldName}${args === null ? '' : JSON.stringify(args)}`);

    function generate(each: GraphQLOutputType, seed: readonly unknown[], token: string): unknown {
      if (isNonNullType(each)) return generate(each.ofType, seed, token);
      if (!important.has(fieldName) && type === each && options.nulls && hash('null', ...seed) % options.nulls === 0) return null;
      if (isListType(each)) {
        return Array.from({ length: hash('length', ...seed) % 4 }, (_, index) =>
          generate(each.ofType, [...seed, index], `${token}.${index}`),
        );
      }
      if (isCompositeType(each)) {
        const possible = candidates(thing.type, fieldName, each.name);
        const name = possible[hash('type', ...seed) % possible.length] ?? each.name;
        if (supergraphRoots.has(name)) return { type: name, token: 'root', within: thing };
        const isEntity = keys.has(name) || (types.get(name)?.interfaces ?? []).some((one) => keys.has(one));
        return { type: name, token: isEntity ? entities[hash('entity', ...seed) % entities.length] : token, within: thing };
      }
      const number = hash('leaf', ...seed);
      if (isEnumType(each)) {
        const names = each.getValues().map(({ name }) => name);
        const shown = names.filter((one) => !inaccessibleEnumValues.has(one));
        return shown[number % shown.length];
      }
      switch (each.name) {
        case 'ID':
          return `${thing.type} ${fieldName} ${thing.token}`;
        case 'Boolean':
          return number % 2 === 0;
        case 'Int':
          return number % 1_000;
        case 'Float':
          return (number % 1_000) / 8;
        default:
          return `${fieldName} ${number % 1_000}`;
      }
    }
  }

  function requirementOf(typeName: string, fieldName: string): SelectionSetNode | undefined {
    return [typeName, ...(types.get(typeName)?.interfaces ?? [])]
      .map((name) => required.get(`${name}.${fieldName}`))
      .find((each) => each !== undefined);
  }

  /** The schema in which a field has its type: any subgraph that has it, for not everything is in the API. */
  function outputType(typeName: string, fieldName: string): GraphQLOutputType {
    for (const name of [typeName, ...(types.get(typeName)?.interfaces ?? [])]) {
      for (const schema of subgraphs.values()) {
        const type = schema.getType(name);
        const field = type !== undefined && 'getFields' in type ? type.getFields()[fieldName] : undefined;
        if (field !== undefined && 'args' in field) return field.type;
      }
    }
    throw new Error(`nobody has ${typeName}.${fieldName}`);
  }

  /** What a field set says of an object. */
  function readSet(thing: Thing, set: SelectionSetNode): unknown {
    const found: Record<string, unknown> = {};
    for (const selection of set.selections) {
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        const condition = selection.typeCondition?.name.value ?? thing.type;
        const fits = condition === thing.type || (types.get(thing.type)?.interfaces ?? []).includes(condition);
        if (fits) Object.assign(found, readSet(thing, selection.selectionSet));
      } else if (selection.kind === Kind.FIELD) {
        const { name, arguments: given = [], selectionSet } = selection;
        const args =
          given.length === 0 ? null : Object.fromEntries(given.map((each) => [each.name.value, valueFromASTUntyped(each.value)]));
        const value =
          name.value === '__typename' ? thing.type : valueOf(withoutSent(thing), name.value, args, outputType(thing.type, name.value));
        found[name.value] = selectionSet === undefined ? value : deepRead(value, selectionSet);
      }
    }
    return found;
  }

  function deepRead(value: unknown, set: SelectionSetNode): unknown {
    if (Array.isArray(value)) return value.map((each) => deepRead(each, set));
    return isThing(value) ? readSet(value, set) : value;
  }

  function pickSet(sent: unknown, set: SelectionSetNode): unknown {
    if (Array.isArray(sent)) return sent.map((each) => pickSet(each, set));
    if (typeof sent !== 'object' || sent === null) return sent;
    const found: Record<string, unknown> = {};
    for (const selection of set.selections) {
      if (selection.kind === Kind.INLINE_FRAGMENT) Object.assign(found, pickSet(sent, selection.selectionSet));
      else if (selection.kind === Kind.FIELD && Object.hasOwn(sent, selection.name.value)) {
        const value = Object.getOwnPropertyDescriptor(sent, selection.name.value)?.value as unknown;
        found[selection.name.value] = selection.selectionSet === undefined ? value : pickSet(value, selection.selectionSet);
      }
    }
    return found;
  }

  /** What one schema knows where a subgraph is told it. */
  function fromContexts({ within }: Thing, given: readonly ContextArgument[]): Record<string, unknown> {
    return Object.fromEntries(
      given.map(({ name, selection, isSetBy }) => {
        let at = within;
        while (at !== undefined && !isSetBy(at.type)) at = at.within;
        return [name, at === undefined ? null : onlyLeaf(readSet(at, fieldSet(selection)))];
      }),
    );
  }

  const fieldResolver: GraphQLFieldResolver<unknown, unknown> = (source, args: Record<string, unknown>, _context, info) => {
    const thing = isThing(source) ? source : isRepresentation(source) ? found(source) : { type: info.parentType.name, token: 'root' };
    const isSubgraph = subgraphSchemas.has(info.schema);
    const all = isSubgraph ? args : { ...args, ...fromContexts(thing, contexts.get(`${thing.type}.${info.fieldName}`) ?? []) };
    const names = Object.keys(all).sort();
    const given = names.length === 0 ? null : Object.fromEntries(names.map((name) => [name, all[name]]));
    // What a subgraph has to be sent it does not know of itself.
    const known = thing.sent === undefined && isSubgraph ? { ...thing, sent: {} } : thing;
    return valueOf(known, info.fieldName, given, outputType(thing.type, info.fieldName));
  };
  const typeResolver: GraphQLTypeResolver<unknown, unknown> = (source) => (isThing(source) ? source.type : undefined);

  return { fieldResolver, typeResolver, objectType: (representation: Representation) => find(representation).type };

  function found(representation: Representation): Thing {
    const known = things.get(representation) ?? find(representation);
    things.set(representation, known);
    return known;
  }

  function find(representation: Representation): Thing {
    const name = String(representation.__typename);
    const possible = implementers(name).length > 0 ? objectsOf(name) : [name];
    for (const type of possible) {
      const sets = [type, ...(types.get(type)?.interfaces ?? [])].flatMap((each) => keys.get(each) ?? []);
      for (const token of entities) {
        const isIt = sets.some((set) => JSON.stringify(readSet({ type, token }, set)) === JSON.stringify(pickSet(representation, set)));
        if (isIt) return { type, token, sent: representation };
      }
    }
    throw new Error(`there is no ${JSON.stringify(representation)}`);
  }
}

type Representation = Readonly<Record<string, unknown>>;

function isRepresentation(value: unknown): value is Representation {
  return typeof value === 'object' && value !== null && '__typename' in value;
}

function isThing(value: unknown): value is Thing {
  return typeof value === 'object' && value !== null && 'type' in value && 'token' in value;
}

function withoutSent({ type, token, within }: Thing): Thing {
  return within === undefined ? { type, token } : { type, token, within };
}
