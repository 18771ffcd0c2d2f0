import type { Expected } from './actors.js';
import type { Cell, Visibility } from './stage.js';

type Item = Readonly<Record<string, unknown>>;

/** One way on which people meet an object of the owner's. */
export interface Way {
  /** An operation with `...Asked` where the object is. */
  readonly query: string;
  readonly variables?: (cell: Cell) => object;
  /** Where the object is in the answer: the keys to follow; a function picks the owner's from a list. */
  readonly path: readonly (string | ((item: Item, cell: Cell) => boolean))[];
  /** Actors who never come this way. */
  readonly except?: readonly string[];
  /** The visibilities with which an owner is met on this way; left out, every one. */
  readonly of?: readonly Visibility[];
}

/** What each field of an object of the owner's gives to each actor. */
export interface ObjectTable {
  /** Every way has to give the same. */
  readonly ways: Readonly<Record<string, Way>>;
  /** An owner for each visibility is asked when any field tells them apart. */
  readonly fields: Readonly<Record<string, FieldEntry>>;
}

export type FieldEntry = Expected | Readonly<Record<Visibility, Expected>>;

/** What each actor gets of a root field that is asked for something of the owner's. */
export interface RootEntry {
  /** The arguments, after whatever the entry needs was made, for each actor anew. */
  readonly given?: (cell: Cell) => Promise<object> | object;
  /** Selection of a query; results of mutations are selected as `payloads` says. */
  readonly select?: string;
  /** The id that shows the owner's object in a list. */
  readonly shows?: (cell: Cell) => string;
  /** Identifying arguments that the entry does not try, with the reason. */
  readonly untried?: Readonly<Record<string, string>>;
  /**
   * Who owns what is asked for: the owner on the stage (when left out), somebody new with the same relation to each actor, because the
   * entry changes something, or, where the field names nobody, each caller themselves, who are new as well.
   */
  readonly owner?: 'new' | 'the caller';
  readonly gets: Expected;
}

export type RootTable = Readonly<Record<string, RootEntry>>;

/** Fields of what a mutation answers: whom they show; `value` for what shows nobody. */
export type PayloadTable = Readonly<Record<string, Readonly<Record<string, 'the caller' | 'the owner' | 'value'>>>>;
