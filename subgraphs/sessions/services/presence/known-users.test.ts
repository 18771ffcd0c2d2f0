import { describe, expect, it } from '@jest/globals';
import { createVirtualScheduler, type VirtualScheduler } from '../../presence/virtual-scheduler.js';
import { createKnownUsers } from './known-users.js';

/** Virtual time passes step by step: each poll sets the timer of the next one only after its answer. */
async function pass(scheduler: VirtualScheduler, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 25) {
    await new Promise(setImmediate);
    scheduler.advance(25);
  }
  await new Promise(setImmediate);
}

function arrange() {
  const scheduler = createVirtualScheduler();
  const known = new Set<string>(['ada']);
  let reads = 0;
  const users = createKnownUsers({
    scheduler,
    repository: {
      add: (userId) => Promise.resolve(void known.add(userId)),
      find: (userIds) => {
        reads += 1;
        return Promise.resolve(new Set(userIds.filter((userId) => known.has(userId))));
      },
    },
  });
  return { scheduler, known, users, reads: () => reads };
}

describe('Users that can be followed', () => {
  it('leaves out an id that nobody has, after the time that an announcement takes', async () => {
    const { users, scheduler } = arrange();
    let found: ReadonlySet<string> | undefined;
    void users.among(['ada', 'nobody']).then((result) => (found = result));
    await pass(scheduler, 975);
    expect(found).toBeUndefined();
    await pass(scheduler, 25);
    expect(found).toEqual(new Set(['ada']));
  });

  it('waits for the announcement of somebody who has just registered', async () => {
    const { users, scheduler, known } = arrange();
    let found: ReadonlySet<string> | undefined;
    void users.among(['ada', 'grace']).then((result) => (found = result));
    await pass(scheduler, 100);
    known.add('grace');
    await pass(scheduler, 25);
    expect(found).toEqual(new Set(['ada', 'grace']));
  });

  it('asks once when everybody is known, also with an id twice', async () => {
    const { users, reads } = arrange();
    expect(await users.among(['ada', 'ada'])).toEqual(new Set(['ada']));
    expect(reads()).toBe(1);
  });
});
