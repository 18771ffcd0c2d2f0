import type { Actor } from './actors.js';
import { askRoot, type RootAnswer } from './ask.js';
import { fieldsOf, rootTypes, type RootType } from './coordinates.js';
import { untriedPaths } from './coverage.js';
import type { Cell, Stage } from './stage.js';
import type { RootEntry } from './table.js';

/** `Mutation.login` as its two parts. */
function parseCoordinate(coordinate: string): { readonly root: RootType; readonly name: string } {
  const [type = '', name = ''] = coordinate.split('.');
  const root = rootTypes.find((each) => each === type);
  if (root === undefined) throw new Error(`${coordinate} is no field of a root type`);
  return { root, name };
}

/** Who asks whom, as the entry wants it. */
export async function makeCell(stage: Stage, actor: Actor, { owner }: RootEntry): Promise<Cell> {
  if (owner === 'new') return stage.newOwner(actor);
  return owner === 'the caller' ? stage.newCaller(actor) : stage.cell(actor);
}

/** Asks as the actor for what the entry names, and throws when it leaves an identifying argument out. */
export async function askEntry(stage: Stage, coordinate: string, actor: Actor, entry: RootEntry): Promise<RootAnswer> {
  const cell = await makeCell(stage, actor, entry);
  const given = (await entry.given?.(cell)) ?? {};
  const untried = untriedPaths(coordinate, given);
  if (untried.length > 0) throw new Error(`The entry ${coordinate} does not try ${untried.join(', ')}`);
  return askArguments(cell, coordinate, entry, given);
}

export async function askArguments(cell: Cell, coordinate: string, entry: RootEntry, given: object): Promise<RootAnswer> {
  const { root, name } = parseCoordinate(coordinate);
  const field = fieldsOf(root).find((each) => each.name === name);
  if (field === undefined) throw new Error(`The schema has no ${coordinate}`);
  return askRoot(cell, root, field, entry, given);
}
