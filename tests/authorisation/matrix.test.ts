import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startGalaxia, type Galaxia } from '../testkit/galaxia.js';
import { actors, expectedFor, type Actor, type Expected } from './actors.js';
import { askObject, askRoot, type RootAnswer, type Seen } from './ask.js';
import { fieldsOf, objectTypes, rootTypes, type RootType } from './coordinates.js';
import { entries, schemaCoordinates, untriedPaths } from './coverage.js';
import { setStage, visibilities, type Cell, type Stage, type Visibility } from './stage.js';
import type { FieldEntry, RootEntry } from './table.js';
import { objectTables, rootTable } from './tables.js';
import { noIdentity } from './tables/no-identity.js';
import { payloads } from './tables/payloads.js';

describe('SECURITY 46: the authorisation matrix', () => {
  it('SECURITY 46: has an entry for every field of the schema', () => {
    const known = new Set(entries());
    expect(schemaCoordinates().filter((coordinate) => !known.has(coordinate))).toEqual([]);
  });

  it('SECURITY 46: has no entry for what the schema does not have', () => {
    const known = new Set(schemaCoordinates());
    expect(entries().filter((coordinate) => !known.has(coordinate))).toEqual([]);
    const types = new Set(objectTypes().map(({ name }) => name));
    expect(noIdentity.filter((type) => !types.has(type))).toEqual([]);
  });
});

describe('SECURITY 46: the product', () => {
  let galaxia: Galaxia;
  let stage: Stage;

  beforeAll(async () => {
    galaxia = await startGalaxia('all-in-one', { environment: { RATE_LIMIT_SCALE: '1000' } });
    stage = await setStage(galaxia);
  }, 120_000);
  afterAll(async () => galaxia.stop());

  describe.each(Object.entries(objectTables))('%s', (type, { ways, fields }) => {
    const isByVisibility = Object.values(fields).some(isVisibilityEntry);
    const cases = Object.keys(ways).flatMap((way) =>
      (isByVisibility ? visibilities : (['EVERYONE'] as const)).map((visibility) => ({ way, visibility })),
    );

    it.each(cases)('SECURITY 46: shows its fields, $way, for $visibility, as the table says', async ({ way: name, visibility }) => {
      const way = ways[name];
      if (way === undefined) throw new Error(`no way ${name}`);
      const asked = actors.filter((actor) => !way.except?.includes(actor));
      const seen = await Promise.all(asked.map((actor) => askObject(stage.cell(actor, stage.owners[visibility]), type, way)));
      const expected = asked.map((actor) => mapValues(fields, (entry) => expectedFor(actor, entryFor(entry, visibility))));
      expect(
        byActor(
          asked,
          seen.map((object, index) => settle(object, expected[index] ?? {})),
        ),
      ).toEqual(byActor(asked, expected));
    });
  });

  describe.each(rootTypes)('%s', (root) => {
    const mine = Object.entries(rootTable).filter(([coordinate]) => coordinate.startsWith(`${root}.`));

    it.each(mine)('SECURITY 46: %s gives everyone what the table says', async (coordinate, entry) => {
      const asked = actors.filter((actor) => entry.owner !== 'the caller' || callersOnTheirOwn.includes(actor));
      const answers = await Promise.all(asked.map((actor) => askEntry(stage, root, coordinate, actor, entry)));
      const expected = asked.map((actor) => expectedFor(actor, entry.gets));
      expect(
        byActor(
          asked,
          answers.map(({ seen }, index) => pick(seen, expected[index])),
        ),
      ).toEqual(byActor(asked, expected));
      for (const { payload } of answers) {
        const promised = mapEntries(payload, (place) => payloadEntry(place));
        expect(settle(payload, promised)).toEqual(promised);
      }
    });
  });
});

/** Where the field names nobody, it is enough to tell these apart. */
const callersOnTheirOwn: readonly Actor[] = ['owner', 'guest', 'anonymous'];

async function askEntry(stage: Stage, root: RootType, coordinate: string, actor: Actor, entry: RootEntry): Promise<RootAnswer> {
  const name = coordinate.slice(root.length + 1);
  const field = fieldsOf(root).find((each) => each.name === name);
  if (field === undefined) throw new Error(`The schema has no ${coordinate}`);
  const cell = await makeCell(stage, actor, entry);
  const given = (await entry.given?.(cell)) ?? {};
  const untried = untriedPaths(root, name, given);
  if (untried.length > 0) throw new Error(`The entry ${coordinate} does not try ${untried.join(', ')}`);
  return askRoot(cell, root, field, entry, given);
}

function makeCell(stage: Stage, actor: Actor, { owner }: RootEntry): Cell | Promise<Cell> {
  if (owner === 'new') return stage.newOwner(actor);
  return owner === 'the caller' ? stage.newCaller(actor) : stage.cell(actor);
}

function isVisibilityEntry(entry: FieldEntry): entry is Readonly<Record<Visibility, Expected>> {
  return 'EVERYONE' in entry;
}

function entryFor(entry: FieldEntry, visibility: Visibility): Expected {
  return isVisibilityEntry(entry) ? entry[visibility] : entry;
}

function payloadEntry(place: string): string {
  const [type = '', field = ''] = place.split('.');
  return payloads[type]?.[field] ?? 'no entry';
}

/** What was expected, where it is among what was seen, else all that was seen. */
function pick(seen: Seen, expected: string | undefined): string {
  return expected !== undefined && seen.includes(expected) ? expected : seen.join(' and ');
}

function settle(seen: Readonly<Record<string, Seen>>, expected: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return mapEntries(seen, (name, each) => pick(each, expected[name]));
}

function mapValues<In, Out>(record: Readonly<Record<string, In>>, map: (value: In) => Out): Readonly<Record<string, Out>> {
  return mapEntries(record, (_key, value) => map(value));
}

function mapEntries<In, Out>(record: Readonly<Record<string, In>>, map: (key: string, value: In) => Out): Readonly<Record<string, Out>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(key, value)]));
}

function byActor<Value>(asked: readonly Actor[], values: readonly Value[]): Readonly<Record<string, Value | undefined>> {
  return Object.fromEntries(asked.map((actor, index) => [actor, values[index]]));
}
