/** An answer of a subgraph, or what it said of one object. */
export interface KeptAnswer {
  /** JSON. */
  readonly text: string;
  /** In ms since the epoch. */
  readonly expiresAt: number;
  /** Of the user, when it was asked for; undefined for what holds for everyone. */
  readonly generation?: string | undefined;
  /** `Invalidations.stamp` when it was asked for. */
  readonly stamp: number;
  /** What the subgraph calls it, for invalidations. */
  readonly tags?: readonly string[] | undefined;
}

export interface StoreReading {
  /** At the positions of their keys; none that has expired. */
  readonly answers: readonly (KeptAnswer | undefined)[];
  /** Of the user's private answers: those of another one are not theirs any more. Undefined when it is not known, and none may be kept. */
  readonly generation: string | undefined;
}

/** Where answers are kept. May forget any of them at any time, and never fails. */
export interface AnswerStore {
  /** `subject`: whose generation is asked for. */
  read(keys: readonly string[], subject: string | undefined): StoreReading | Promise<StoreReading>;
  write(key: string, answer: KeptAnswer): void;
  /** Begins a new generation of the user's private answers. Resolves when everyone knows it who can be told. */
  renew(subject: string): Promise<void>;
  stats(): { readonly entries: number; readonly bytes: number };
  close(): Promise<void>;
}
