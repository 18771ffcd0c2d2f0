import {
  getNamedType,
  getNullableType,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
  Kind,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type SelectionSetNode,
} from 'graphql';
import { isInherited, isJsonObject, readOwn, type JsonObject } from '../../../shared/json/json-object.js';
import { collectPresent, type CollectScope, type LeftFragment } from './collect-present.js';
import { addStep, dropLater, nullText, tellProblem, type DeferredShape, type ShapingRun, type Write } from './shaping-run.js';
import { writeLeafOf } from './write-leaf.js';

type RuntimeType = GraphQLObjectType | GraphQLInterfaceType;
type WriteObject = (data: JsonObject, run: ShapingRun) => string | undefined;

interface FieldShape {
  readonly key: string;
  readonly isInherited: boolean;
  /** `"key":`, with the comma before it. */
  readonly prefix: string;
  readonly write: Write;
}

/** Writes the data of an operation as its client selected it from `root`. Types below are compiled when they are first met. */
export function compileShape(scope: CollectScope, root: GraphQLObjectType, selectionSet: SelectionSetNode): WriteObject {
  return compileObject(scope, root, [selectionSet], true);
}

function compileObject(scope: CollectScope, type: RuntimeType, selectionSets: readonly SelectionSetNode[], isRoot = false): WriteObject {
  const fields: FieldShape[] = [];
  const left: LeftFragment[] = [];
  for (const [key, nodes] of collectPresent(scope, type, selectionSets, (each) => left.push(each))) {
    const write = compileField(scope, type, nodes, isRoot);
    if (write === undefined) continue;
    const prefix = `${fields.length === 0 ? '{' : ','}${JSON.stringify(key)}:`;
    fields.push({ key, isInherited: isInherited(key), prefix, write });
  }
  const write = compileFields(fields);
  return left.length === 0
    ? write
    : withLater(
        write,
        left.map((each) => compileLater(scope, { type, isRoot }, each)),
      );
}

function compileFields(fields: readonly FieldShape[]): WriteObject {
  if (fields.length === 0) return () => '{}';
  return (data, run) => {
    let text = '';
    for (const field of fields) {
      const before = run.notes.length;
      const written = field.write(field.isInherited ? readOwn(data, field.key) : data[field.key], run);
      if (run.notes.length > before) addStep(run, before, field.key);
      if (written === undefined) return undefined;
      text += field.prefix + written;
    }
    return `${text}}`;
  };
}

function withLater(write: WriteObject, parts: readonly DeferredShape[]): WriteObject {
  return (data, run) => {
    const text = write(data, run);
    if (text !== undefined) for (const part of parts) run.notes.push({ kind: 'later', part, path: [] });
    return text;
  };
}

function compileLater(
  scope: CollectScope,
  { type, isRoot }: { readonly type: RuntimeType; readonly isRoot: boolean },
  { label, fragment }: LeftFragment,
): DeferredShape {
  const selectionSet: SelectionSetNode = { kind: Kind.SELECTION_SET, selections: [{ ...fragment, directives: [] }] };
  let write: WriteObject | undefined;
  const compileNow = (): WriteObject =>
    // By then it may be known what it is.
    isObjectType(type) ? compileObject(scope, type, [selectionSet], isRoot) : compileComposite(scope, type, [selectionSet], type.name);
  return { label, type, selectionSet, write: (data, run) => (write ??= compileNow())(data, run) };
}

/** Undefined for a field that the schema does not know: validation refused it. */
function compileField(
  scope: CollectScope,
  parent: RuntimeType,
  nodes: readonly [FieldNode, ...FieldNode[]],
  isRoot: boolean,
): Write | undefined {
  const name = nodes[0].name.value;
  if (name === TypeNameMetaFieldDef.name) return compileTypename(parent);
  if (isRoot && (name === SchemaMetaFieldDef.name || name === TypeMetaFieldDef.name)) return (_value, run) => run.introspect(nodes);
  const field = parent.getFields()[name];
  if (field === undefined) return undefined;
  const selectionSets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
  return compileValue(scope, field.type, selectionSets, `${parent.name}.${name}`);
}

function compileTypename(type: RuntimeType): Write {
  if (isObjectType(type)) {
    const text = JSON.stringify(type.name);
    return () => text;
  }
  // The fetch that would have said which type it is has failed.
  return (_value, run) => {
    tellProblem(run, `The type of an object of "${type.name}" is not known.`, true);
    return undefined;
  };
}

/** `coordinate`: of the field, for messages. */
function compileValue(scope: CollectScope, type: GraphQLOutputType, selectionSets: readonly SelectionSetNode[], coordinate: string): Write {
  if (!isNonNullType(type)) return compileNullable(scope, type, selectionSets, coordinate);
  const write = compileNullable(scope, getNullableType(type), selectionSets, coordinate);
  const message = `Cannot return null for non-nullable field ${coordinate}.`;
  return (value, run) => {
    const before = run.notes.length;
    const text = write(value, run);
    if (text !== nullText) return text;
    if (run.notes.length === before) tellProblem(run, message, true);
    return undefined;
  };
}

function compileNullable(
  scope: CollectScope,
  type: GraphQLOutputType,
  selectionSets: readonly SelectionSetNode[],
  coordinate: string,
): Write {
  const write = compileAsItIs(scope, type, selectionSets, coordinate);
  // What is within it comes no more when it is null.
  if (scope.deferred === undefined) return write;
  return (value, run) => {
    const before = run.notes.length;
    const text = write(value, run);
    if (text === nullText && run.notes.length > before) dropLater(run, before);
    return text;
  };
}

/** What it gives writes null where there is something else than it should be. */
function compileAsItIs(
  scope: CollectScope,
  type: GraphQLOutputType,
  selectionSets: readonly SelectionSetNode[],
  coordinate: string,
): Write {
  const message = `Invalid value found for field ${coordinate}.`;
  if (isListType(type)) {
    const write = compileValue(scope, type.ofType, selectionSets, coordinate);
    return (value, run) => {
      if (value === null || value === undefined) return nullText;
      return Array.isArray(value) ? (writeList(value, write, run) ?? nullText) : refuse(run, message);
    };
  }
  if (isLeafType(type)) {
    const write = writeLeafOf(type);
    return (value, run) => (value === null || value === undefined ? nullText : (write(value) ?? refuse(run, message)));
  }
  const named = getNamedType(type);
  if (!isCompositeType(named)) throw new Error(`${coordinate} is no output`);
  const writeObject = compileComposite(scope, named, selectionSets, coordinate);
  return (value, run) => {
    if (value === null || value === undefined) return nullText;
    return isJsonObject(value) ? (writeObject(value, run) ?? nullText) : refuse(run, message);
  };
}

function writeList(items: readonly unknown[], write: Write, run: ShapingRun): string | undefined {
  let text = '[';
  let isNull = false;
  for (let index = 0; index < items.length; index += 1) {
    const before = run.notes.length;
    const written = write(items[index], run);
    if (run.notes.length > before) addStep(run, before, index);
    if (written === undefined) isNull = true;
    else text += index === 0 ? written : `,${written}`;
  }
  return isNull ? undefined : `${text}]`;
}

function compileComposite(
  scope: CollectScope,
  declared: GraphQLCompositeType,
  selectionSets: readonly SelectionSetNode[],
  coordinate: string,
): WriteObject {
  // A subgraph's own name of a root type is nobody else's.
  const { schema } = scope;
  const isRootType = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].includes(
    declared as GraphQLObjectType,
  );
  // Names nothing: what is inaccessible must not be told.
  const message = `Invalid __typename found for object at field ${coordinate}.`;
  const byTypename = new Map<unknown, WriteObject>();

  function compileFor(typename: unknown): WriteObject {
    const type = runtimeType(scope, declared, isRootType ? undefined : typename);
    return type === undefined ? (_data, run) => refuse(run, message) : compileObject(scope, type, selectionSets);
  }

  return (data, run) => {
    const typename = data.__typename;
    const known = byTypename.get(typename);
    if (known !== undefined) return known(data, run);
    const writeObject = compileFor(typename);
    // Names that the schema does not know are as many as subgraphs care to make up.
    if (typename === undefined || (typeof typename === 'string' && schema.getType(typename) !== undefined))
      byTypename.set(typename, writeObject);
    return writeObject(data, run);
  };
}

/** What an object is that says so of itself where `declared` should be; undefined when it cannot be there. */
function runtimeType({ schema }: CollectScope, declared: GraphQLCompositeType, typename: unknown): RuntimeType | undefined {
  // Not asked for where it is clear, or where a subgraph knows an interface as an object.
  if (typename === undefined || typename === null || typename === declared.name) return isUnionType(declared) ? undefined : declared;
  const type = typeof typename === 'string' ? schema.getType(typename) : undefined;
  if (!isObjectType(type) && !isInterfaceType(type)) return undefined;
  if (isAbstractType(declared)) return schema.isSubType(declared, type) ? type : undefined;
  // Known by `@interfaceObject` alone to the subgraph that was asked last.
  return isInterfaceType(type) && schema.isSubType(type, declared) ? declared : undefined;
}

function refuse(run: ShapingRun, message: string): typeof nullText {
  tellProblem(run, message, false);
  return nullText;
}
