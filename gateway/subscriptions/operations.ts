import { GraphQLError, OperationTypeNode, type DocumentNode, type GraphQLSchema } from 'graphql';
import type { Logger } from '../../shared/logging/logger.js';
import type { SubgraphHeaders } from '../../shared/graphql/subgraph.js';
import type { ParsedOperation } from '../execution/operation-store.js';
import type { SupergraphGeneration } from '../execution/generation.js';
import { createRequestContext, type OperationRequest } from '../execution/request-context.js';
import type { GatewayResult, Supergraph } from '../execution/supergraph.js';
import type { ClientSocket } from './client-socket.js';
import type { CompletedEvent, FanOut } from './fan-out/fan-out.js';
import { subscribeFederated } from './federated-subscription.js';
import { createResultIterator, type ResultSource } from './result-iterator.js';

/** Close codes of a subgraph that clients should hear: come back with a new token, come back later. Any other is a restart to them. */
const toldCodes = [4403, 1013];
const restart = 1012;

/** The same policy as over HTTP (depth, cost, introspection …), asked before validation. What it gives refuses the operation. */
export type CheckOperation = (input: {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
}) => readonly GraphQLError[];

/** An operation that a client sent and that may run. */
export interface AcceptedOperation {
  readonly generation: SupergraphGeneration;
  readonly operation: ParsedOperation;
  readonly variables: Readonly<Record<string, unknown>>;
}

export type Acceptance =
  | { readonly kind: 'accepted'; readonly operation: AcceptedOperation }
  | { readonly kind: 'refused'; readonly errors: readonly GraphQLError[] };

/** Parses, checks and validates what a client sent, against the supergraph of this moment. */
export function acceptOperation(
  generation: SupergraphGeneration,
  payload: {
    readonly query: string;
    readonly operationName?: string | null | undefined;
    readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  },
  checkOperation: CheckOperation,
): Acceptance {
  const operationName = payload.operationName ?? undefined;
  const variables = payload.variables ?? {};
  const parsed = generation.operations.parse(payload.query, operationName);
  if (parsed.kind === 'refused') return parsed;
  const { operation } = parsed;
  const refusals = checkOperation({ schema: generation.schema, document: operation.document, operationName, variables });
  if (refusals.length > 0) return { kind: 'refused', errors: refusals };
  const problems = operation.validate();
  if (problems.length > 0) return { kind: 'refused', errors: problems };
  return { kind: 'accepted', operation: { generation, operation, variables } };
}

export interface RunOptions {
  /** The client's name for it. */
  readonly id: string;
  readonly fanOut: FanOut;
  readonly socket: ClientSocket;
  readonly supergraph: Supergraph;
  readonly subgraphHeaders: SubgraphHeaders;
  readonly logger: Logger;
  readonly onEnd: () => void;
}

/**
 * Runs an operation of any kind as a stream of results. A query is a stream of one, so that everything ends in the same way and is held
 * back in the same way while the client is slow.
 */
export function runOperation(accepted: AcceptedOperation, options: RunOptions): AsyncIterable<GatewayResult> {
  const controller = new AbortController();
  const request: OperationRequest = {
    ...accepted,
    caller: { subgraphHeaders: options.subgraphHeaders, signal: controller.signal },
    logger: options.logger,
  };
  const isSubscription = accepted.operation.operation.operation === OperationTypeNode.SUBSCRIPTION;
  const source = isSubscription ? subscriptionSource(request, options) : querySource(request, options.supergraph);
  return createResultIterator(
    {
      next: () => source.next(),
      send: (prepared) => options.socket.sendFrame(prepared.frame(options.id)),
      onEnd() {
        source.onEnd();
        controller.abort();
        options.onEnd();
      },
    },
    options.socket,
  );
}

type Source = Pick<ResultSource, 'next' | 'onEnd'>;

function querySource(request: OperationRequest, supergraph: Supergraph): Source {
  let asked = false;
  return {
    async next() {
      if (asked) return undefined;
      asked = true;
      try {
        return { kind: 'result', result: await supergraph.executor(createRequestContext(request)) };
      } catch (error) {
        return failure(error);
      }
    },
    onEnd: () => undefined,
  };
}

function subscriptionSource(request: OperationRequest, { socket, fanOut }: RunOptions): Source {
  let state: { kind: 'new' } | { kind: 'running'; subscription: ReturnType<typeof subscribeFederated> } | { kind: 'ended' } = {
    kind: 'new',
  };
  return {
    async next() {
      try {
        if (state.kind === 'ended') return undefined;
        if (state.kind === 'new') state = { kind: 'running', subscription: subscribeFederated(request, fanOut) };
        const message = await state.subscription.next();
        switch (message.kind) {
          case 'result':
          case 'prepared':
            return message;
          case 'lost':
            // An error would end the subscription for good; a closed socket is what clients come back from.
            socket.close(toldCodes.includes(message.code) ? message.code : restart, 'Subscription lost, connect again');
            return undefined;
          case 'complete':
            return undefined;
        }
      } catch (error) {
        if (state.kind === 'running') state.subscription.leave({ code: 0 });
        state = { kind: 'ended' };
        return failure(error);
      }
    },
    onEnd() {
      if (state.kind === 'running') state.subscription.leave(socket.leave());
      state = { kind: 'ended' };
    },
  };
}

function failure(error: unknown): CompletedEvent {
  return { kind: 'result', result: { errors: [toGraphQLError(error)] } };
}

/** What was thrown, in the only form that graphql-ws takes; it is masked on its way out. */
export function toGraphQLError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error;
  const cause = error instanceof Error ? error : new Error(String(error));
  return new GraphQLError(cause.message, { originalError: cause });
}
