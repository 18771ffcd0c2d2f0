import { locatedError, responsePathAsArray, type ASTNode, type GraphQLError, type GraphQLResolveInfo } from 'graphql';

/** Where in the answer something is: response names and indices, from the innermost outwards. Undefined is the root. */
export type Path = GraphQLResolveInfo['path'];

/** One execution of an operation. */
export interface Run {
  readonly contextValue: unknown;
  readonly rootValue: unknown;
  /** After coercion. */
  readonly variableValues: Readonly<Record<string, unknown>>;
  readonly errors: FieldErrors;
  /** Of fields whose arguments are the same wherever they are resolved in this run. */
  readonly arguments: Map<object, Readonly<Record<string, unknown>>>;
}

export interface FieldErrors {
  readonly list: readonly GraphQLError[];
  /** Notes the error of what is null at `path` because of it, unless something around it is null already. */
  add(error: GraphQLError, path: Path | undefined): void;
}

export function createFieldErrors(): FieldErrors {
  const list: GraphQLError[] = [];
  const nulled = new Set<string>();

  return {
    list,
    add(error, path) {
      for (let around = path; around !== undefined; around = around.prev) if (nulled.has(placeOf(around))) return;
      if (nulled.has(placeOf(undefined))) return;
      nulled.add(placeOf(path));
      list.push(error);
    },
  };
}

function placeOf(path: Path | undefined): string {
  return JSON.stringify(responsePathAsArray(path));
}

/** Null in the place of a value whose completion threw `raw`; where no null may be, the error itself goes on to what is around it. */
export function failedValue(
  run: Run,
  raw: unknown,
  { nodes, path, isNonNull }: { readonly nodes: readonly ASTNode[]; readonly path: Path; readonly isNonNull: boolean },
): null {
  const error = locatedError(raw, nodes, responsePathAsArray(path));
  if (isNonNull) throw error;
  run.errors.add(error, path);
  return null;
}

/** What graphql-js takes for one. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === 'object' || typeof value === 'function') && value !== null && 'then' in value && typeof value.then === 'function'
  );
}
