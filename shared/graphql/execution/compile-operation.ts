import {
  isNonNullType,
  OperationTypeNode,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { collectFields, type FieldNodes, type SelectionScope } from '../documents/collect-fields.js';
import { compileCompletion, needsInfo, type CompleteObject } from './complete-value.js';
import { executeFields, executeFieldsInSeries, isLeafField, type FieldPlan } from './execute-fields.js';
import { compileArguments } from './field-arguments.js';
import type { Path, Run } from './run.js';

/** Gives `data`, or a promise of it. Throws, or rejects, when the whole of it is null. */
export type ExecuteOperation = (run: Run) => unknown;

export interface OperationParts extends SelectionScope {
  readonly operation: OperationDefinitionNode;
}

/** For one choice of the Boolean variables. Undefined when the schema has no such operations. */
export function compileOperation(parts: OperationParts): ExecuteOperation | undefined {
  const { schema, operation } = parts;
  const type = schema.getRootType(operation.operation);
  if (type === null || type === undefined) return undefined;
  const compiler = createCompiler(parts);
  const fields = compiler.fieldsOf(type, [operation.selectionSet]);
  return operation.operation === OperationTypeNode.MUTATION
    ? (run) => executeFieldsInSeries(run, fields, run.rootValue)
    : (run) => executeFields(run, fields, run.rootValue, undefined);
}

function createCompiler(parts: OperationParts): {
  fieldsOf(type: GraphQLObjectType, selectionSets: readonly SelectionSetNode[]): readonly FieldPlan[];
} {
  const { schema } = parts;
  const createInfo = infoCreator(parts);

  function fieldsOf(type: GraphQLObjectType, selectionSets: readonly SelectionSetNode[]): readonly FieldPlan[] {
    return [...collectFields(parts, type, selectionSets)].flatMap(([key, nodes]) => {
      const definition = definitionOf(schema, type, nodes[0].name.value);
      return definition === undefined ? [] : [fieldOf(type, definition, key, nodes)];
    });
  }

  function fieldOf(parentType: GraphQLObjectType, definition: GraphQLField<unknown, unknown>, key: string, nodes: FieldNodes): FieldPlan {
    const field = `${parentType.name}.${definition.name}`;
    return {
      key,
      constant: definition === TypeNameMetaFieldDef ? parentType.name : undefined,
      nodes,
      parentType,
      definition,
      isLeaf: isLeafField(definition),
      isNonNull: isNonNullType(definition.type),
      needsInfo: definition.resolve !== undefined || needsInfo(definition.type),
      readArguments: compileArguments(definition, nodes[0]),
      complete: compileCompletion(definition.type, { schema, field, nodes, compileObject: (type) => objectOf(type, nodes) }),
      createInfo,
    };
  }

  /** Compiled when the first object of the type is met: of a union with many types few may be. */
  function objectOf(type: GraphQLObjectType, nodes: FieldNodes): CompleteObject {
    let fields: readonly FieldPlan[] | undefined;
    return (run, source, path) => {
      fields ??= fieldsOf(
        type,
        nodes.flatMap(({ selectionSet }) => selectionSet ?? []),
      );
      return executeFields(run, fields, source, path);
    };
  }

  return { fieldsOf };
}

function definitionOf(schema: GraphQLSchema, type: GraphQLObjectType, name: string): GraphQLField<unknown, unknown> | undefined {
  if (name === TypeNameMetaFieldDef.name) return TypeNameMetaFieldDef;
  if (type === schema.getQueryType()) {
    if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
    if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
  }
  return type.getFields()[name];
}

function infoCreator({ schema, fragments, operation }: OperationParts): FieldPlan['createInfo'] {
  const fragmentsByName: Record<string, FragmentDefinitionNode> = Object.create(null) as Record<string, FragmentDefinitionNode>;
  for (const [name, fragment] of fragments) fragmentsByName[name] = fragment;
  return (run: Run, { definition, nodes, parentType }: FieldPlan, path: Path): GraphQLResolveInfo => ({
    fieldName: definition.name,
    fieldNodes: nodes,
    returnType: definition.type,
    parentType,
    path,
    schema,
    fragments: fragmentsByName,
    rootValue: run.rootValue,
    operation,
    variableValues: run.variableValues,
  });
}
