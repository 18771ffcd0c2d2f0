import type { GraphQLError } from 'graphql';
import { acceptOperation } from '../../../gateway/operations/accept-operation.js';
import { createOperationPolicy } from '../../../gateway/policy/operation-policy.js';
import { mergePart } from '../../testkit/generated/merge-parts.js';
import type { GeneratedOperation } from '../../testkit/generated/generated-operation.js';
import type { Federation } from './federation.js';

/** What a client has in the end. */
export interface MergedAnswer {
  readonly data: unknown;
  /** Paths of errors, each once, in alphabetical order. */
  readonly errors: readonly string[];
  /** Paths of parts that are null because of an error. */
  readonly nulled: readonly string[];
}

/** Undefined when all of it comes at once, or not at all. */
export async function askInParts({ generation }: Federation, { source, variables }: GeneratedOperation): Promise<MergedAnswer | undefined> {
  const identity = { viewer: null, subgraphHeaders: {} };
  const payload = { query: source, variables: { ...variables } };
  const acceptance = await acceptOperation(generation, payload, { policy: createOperationPolicy(), identity });
  if (acceptance.kind === 'refused') return undefined;
  const { operation, variables: given } = acceptance.operation;
  const caller = { subgraphHeaders: {}, signal: new AbortController().signal };
  const result = await generation.executeInParts(operation, { variables: given, caller, mayRun: () => true });
  if (result === undefined) return undefined;
  const errors: GraphQLError[] = [...result.first.errors];
  let data: unknown = JSON.parse(result.first.data ?? 'null');
  const nulled: string[] = [];
  for (let { hasNext } = result; hasNext;) {
    const increment = await result.next();
    ({ hasNext } = increment);
    for (const part of increment.parts) {
      data = mergePart(data, part);
      errors.push(...part.errors);
      if (part.data !== 'null') continue;
      nulled.push(part.path.join('.'));
      if (part.errors.length === 0) throw new Error(`the part at ${part.path.join('.')} is null for no reason`);
    }
  }
  return { data, errors: pathsOf(errors), nulled };
}

export function pathsOf(errors: readonly { readonly path?: string | readonly (string | number)[] | undefined }[]): string[] {
  const paths = errors.map(({ path = [] }) => (typeof path === 'string' ? path : path.join('.')));
  return [...new Set(paths)].sort();
}
