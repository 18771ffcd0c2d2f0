import { buildOperationContext, executeQueryPlan, type GraphQLDataSource } from '@apollo/gateway';
import type { FetchNode, QueryPlan } from '@apollo/query-planner';
import { GraphQLError } from 'graphql';
import type { Leave } from '../../shared/graphql/subgraph.js';
import type { UpstreamMessage } from '../datasources/subgraph-data-source.js';
import { createRequestContext, type OperationRequest } from '../execution/request-context.js';
import { refuseVariables, reportNullViolations } from '../execution/result.js';
import type { GatewayResult } from '../execution/supergraph.js';

export type SubscriptionMessage =
  | { readonly kind: 'result'; readonly result: GatewayResult }
  | { readonly kind: 'complete' }
  /** The connection to the owning subgraph broke; `code` is its close code. */
  | { readonly kind: 'lost'; readonly code: number };

export interface FederatedSubscription {
  /** The next message, complete over all subgraphs. One call at a time. */
  next(): Promise<SubscriptionMessage>;
  /** Ends it at once, here and in the owning subgraph. */
  leave(leave: Leave): void;
}

type Event = Extract<UpstreamMessage, { kind: 'event' }>;

/**
 * Runs a validated subscription over the whole supergraph. The planner gives `Subscription { primary, rest }`: `primary` is subscribed on
 * the subgraph that owns the root field, and for each event `Sequence[primary, rest]` is executed, with the event as the answer to
 * `primary` and everything else fetched on the caller's behalf.
 */
export function subscribeFederated(request: OperationRequest): FederatedSubscription {
  const { generation, operation, variables, caller } = request;
  const refused = refuseVariables(generation.schema, createRequestContext(request));
  if (refused !== undefined) return once(refused);
  const { node } = operation.plan();
  if (node?.kind !== 'Subscription') throw new Error('The planner gave no plan for the subscription');
  const { primary, rest } = node;
  const owner = generation.services.get(primary.serviceName);
  if (owner === undefined) throw new Error(`No data source for the subgraph "${primary.serviceName}"`);

  const plan: QueryPlan = { kind: 'QueryPlan', node: { kind: 'Sequence', nodes: rest === undefined ? [primary] : [primary, rest] } };
  const operationContext = buildOperationContext({
    schema: generation.schema,
    operationDocument: operation.document,
    ...(operation.operationName === undefined ? {} : { operationName: operation.operationName }),
  });
  let event: Event | undefined;
  // Null-prototype: a subgraph may be named like something that objects inherit.
  const services = Object.assign(Object.create(null) as Record<string, GraphQLDataSource>, Object.fromEntries(generation.services), {
    [primary.serviceName]: {
      // `primary` is the first fetch of the sequence and nothing runs beside it, so the first question is the one that the event answers.
      process(options) {
        if (event === undefined) return owner.process(options);
        const { data, errors } = event;
        event = undefined;
        return Promise.resolve(errors.length === 0 ? { data } : { data, errors });
      },
    } satisfies GraphQLDataSource,
  });

  /** One event at a time, so that results keep the order of the events. */
  async function complete(next: Event): Promise<GatewayResult> {
    event = next;
    // A new context for each: Apollo's executor collects errors in its metrics.
    const context = createRequestContext(request);
    return reportNullViolations(
      await executeQueryPlan(plan, services, context, operationContext, generation.supergraphSchema, generation.apiSchema),
    );
  }

  const upstream = owner.subscribe({
    query: primary.operation,
    operationName: primary.operationName,
    variables: pickVariables(primary, variables),
    headers: caller.subgraphHeaders,
  });
  return {
    async next() {
      const message = await upstream.next();
      switch (message.kind) {
        case 'event':
          return { kind: 'result', result: await complete(message) };
        case 'error': {
          const errors = message.errors.map(({ message: text, path, extensions }) => {
            return new GraphQLError(text, { path: path ?? null, extensions: extensions ?? null });
          });
          return { kind: 'result', result: { errors } };
        }
        case 'complete':
        case 'lost':
          return message;
      }
    },
    leave: (leave) => upstream.leave(leave),
  };
}

/** A subscription that consists of one result. */
function once(result: GatewayResult): FederatedSubscription {
  let done = false;
  return {
    next() {
      if (done) return Promise.resolve({ kind: 'complete' });
      done = true;
      return Promise.resolve({ kind: 'result', result });
    },
    leave() {
      done = true;
    },
  };
}

function pickVariables({ variableUsages = [] }: FetchNode, variables: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(variableUsages.filter((name) => Object.hasOwn(variables, name)).map((name) => [name, variables[name]]));
}
