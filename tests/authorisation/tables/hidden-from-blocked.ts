import type { Expected } from '../actors.js';
import type { FieldEntry } from '../table.js';
import { visibilities } from '../stage.js';

/** The same for everyone but the blocked, who meet nobody at all: whoever blocks them does not exist for them. */
export function hiddenFromBlocked(fields: Readonly<Record<string, FieldEntry>>): Readonly<Record<string, FieldEntry>> {
  return Object.fromEntries(Object.entries(fields).map(([name, entry]) => [name, hide(entry)]));
}

const fromBlocked = (expected: Expected): Expected => ({ ...expected, blocked: 'nobody' });

function hide(entry: FieldEntry): FieldEntry {
  if (!('EVERYONE' in entry)) return fromBlocked(entry);
  const [everyone, friends, nobody] = visibilities.map((visibility) => fromBlocked(entry[visibility]));
  return { EVERYONE: everyone ?? {}, FRIENDS: friends ?? {}, NOBODY: nobody ?? {} };
}
