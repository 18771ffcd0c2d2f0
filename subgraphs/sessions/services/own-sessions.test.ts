import { describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { fakeSession, noon, viewerOf } from './fake-sessions.js';
import { createOwnSessions } from './own-sessions.js';
import type { Session, SessionObservation } from './session.js';

interface Hooks {
  readonly onWait: (waits: number) => unknown;
  readonly onMerge: () => unknown;
}

function create(sessions: readonly Session[] = [], { onWait, onMerge }: Partial<Hooks> = {}) {
  let now = noon;
  let waits = 0;
  const merged: SessionObservation[] = [];
  const own = createOwnSessions({
    repository: {
      find: ({ userId, ids }) => Promise.resolve(sessions.filter((each) => ids.includes(each.id) && each.userId === userId)),
      merge(observation) {
        merged.push(observation);
        onMerge?.();
        return Promise.resolve({ before: null, after: null });
      },
    },
    now: () => now,
    wait(ms) {
      now += ms;
      waits += 1;
      onWait?.(waits);
      return Promise.resolve();
    },
  });
  return { own, merged, waits: () => waits };
}

describe('A session of one’s own', () => {
  it('is not that of somebody else, nor one that was opened long ago and is not there, nor any other text', async () => {
    const foreign = fakeSession({ id: uuidv7({ msecs: noon - 60_000 }) });
    const { own, waits } = create([foreign]);
    for (const id of [foreign.id, uuidv7({ msecs: noon - 60_000 }), 'no id at all', '']) {
      expect(await own.find(viewerOf(uuidv7()), id)).toBeNull();
    }
    expect(waits()).toBe(0);
  });

  it('is waited for when it was opened just now, and not for ever', async () => {
    const session = fakeSession({ id: uuidv7({ msecs: noon }) });
    const viewer = viewerOf(uuidv7(), session.userId);
    const known: Session[] = [];
    const { own } = create(known, { onWait: (waits) => waits === 3 && known.push(session) });
    expect(await own.find(viewer, session.id)).toBe(session);
    const { own: other, waits } = create();
    expect(await other.find(viewer, session.id)).toBeNull();
    expect(waits()).toBe(5);
  });

  it('is made from the token when it is the current one and not there yet, and stays away when it has ended', async () => {
    const session = fakeSession();
    const viewer = viewerOf(session.id, session.userId);
    const known: Session[] = [];
    const { own, merged } = create(known, { onMerge: () => known.push(session) });
    expect(await own.find(viewer, session.id)).toBe(session);
    expect(await own.find(viewer, session.id)).toBe(session);
    expect(merged).toMatchObject([{ kind: 'Seen', id: session.id, userId: session.userId }]);
    expect(await create().own.find(viewer, session.id)).toBeNull();
  });
});
