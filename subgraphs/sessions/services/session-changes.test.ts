import { describe, expect, it } from '@jest/globals';
import { fakeNews, fakeSession, noon, viewerOf } from './fake-sessions.js';
import { createSessionChanges } from './session-changes.js';
import type { ChangedSession, SessionChange } from './session-repository.js';

const session = fakeSession();
const viewer = viewerOf(session.id, session.userId);
const changed = { kind: 'Changed', session, hadData: false } as const;

function create(answers: ChangedSession[] = [changed], { isFound = true } = {}) {
  const news = fakeNews();
  const asked: SessionChange[] = [];
  const changes = createSessionChanges({
    repository: {
      change(_key, change) {
        asked.push(change);
        return Promise.resolve(answers.shift() ?? { kind: 'NotFound' });
      },
    },
    own: { find: () => Promise.resolve(isFound ? session : null) },
    news,
    onAnnounced: () => news.log.push('announced'),
    now: () => noon,
  });
  return { changes, asked, log: news.log };
}

describe('What users keep with their sessions', () => {
  it('is refused to an anonymous caller', async () => {
    const { changes, asked } = create();
    await expect(changes.create(null, { data: 1 })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(changes.update(null, { id: session.id, data: 1 })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(asked).toEqual([]);
  });

  it('is refused whole with every field that breaks a rule', async () => {
    const { changes, asked } = create();
    const update = { id: session.id, data: { a: '\0' }, device: 'x'.repeat(65) };
    expect(await changes.update(viewer, update)).toMatchObject({
      kind: 'InvalidInput',
      fields: [
        { path: 'data', code: 'INVALID_CHARACTER' },
        { path: 'device', code: 'TOO_LONG' },
      ],
    });
    expect(await changes.create(viewer, { data: Infinity })).toMatchObject({ kind: 'InvalidInput', fields: [{ path: 'data' }] });
    expect(asked).toEqual([]);
  });

  it('is not kept with a session that has ended', async () => {
    const { changes, log } = create([], { isFound: false });
    await expect(changes.create(viewer, { data: 1 })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await changes.update(viewer, { id: session.id, data: 1 })).toEqual({ kind: 'NotFound' });
    expect(log).toEqual([]);
  });

  it('is not changed in a conflict, and nobody hears of it', async () => {
    const { changes, log } = create([{ kind: 'Conflict', session }]);
    expect(await changes.update(viewer, { id: session.id, data: 1, expectedVersion: 3 })).toEqual({ kind: 'Conflict', session });
    expect(log).toEqual([]);
  });

  it('is tried once more when the session was on its way here', async () => {
    const { changes, asked, log } = create([{ kind: 'NotFound' }, changed]);
    expect(await changes.update(viewer, { id: session.id, data: null })).toEqual({ kind: 'Updated', session });
    expect([asked.length, log]).toEqual([2, [`changed ${session.id}`]]);
  });

  it('leaves what is left out, clears what is null, and keeps the rest as it is given', async () => {
    const { changes, asked } = create([changed, changed, changed]);
    await changes.update(viewer, { id: session.id });
    await changes.update(viewer, { id: session.id, data: null, device: null, expectedVersion: null });
    await changes.update(viewer, { id: session.id, data: { a: [1] }, device: ' Mine ', expectedVersion: 0 });
    expect(asked).toEqual([
      { data: undefined, device: undefined, expectedVersion: undefined, toEvent: undefined },
      { data: null, device: null, expectedVersion: undefined, toEvent: expect.any(Function) },
      { data: '{"a":[1]}', device: 'Mine', expectedVersion: 0, toEvent: expect.any(Function) },
    ]);
  });

  it('says whether there was nothing before', async () => {
    const { changes } = create([changed, { ...changed, hadData: true }]);
    expect(await changes.create(viewer, { data: 1 })).toMatchObject({ kind: 'Created', created: true });
    expect(await changes.create(viewer, { data: 1 })).toMatchObject({ kind: 'Created', created: false });
  });

  it('is told to the other devices when something was to change', async () => {
    const { changes, log } = create([changed, changed, changed]);
    await changes.update(viewer, { id: session.id });
    await changes.create(viewer, {});
    expect(log).toEqual([]);
    await changes.update(viewer, { id: session.id, device: 'Mine' });
    expect(log).toEqual(['announced', `changed ${session.id}`]);
  });
});
