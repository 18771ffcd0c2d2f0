import { getOperationAST, getVariableValues, Kind, visit, type DocumentNode, type GraphQLError, type GraphQLSchema } from 'graphql';
import { readBooleanVariables } from '../documents/boolean-variables.js';
import { fragmentsOf } from '../documents/fragments-of.js';
import { prepareCoercion } from './coerce-variables.js';
import { compileOperation, type ExecuteOperation } from './compile-operation.js';

/** So many choices of `@include` and `@skip` are kept for a document. */
const keptChoices = 64;
/** So many errors of variables are told, as by graphql-js. */
const maxErrors = 50;

type Variables = Readonly<Record<string, unknown>>;

/** An operation of a document: each choice of its Boolean variables selects other fields, and is compiled when it is made first. */
export interface OperationChoices {
  coerceVariables(given: Variables): { readonly errors: readonly GraphQLError[] } | { readonly values: Variables };
  /** Undefined for what is so unusual that it is not compiled. */
  choose(values: Variables): ExecuteOperation | undefined;
}

/** Undefined when the document has no such operation. */
export function openOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null | undefined,
): OperationChoices | undefined {
  const operation = getOperationAST(document, operationName);
  if (operation === null || operation === undefined || !hasPlainConditions(document)) return undefined;
  const { variableDefinitions = [] } = operation;
  const fragments = fragmentsOf(document);
  const booleans = readBooleanVariables(document, operation);
  const coerceQuickly = prepareCoercion(schema, variableDefinitions);
  const compiled = new Map<string, ExecuteOperation | undefined>();

  return {
    coerceVariables(given) {
      const values = coerceQuickly(given);
      if (values !== undefined) return { values };
      const { errors, coerced } = getVariableValues(schema, variableDefinitions, given, { maxErrors });
      return errors === undefined ? { values: coerced } : { errors };
    },
    choose(values) {
      if (!booleans.names.every((name) => typeof values[name] === 'boolean')) return undefined;
      const key = booleans.selectionKey(values);
      if (!compiled.has(key)) {
        if (compiled.size >= keptChoices) return undefined;
        compiled.set(key, compileOperation({ schema, fragments, operation, isTrue: (name) => booleans.isTrue(values, name) }));
      }
      return compiled.get(key);
    },
  };
}

/** Whether every `@include` and `@skip` has a condition that is valid; what is not is told by graphql-js. */
function hasPlainConditions(document: DocumentNode): boolean {
  let isPlain = true;
  visit(document, {
    Directive({ name, arguments: given = [] }) {
      if (name.value !== 'include' && name.value !== 'skip') return;
      const condition = given.find((argument) => argument.name.value === 'if')?.value.kind;
      if (condition !== Kind.VARIABLE && condition !== Kind.BOOLEAN) isPlain = false;
    },
  });
  return isPlain;
}
