/** Bounds of what is kept to serve several subscribers with one piece of work. */
export interface FanOutLimits {
  /**
   * For how long an event is known again, in ms. Long enough for the same event to reach every subscriber through sockets and queues, and
   * below the 500 ms that lie between two changes of one user's presence.
   */
  readonly lifetimeMs: number;
  /** Events of all operations. */
  readonly maxEvents: number;
  /** Characters of one event; larger ones are lists of one's own, which nobody shares. */
  readonly maxEventCharacters: number;
  /** Characters of all events and results together. */
  readonly maxCharacters: number;
  /** Different entity fetches of one event that are asked on everybody's behalf. */
  readonly maxFetchesPerEvent: number;
  /** A subgraph that says nothing about its answers to a query is not asked again on everybody's behalf for so long, in ms. */
  readonly silentMs: number;
  /** The same for entities of which it says that the answer is private. */
  readonly privateMs: number;
  /** The same after an error. */
  readonly failedMs: number;
  /** Such memories for each subgraph. */
  readonly maxMemories: number;
}

export const defaultFanOutLimits: FanOutLimits = {
  lifetimeMs: 250,
  maxEvents: 1_000,
  maxEventCharacters: 64 * 1024,
  maxCharacters: 8 * 1024 * 1024,
  maxFetchesPerEvent: 32,
  silentMs: 60_000,
  privateMs: 10_000,
  failedMs: 1_000,
  maxMemories: 10_000,
};
