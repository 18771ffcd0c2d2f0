import { isJsonObject } from '../../json/json-object.js';
import { readSubgraphHeaders } from '../subgraph-headers.js';
import type { SubgraphHeaders } from '../subgraph.js';

/*
 * The subscriptions of many callers on one `graphql-transport-ws` socket: what gateway and subgraph say to each other beyond the protocol,
 * all of it in payloads that the protocol leaves to its users. docs/shared-subscription-sockets.md describes it for others.
 */

/** Payload of `connection_init` with which a gateway asks for a shared socket. Names nobody: on such a socket each `subscribe` says whose it is. */
export const sharedSocketOffer = {
  sharedSocket: 1,
  /** The gateway understands `SharedEvent`. */
  sharedEvents: true,
} as const;

export function isSharedSocketOffer(payload: Readonly<Record<string, unknown>> | undefined): boolean {
  return payload?.sharedSocket === sharedSocketOffer.sharedSocket;
}

/** Whether one message may tell many operations of the same event; no gateway is told so that did not ask for it. */
export function takesSharedEvents(payload: Readonly<Record<string, unknown>> | undefined): boolean {
  return isSharedSocketOffer(payload) && payload?.sharedEvents === true;
}

/** Payload of `connection_ack` with which a subgraph agrees. */
export interface SharedSocketTerms {
  readonly sharedSocket: 1;
  /** Operations that may be under way on one socket. */
  readonly maxOperations: number;
}

/** Undefined when the subgraph does not agree, as one that never heard of it. */
export function readSharedSocketTerms(payload: unknown): SharedSocketTerms | undefined {
  if (!isJsonObject(payload) || payload.sharedSocket !== sharedSocketOffer.sharedSocket) return undefined;
  const { maxOperations } = payload;
  return isCount(maxOperations) ? { sharedSocket: 1, maxOperations } : undefined;
}

/** What a `subscribe` on a shared socket must say. */
export interface OperationTerms {
  /** Whose operation it is: the header contract, as over HTTP. */
  readonly headers: SubgraphHeaders;
  /** Events that the subgraph may send before the gateway grants more. */
  readonly window: number;
}

/** Where in the `extensions` of a `subscribe` payload. */
const operationKey = 'sharedSocket';

export function toExtensions(terms: OperationTerms): Record<string, unknown> {
  return { [operationKey]: terms };
}

/** Undefined when there are none, or not whole: such an operation belongs to nobody and must be refused, not run as anonymous. */
export function readOperationTerms(extensions: unknown): OperationTerms | undefined {
  const given = isJsonObject(extensions) ? extensions[operationKey] : undefined;
  if (!isJsonObject(given) || !isJsonObject(given.headers) || !isCount(given.window)) return undefined;
  return { headers: readSubgraphHeaders(given.headers), window: given.window };
}

/**
 * Payload of a `pong` from the gateway, which the protocol allows without a `ping` before it and which nobody has to answer. Pairs begin
 * with the id of an operation.
 */
export interface SharedSocketNotice {
  /** How clients left, as a WebSocket close code; sent before the `complete` of the operation. Without it the code is 0. */
  readonly leaves?: readonly OperationNumber[];
  /** How many more events may be sent. */
  readonly credits?: readonly OperationNumber[];
}

export type OperationNumber = readonly [id: string, value: number];

/** Payload of a `pong` from the subgraph: the `payload` of a `next` for each of these operations, in the order of everything sent. */
export interface SharedEvent {
  readonly next: { readonly ids: readonly string[]; readonly payload: unknown };
}

/** Undefined for any other `pong`. */
export function readSharedEvent(payload: unknown): SharedEvent['next'] | undefined {
  const next = isJsonObject(payload) ? payload.next : undefined;
  if (!isJsonObject(next) || !Array.isArray(next.ids)) return undefined;
  return { ids: next.ids.filter((id) => typeof id === 'string'), payload: next.payload };
}

/** What of `payload` can be understood. Never throws. */
export function readSharedSocketNotice(payload: unknown): Required<SharedSocketNotice> {
  if (!isJsonObject(payload)) return { leaves: [], credits: [] };
  return { leaves: readNumbers(payload.leaves), credits: readNumbers(payload.credits) };
}

function readNumbers(value: unknown): readonly OperationNumber[] {
  return Array.isArray(value) ? value.filter(isOperationNumber) : [];
}

function isOperationNumber(value: unknown): value is OperationNumber {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === 'string' && isCount(value[1]);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}
