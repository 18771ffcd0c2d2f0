import { getArgumentValues, type FieldNode, type GraphQLField } from 'graphql';
import type { Run } from './run.js';

type Arguments = Record<string, unknown>;

/** Gives the arguments of one call of a resolver, which may do with them what it likes. Throws a `GraphQLError` for values that do not fit. */
export type ReadArguments = (run: Run) => Arguments;

/** Undefined for a field that takes none. */
export function compileArguments(definition: GraphQLField<unknown, unknown>, node: FieldNode): ReadArguments | undefined {
  if (definition.args.length === 0) return undefined;
  return (run) => {
    const known = run.arguments.get(node);
    if (known !== undefined) return { ...known };
    const given = getArgumentValues(definition, node, run.variableValues);
    // Lists and objects may be changed by who gets them, so each call gets its own.
    if (Object.values(given).every(isUnchangeable)) run.arguments.set(node, { ...given });
    return given;
  };
}

function isUnchangeable(value: unknown): boolean {
  return value === null || (typeof value !== 'object' && typeof value !== 'function');
}
