import type { Leave } from '../../shared/graphql/subgraph.js';

/** Whoever wants to send a result. */
export interface TurnTaker {
  onTurn(): void;
}

/** What operations need of the connection to their client, whatever it is: a socket, or the answer to a request that goes on and on. */
export interface ClientConnection {
  /** Ends it at once for us, with a WebSocket close code; what that takes goes on without anybody waiting. Only the first call counts. */
  close(code: number, reason: string): void;
  /** How the client left: code 0 as long as the connection is open. */
  leave(): Leave;
  /**
   * Takes the right to send one result: true when there is nothing to wait for, otherwise `onTurn` of `taker` is called when it is given,
   * and never for a connection that has ended. The next result that is sent uses it up, `passTurn` gives it back. Turns are given one at a time and
   * only while little is unsent.
   */
  turn(taker: TurnTaker): boolean;
  passTurn(): void;
}
