import { GraphQLError, OperationTypeNode, type ExecutionResult } from 'graphql';
import type { Logger } from '../../shared/logging/logger.js';
import type { SubgraphHeaders } from '../../shared/graphql/subgraph.js';
import { createRequestContext, type OperationRequest } from '../execution/request-context.js';
import { refuseVariables } from '../execution/result.js';
import type { AcceptedOperation } from '../operations/accept-operation.js';
import type { ClientSocket } from './client-socket.js';
import type { CompletedEvent, FanOut } from './fan-out/fan-out.js';
import { subscribeFederated } from './federated-subscription.js';
import { createResultIterator, type ResultSource } from './result-iterator.js';

/** Close codes of a subgraph that clients should hear: come back with a new token, come back later. Any other is a restart to them. */
const toldCodes = [4403, 1013];
const restart = 1012;

export interface RunOptions {
  /** The client's name for it. */
  readonly id: string;
  readonly fanOut: FanOut;
  readonly socket: ClientSocket;
  readonly subgraphHeaders: SubgraphHeaders;
  readonly logger: Logger;
  readonly onEnd: () => void;
}

/**
 * Runs an operation of any kind as a stream of results. A query is a stream of one, so that everything ends in the same way and is held
 * back in the same way while the client is slow.
 */
export function runOperation(accepted: AcceptedOperation, options: RunOptions): AsyncIterable<ExecutionResult> {
  const controller = new AbortController();
  const request: OperationRequest = {
    ...accepted,
    caller: { subgraphHeaders: options.subgraphHeaders, signal: controller.signal },
    logger: options.logger,
  };
  const isSubscription = accepted.operation.operation.operation === OperationTypeNode.SUBSCRIPTION;
  const source = isSubscription ? subscriptionSource(request, options) : querySource(request);
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

function querySource(request: OperationRequest): Source {
  let asked = false;
  return {
    async next() {
      if (asked) return undefined;
      asked = true;
      try {
        const { generation, operation } = request;
        const refused = refuseVariables(generation.schema, createRequestContext(request));
        if (refused !== undefined) return { kind: 'result', result: { data: undefined, errors: refused.errors } };
        return { kind: 'result', result: await generation.execute(operation, request) };
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
  return { kind: 'result', result: { data: undefined, errors: [toGraphQLError(error)] } };
}

/** What was thrown, in the only form that graphql-ws takes; it is masked on its way out. */
export function toGraphQLError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error;
  const cause = error instanceof Error ? error : new Error(String(error));
  return new GraphQLError(cause.message, { originalError: cause });
}
