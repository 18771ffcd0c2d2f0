import type { SubscribePayload } from 'graphql-ws';
import type { SubscribeRequest, UpstreamEvent } from '../subgraph-data-source.js';
import { readWireResult } from '../wire.js';

/** An event of a subscription. Throws when it is none. */
export function readWireEvent(payload: unknown): UpstreamEvent {
  const result = readWireResult(payload);
  if (result === undefined) throw new Error('An event without data and errors');
  return { kind: 'event', data: result.data, errors: result.errors ?? [] };
}

/** Made anew and not copied: nothing that a client wrote outside of its variables reaches a subgraph. */
export function toSubscribePayload({ query, operationName, variables }: SubscribeRequest): SubscribePayload {
  return { query, operationName: operationName ?? null, variables: { ...variables } };
}
