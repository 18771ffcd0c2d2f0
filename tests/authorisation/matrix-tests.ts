import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startGalaxia, type Galaxia, type Way } from '../testkit/product/galaxia.js';
import { actors, expectedFor, type Actor, type Expected } from './actors.js';
import { askObject, type Seen } from './ask.js';
import { rootTypes } from './coordinates.js';
import { askEntry } from './entry.js';
import { foreignIdTests } from './foreign-id-tests.js';
import { identityTests } from './identity-tests.js';
import { possessionsOf } from './possessions.js';
import { setStage, visibilities, type Stage, type Visibility } from './stage.js';
import type { FieldEntry } from './table.js';
import { objectTables, rootTable } from './tables.js';
import { payloads } from './tables/payloads.js';
import { whenDisabled, whenLeaving } from './tables/user-states.js';
import { user } from './tables/user.js';

/** The whole matrix, and what surrounds it, on a product that is running this way; inside a `describe`. */
export function matrixTests(running: Way): void {
  let galaxia: Galaxia;
  let stage: Stage;
  let possessions: unknown;
  /** Coordinates of payloads that some mutation has answered. */
  const met = new Set<string>();

  beforeAll(async () => {
    galaxia = await startGalaxia(running, { environment: { RATE_LIMIT_SCALE: '1000' } });
    stage = await setStage(galaxia);
    possessions = await possessionsOf(stage.owners.EVERYONE);
  }, 120_000);
  afterAll(async () => galaxia.stop());

  describe('knows who asks', () => identityTests(() => stage));
  describe('takes any id', () => foreignIdTests(() => stage));

  describe.each(Object.entries(objectTables))('%s', (type, { ways, fields }) => {
    const isByVisibility = Object.values(fields).some(isVisibilityEntry);
    const cases = Object.entries(ways).flatMap(([way, { of = visibilities }]) =>
      (isByVisibility ? of : (['EVERYONE'] as const)).map((visibility) => ({ way, visibility })),
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

  it.each([
    ['disabled', whenDisabled, () => stage.newDisabled(), ['owner']],
    ['about to be deleted', whenLeaving, () => stage.newLeaving(), []],
  ] as const)('SECURITY 46: tells who may know it that a user is %s', async (_state, fields, make, except: readonly Actor[]) => {
    const owner = await make();
    const [way] = Object.values(user.ways);
    if (way === undefined) throw new Error('no way to a user');
    const asked = actors.filter((actor) => !except.includes(actor));
    const seen = await Promise.all(asked.map((actor) => askObject(stage.cell(actor, owner), 'User', way)));
    const expected = asked.map((actor) => mapValues(fields, (entry) => expectedFor(actor, entry)));
    const settled = seen.map((object, index) => settle(pickKeys(object, Object.keys(fields)), expected[index] ?? {}));
    expect(byActor(asked, settled)).toEqual(byActor(asked, expected));
  });

  describe.each(rootTypes)('%s', (root) => {
    const mine = Object.entries(rootTable).filter(([coordinate]) => coordinate.startsWith(`${root}.`));

    it.each(mine)('SECURITY 46: %s gives everyone what the table says', async (coordinate, entry) => {
      const asked = actors.filter((actor) => entry.owner !== 'the caller' || callersOnTheirOwn.includes(actor));
      const answers = await Promise.all(asked.map((actor) => askEntry(stage, coordinate, actor, entry)));
      const expected = asked.map((actor) => expectedFor(actor, entry.gets));
      expect(
        byActor(
          asked,
          answers.map(({ seen }, index) => pick(seen, expected[index])),
        ),
      ).toEqual(byActor(asked, expected));
      for (const { payload } of answers) {
        for (const place of Object.keys(payload)) met.add(place);
        const promised = mapEntries(payload, (place) => payloadEntry(place));
        expect(settle(payload, promised)).toEqual(promised);
      }
    });
  });

  // What all the questions before must have left as it was, and must have seen; so these two come last.
  it('SECURITY 46: nothing that others tried has changed anything of the owner’s', async () => {
    expect(await possessionsOf(stage.owners.EVERYONE)).toEqual(possessions);
  });

  it('SECURITY 46: every payload of the tables was answered to somebody', () => {
    const promised = Object.entries(payloads).flatMap(([type, fields]) => Object.keys(fields).map((field) => `${type}.${field}`));
    expect(promised.filter((place) => !met.has(place))).toEqual([]);
  });
}

/** Where the field names nobody, it is enough to tell these apart. */
const callersOnTheirOwn: readonly Actor[] = ['owner', 'guest', 'anonymous'];

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

function pickKeys<Value>(record: Readonly<Record<string, Value>>, keys: readonly string[]): Readonly<Record<string, Value>> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => keys.includes(key)));
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
