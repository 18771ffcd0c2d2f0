import { isLeafType, isNonNullType, type GraphQLField, type GraphQLObjectType, type GraphQLResolveInfo } from 'graphql';
import type { FieldNodes } from '../documents/collect-fields.js';
import type { CompleteValue } from './complete-value.js';
import type { ReadArguments } from './field-arguments.js';
import { failedValue, isPromise, type Path, type Run } from './run.js';

type JsonObject = Record<string, unknown>;

/** What is to be done for one response name of an object. */
export interface FieldPlan {
  readonly key: string;
  /** What it always is, as `__typename`. */
  readonly constant: string | undefined;
  readonly nodes: FieldNodes;
  readonly parentType: GraphQLObjectType;
  readonly definition: GraphQLField<unknown, unknown>;
  /** Its type has nothing below it, and is no list. */
  readonly isLeaf: boolean;
  readonly isNonNull: boolean;
  /** A resolver of its own, or its type's, may ask for it. */
  readonly needsInfo: boolean;
  readonly readArguments: ReadArguments | undefined;
  readonly complete: CompleteValue;
  readonly createInfo: (run: Run, field: FieldPlan, path: Path) => GraphQLResolveInfo;
}

export function isLeafField({ type }: GraphQLField<unknown, unknown>): boolean {
  return isLeafType(isNonNullType(type) ? type.ofType : type);
}

/** All at once: a query's fields, and those of every object. A promise if there is one among them. */
export function executeFields(run: Run, fields: readonly FieldPlan[], source: unknown, path: Path | undefined): unknown {
  const data: JsonObject = {};
  let pending: PromiseLike<void>[] | undefined;
  try {
    for (const field of fields) {
      const value = executeField(run, field, source, path);
      // In its place already, as it keeps the order of the fields.
      setField(data, field.key, isPromise(value) ? undefined : value);
      if (isPromise(value)) (pending ??= []).push(value.then((completed) => setField(data, field.key, completed)));
    }
  } catch (error) {
    if (pending === undefined) throw error;
    // What the other fields have begun is waited for, and may fail as well.
    return Promise.allSettled(pending).then(() => {
      throw error;
    });
  }
  return pending === undefined ? data : Promise.all(pending).then(() => data);
}

/** One after the other: a mutation's fields. */
export async function executeFieldsInSeries(run: Run, fields: readonly FieldPlan[], source: unknown): Promise<JsonObject> {
  const data: JsonObject = {};
  for (const field of fields) setField(data, field.key, await executeField(run, field, source, undefined));
  return data;
}

function setField(data: JsonObject, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(data, key, { value, writable: true, enumerable: true, configurable: true });
  else data[key] = value;
}

function executeField(run: Run, field: FieldPlan, source: unknown, parent: Path | undefined): unknown {
  if (field.constant !== undefined) return field.constant;
  // Those of leaves are wanted only when something is wrong with them.
  const path = field.isLeaf && !field.needsInfo ? undefined : pathOf(field, parent);
  try {
    const info = field.needsInfo && path !== undefined ? field.createInfo(run, field, path) : undefined;
    const result = resolve(run, field, source, info ?? (() => field.createInfo(run, field, path ?? pathOf(field, parent))));
    if (!isPromise(result)) {
      const completed = field.complete(run, result, path, info);
      return isPromise(completed) ? completed.then(undefined, (raw: unknown) => failed(run, field, raw, parent)) : completed;
    }
    return result.then(
      (resolved) => completeLater(run, field, { resolved, path, info, parent }),
      (raw: unknown) => failed(run, field, raw, parent),
    );
  } catch (raw) {
    return failed(run, field, raw, parent);
  }
}

interface Resolved {
  readonly resolved: unknown;
  readonly path: Path | undefined;
  readonly info: GraphQLResolveInfo | undefined;
  readonly parent: Path | undefined;
}

function completeLater(run: Run, field: FieldPlan, { resolved, path, info, parent }: Resolved): unknown {
  try {
    const completed = field.complete(run, resolved, path, info);
    return isPromise(completed) ? completed.then(undefined, (raw: unknown) => failed(run, field, raw, parent)) : completed;
  } catch (raw) {
    return failed(run, field, raw, parent);
  }
}

/** By the field's own resolver, or else by what `source` has under the field's name. */
function resolve(run: Run, field: FieldPlan, source: unknown, info: GraphQLResolveInfo | (() => GraphQLResolveInfo)): unknown {
  const { definition, readArguments } = field;
  const given = readArguments?.(run);
  const infoNow = (): GraphQLResolveInfo => (typeof info === 'function' ? info() : info);
  if (definition.resolve !== undefined) return definition.resolve(source, given ?? {}, run.contextValue, infoNow());
  if ((typeof source !== 'object' && typeof source !== 'function') || source === null) return undefined;
  const owner = source as Record<string, unknown>;
  const property = owner[definition.name];
  if (typeof property !== 'function') return property;
  return (owner as Record<string, Method>)[definition.name]?.(given ?? {}, run.contextValue, infoNow());
}

type Method = (given: Record<string, unknown>, context: unknown, info: GraphQLResolveInfo) => unknown;

function failed(run: Run, field: FieldPlan, raw: unknown, parent: Path | undefined): null {
  return failedValue(run, raw, { nodes: field.nodes, path: pathOf(field, parent), isNonNull: field.isNonNull });
}

function pathOf({ key, parentType }: FieldPlan, parent: Path | undefined): Path {
  return { prev: parent, key, typename: parentType.name };
}
