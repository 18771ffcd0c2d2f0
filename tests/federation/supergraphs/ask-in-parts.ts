import type { GraphQLError } from 'graphql';
import { acceptOperation, type AcceptedOperation } from '../../../gateway/operations/accept-operation.js';
import { createOperationPolicy } from '../../../gateway/policy/operation-policy.js';
import { createFanOut } from '../../../gateway/subscriptions/fan-out/fan-out.js';
import { runOperation } from '../../../gateway/subscriptions/operations.js';
import { createRunningSubscriptions } from '../../../gateway/subscriptions/running-subscriptions.js';
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

/** As over a socket. Undefined when all of it comes at once, or not at all. */
export async function askInParts({ generation }: Federation, { source, variables }: GeneratedOperation): Promise<MergedAnswer | undefined> {
  const identity = { viewer: null, subgraphHeaders: {} };
  const payload = { query: source, variables: { ...variables } };
  const acceptance = await acceptOperation(generation, payload, { policy: createOperationPolicy(), identity });
  if (acceptance.kind === 'refused' || acceptance.operation.operation.plan().inParts === undefined) return undefined;
  const [first, ...rest] = await payloadsOf(acceptance.operation);
  if (first?.hasNext === undefined) return undefined;
  const errors = [...(first.errors ?? [])];
  let { data } = first;
  const nulled: string[] = [];
  rest.forEach(({ incremental = [], hasNext }, index) => {
    if (hasNext !== index + 1 < rest.length) throw new Error('an increment says nothing of the next one');
    for (const { path, data: part, errors: ofPart = [] } of incremental) {
      data = mergePart(data, { path, data: JSON.stringify(part) });
      errors.push(...ofPart);
      if (part !== null) continue;
      nulled.push(path.join('.'));
      if (ofPart.length === 0) throw new Error(`the part at ${path.join('.')} is null for no reason`);
    }
  });
  return { data, errors: pathsOf(errors), nulled };
}

interface ToldError {
  readonly path?: readonly (string | number)[] | undefined;
}

/** What a socket or a stream sends for an operation. */
interface Payload {
  readonly data?: unknown;
  readonly errors?: readonly ToldError[];
  readonly hasNext?: boolean;
  readonly incremental?: readonly {
    readonly path: readonly (string | number)[];
    readonly data: unknown;
    readonly errors?: readonly ToldError[];
  }[];
}

async function payloadsOf(accepted: AcceptedOperation): Promise<readonly Payload[]> {
  const payloads: Payload[] = [];
  const results = runOperation(accepted, {
    connection: { close: () => undefined, leave: () => ({ code: 0 }), turn: () => true, passTurn: () => undefined },
    live: {
      fanOut: createFanOut(),
      running: createRunningSubscriptions({ current: () => accepted.generation, onChange: () => () => undefined }),
      delivered: { results: 0 },
      countsOf: () => ({ started: 0, running: 0, results: 0 }),
    },
    viewer: null,
    subgraphHeaders: {},
    policy: { checkPlan: () => [] },
    takesParts: true,
    mask: (errors) => errors.map((error) => (error as GraphQLError).toJSON()),
    send: (prepared) => payloads.push(JSON.parse(prepared.written(plain).toString()) as Payload),
    onSubscribed: () => undefined,
    onEnd: () => undefined,
    acceptAgain: () => Promise.resolve(undefined),
  });
  for await (const { data, errors } of results) payloads.push({ data, ...(errors === undefined ? {} : { errors }) });
  return payloads;
}

const plain = { next: (payload: Buffer) => payload };

export function pathsOf(errors: readonly { readonly path?: string | readonly (string | number)[] | undefined }[]): string[] {
  const paths = errors.map(({ path = [] }) => (typeof path === 'string' ? path : path.join('.')));
  return [...new Set(paths)].sort();
}
