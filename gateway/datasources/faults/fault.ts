/** What went wrong between the gateway and a subgraph. */
export type FaultKind =
  /** No connection: nothing was sent. */
  | 'connect'
  /** The connection was lost before a whole answer had come. */
  | 'lost'
  | 'timeout'
  /** What was left of the operation's time was too short to say whose fault it is. */
  | 'deadline'
  | 'status'
  | 'content-type'
  | 'no-graphql'
  | 'too-large'
  /** Too many already wait for a connection: nothing was sent. */
  | 'overloaded'
  /** The request could not be put in words of HTTP: nothing was sent. */
  | 'invalid'
  | 'circuit-open';

export interface Fault {
  readonly kind: FaultKind;
  /** For the log: an error's code, a status, a media type. Neither an address nor anything of a body. */
  readonly detail: string;
}

/** The fault of one that had `ms` to answer, where the subgraph's own time is `timeoutMs`: others may have used up the operation's. */
export function timeoutFault(ms: number, timeoutMs: number): Fault {
  if (ms >= timeoutMs) return { kind: 'timeout', detail: `within ${timeoutMs} ms` };
  return { kind: ms >= timeoutMs / 2 ? 'timeout' : 'deadline', detail: 'within the time of the operation' };
}

/** In words for operators. */
export function describeFault({ kind, detail }: Fault): string {
  switch (kind) {
    case 'connect':
      return `cannot be connected to (${detail})`;
    case 'lost':
      return `lost the connection (${detail})`;
    case 'timeout':
    case 'deadline':
      return `does not answer ${detail}`;
    case 'status':
      return `answers with status ${detail} and no GraphQL response`;
    case 'content-type':
      return `answers with the content type ${detail}`;
    case 'no-graphql':
      return `answers with something else than a GraphQL response (${detail})`;
    case 'too-large':
      return `answers with more than ${detail} bytes`;
    case 'overloaded':
      return `is too slow: ${detail} requests wait for a connection`;
    case 'invalid':
      return `cannot be sent the request (${detail})`;
    case 'circuit-open':
      return `is not asked for the moment: ${detail}`;
  }
}

/** Whether it tells of the subgraph's health. A question that is too large an order says nothing, or one client could cut off the others. */
export function isSubgraphsFault({ kind, detail }: Fault): boolean {
  switch (kind) {
    case 'connect':
    case 'lost':
    case 'timeout':
    case 'content-type':
    case 'no-graphql':
      return true;
    case 'status':
      return detail.startsWith('5');
    case 'deadline':
    case 'too-large':
    case 'overloaded':
    case 'invalid':
    case 'circuit-open':
      return false;
  }
}
