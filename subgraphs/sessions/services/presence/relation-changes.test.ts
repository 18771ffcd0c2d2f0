import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../../../../shared/logging/logger.js';
import { createVirtualScheduler } from '../../presence/virtual-scheduler.js';
import { createRelationChanges, forgettingMs } from './relation-changes.js';
import type { RelationKind } from '../../../../shared/users/relation-table.js';

const userIds: [string, string] = ['ada', 'bob'];
const befriend = { userIds, friends: true, blockers: [] };
const part = { userIds, friends: false, blockers: [] };
const block = { userIds, friends: false, blockers: ['bob'] };

function create(before?: RelationKind) {
  const scheduler = createVirtualScheduler();
  const done: string[] = [];
  let isDown = false;
  let areVersionsStuck = false;
  let kind = before;
  const changes = createRelationChanges({
    repository: {
      among: () => Promise.resolve(new Map(kind === undefined ? [] : [['bob', kind]])),
      take(eventId, { friends, blockers }) {
        done.push(`take ${eventId}`);
        kind = blockers.length > 0 ? 'BLOCKED' : friends ? 'FRIEND' : undefined;
        return Promise.resolve();
      },
    },
    history: {
      add: (_userIds, { wereFriends }) => Promise.resolve(void done.push(wereFriends ? 'add former friends' : 'add')),
      since: () => Promise.resolve([]),
      forgetOld: () => (isDown ? Promise.reject(new Error('down')) : Promise.resolve(void done.push('forget'))),
    },
    store: {
      renewVersions(renewed) {
        if (areVersionsStuck) return Promise.reject(new Error('stuck'));
        done.push(`renew ${renewed.join()}`);
        return Promise.resolve();
      },
      announce(notice) {
        if (isDown) return Promise.reject(new Error('down'));
        done.push(`announce ${JSON.stringify(notice)}`);
        return Promise.resolve();
      },
    },
    scheduler,
    logger: createLogger({ name: 'test', level: 'silent' }),
  });
  return {
    changes,
    scheduler,
    done: () => done.splice(0),
    setDown: (down: boolean) => void (isDown = down),
    setStuck: (stuck: boolean) => void (areVersionsStuck = stuck),
  };
}

const announced = 'announce {"kind":"RelationChanged","userId":"ada","otherId":"bob"}';

describe('A change of relation', () => {
  it('P8: fails when it cannot be announced, and is announced when it comes again', async () => {
    const { changes, done, setDown } = create();
    setDown(true);
    await expect(changes.take('1', befriend)).rejects.toThrow('down');
    expect(done()).toEqual(['add', 'renew ada,bob', 'take 1', 'renew ada,bob']);
    setDown(false);
    await changes.take('1', befriend);
    expect(done()).toEqual(['take 1', announced]);
  });

  it('P8: is not written before the versions of both could be renewed', async () => {
    const { changes, done, setStuck } = create();
    setStuck(true);
    await expect(changes.take('1', befriend)).rejects.toThrow('stuck');
    expect(done()).toEqual(['add']);
    setStuck(false);
    await changes.take('1', befriend);
    expect(done()).toEqual(['add', 'renew ada,bob', 'take 1', 'renew ada,bob', announced]);
  });

  it('P8: is announced after it was written; before, it is remembered, and the versions of both are renewed', async () => {
    const { changes, done } = create('FRIEND');
    await changes.take('1', part);
    expect(done()).toEqual(['add former friends', 'renew ada,bob', 'take 1', 'renew ada,bob', announced]);
    await changes.take('2', block);
    expect(done()).toEqual(['add', 'renew ada,bob', 'take 2', 'renew ada,bob', announced]);
  });

  it('SECURITY 46: is not remembered when it changes nothing that either sees, such as a block in answer to a block', async () => {
    const { changes, done } = create('BLOCKED');
    await changes.take('1', { ...block, blockers: ['ada', 'bob'] });
    expect(done()).toEqual(['take 1', announced]);
  });

  it('is forgotten in time, every hour until the process stops, also after a failure', async () => {
    const { changes, scheduler, done, setDown } = create();
    scheduler.advance(forgettingMs - 1);
    expect(done()).toEqual([]);
    scheduler.advance(1);
    setDown(true);
    scheduler.advance(forgettingMs);
    setDown(false);
    scheduler.advance(forgettingMs);
    expect(done()).toEqual(['forget', 'forget']);
    await changes.close();
    expect(scheduler.waiting).toBe(0);
  });
});
