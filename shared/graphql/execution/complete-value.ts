import {
  defaultTypeResolver,
  getNamedType,
  GraphQLError,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type GraphQLAbstractType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
} from 'graphql';
import type { FieldNodes } from '../documents/collect-fields.js';
import { leafWriter } from './leaf.js';
import { failedValue, isPromise, type Path, type Run } from './run.js';

/**
 * Makes JSON of what a resolver gave (CompleteValue of the specification). `path` is undefined for leaves, which have nothing below them;
 * `info` is there when `needsInfo` says so. Throws, or rejects, where null would be wrong.
 */
export type CompleteValue = (run: Run, value: unknown, path: Path | undefined, info: GraphQLResolveInfo | undefined) => unknown;

/** Makes JSON of an object of a known type. */
export type CompleteObject = (run: Run, source: unknown, path: Path | undefined) => unknown;

export interface CompletionParts {
  readonly schema: GraphQLSchema;
  /** `Type.field`, for messages. */
  readonly field: string;
  readonly nodes: FieldNodes;
  readonly compileObject: (type: GraphQLObjectType) => CompleteObject;
}

/** Whether the schema's own functions decide about values of `type`, which they may do by what they are told of the field. */
export function needsInfo(type: GraphQLOutputType): boolean {
  const named = getNamedType(type);
  return isAbstractType(named) || (isObjectType(named) && Boolean(named.isTypeOf));
}

export function compileCompletion(type: GraphQLOutputType, parts: CompletionParts): CompleteValue {
  if (isNonNullType(type)) return completeNonNull(compileCompletion(type.ofType, parts), parts);
  if (isListType(type)) return completeList(type.ofType, parts);
  if (isLeafType(type)) {
    const write = leafWriter(type);
    return (_run, value) => (value === null || value === undefined ? null : write(value));
  }
  return isAbstractType(type) ? completeAbstract(type, parts) : completeObject(type, parts);
}

function completeNonNull(complete: CompleteValue, { field }: CompletionParts): CompleteValue {
  return (run, value, path, info) => {
    // Promises never give null: nothing but what is null at once does.
    const completed = complete(run, value, path, info);
    if (completed === null) throw new Error(`Cannot return null for non-nullable field ${field}.`);
    return completed;
  };
}

function completeList(itemType: GraphQLOutputType, parts: CompletionParts): CompleteValue {
  const complete = compileCompletion(itemType, parts);
  const { nodes } = parts;
  const isNonNull = isNonNullType(itemType);
  const isLeaf = isLeafType(isNonNullType(itemType) ? itemType.ofType : itemType);

  function completeItem(run: Run, item: unknown, place: Path, info: GraphQLResolveInfo | undefined): unknown {
    const fail = (raw: unknown): null => failedValue(run, raw, { nodes, path: place, isNonNull });
    try {
      const completed = isPromise(item) ? item.then((resolved) => complete(run, resolved, place, info)) : complete(run, item, place, info);
      return isPromise(completed) ? completed.then(undefined, fail) : completed;
    } catch (raw) {
      return fail(raw);
    }
  }

  function completeLeaf(run: Run, item: unknown, path: Path | undefined, key: number): unknown {
    if (isPromise(item)) return completeItem(run, item, { prev: path, key, typename: undefined }, undefined);
    try {
      return complete(run, item, undefined, undefined);
    } catch (raw) {
      return failedValue(run, raw, { nodes, path: { prev: path, key, typename: undefined }, isNonNull });
    }
  }

  return (run, value, path, info) => {
    if (value === null || value === undefined) return null;
    const items = itemsOf(value, parts);
    const completed = new Array<unknown>(items.length);
    let pending = 0;
    try {
      for (let key = 0; key < items.length; key += 1) {
        const item = isLeaf
          ? completeLeaf(run, items[key], path, key)
          : completeItem(run, items[key], { prev: path, key, typename: undefined }, info);
        if (isPromise(item)) pending += 1;
        completed[key] = item;
      }
    } catch (error) {
      // The list is lost; what is still under way may fail, too, and nobody waits for it: a rejection would end the process.
      void Promise.allSettled([...completed, ...items]);
      throw error;
    }
    return pending === 0 ? completed : Promise.all(completed);
  };
}

function itemsOf(value: unknown, { field }: CompletionParts): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (value instanceof Error) throw value;
  if (isIterableObject(value)) return Array.from(value);
  throw new GraphQLError(`Expected a list for field "${field}", but did not find one.`);
}

function isIterableObject(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value && typeof value[Symbol.iterator] === 'function';
}

function completeObject(type: GraphQLObjectType, { compileObject }: CompletionParts): CompleteValue {
  const complete = compileObject(type);
  const isTypeOf = type.isTypeOf?.bind(type);
  return (run, value, path, info) => {
    if (value === null || value === undefined) return null;
    if (value instanceof Error) throw value;
    if (isTypeOf === undefined || info === undefined) return complete(run, value, path);
    const go = (isIt: boolean): unknown => {
      if (isIt) return complete(run, value, path);
      throw new GraphQLError(`A value that was given for type "${type.name}" is none of it.`);
    };
    const isIt = isTypeOf(value, run.contextValue, info);
    return isPromise(isIt) ? isIt.then(go) : go(isIt);
  };
}

function completeAbstract(type: GraphQLAbstractType, parts: CompletionParts): CompleteValue {
  const resolveType = type.resolveType ?? defaultTypeResolver;
  const known = new Map<unknown, CompleteValue>();

  function completionOf(name: unknown): CompleteValue {
    const found = known.get(name);
    if (found !== undefined) return found;
    const runtime = typeof name === 'string' ? parts.schema.getType(name) : undefined;
    if (!isObjectType(runtime) || !parts.schema.isSubType(type, runtime)) {
      throw new GraphQLError(`A value of type "${type.name}" for field "${parts.field}" must say which of its object types it has.`);
    }
    const completion = completeObject(runtime, parts);
    known.set(name, completion);
    return completion;
  }

  return (run, value, path, info) => {
    if (value === null || value === undefined) return null;
    if (value instanceof Error) throw value;
    if (info === undefined) throw new Error('To decide about a type takes what is known of the field');
    const name: unknown = resolveType(value, run.contextValue, info, type);
    return isPromise(name)
      ? name.then((resolved) => completionOf(resolved)(run, value, path, info))
      : completionOf(name)(run, value, path, info);
  };
}
