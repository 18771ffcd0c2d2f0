import { describe, expect, it } from '@jest/globals';
import { createKnownUsers } from './known-users.js';

/** Time that stands still until it is told to pass. */
function createClock() {
  let now = 0;
  let timers: { readonly at: number; readonly task: () => void }[] = [];
  return {
    now: () => now,
    after: (ms: number, task: () => void) => void timers.push({ at: now + ms, task }),
    advance(ms: number) {
      now += ms;
      const due = timers.filter(({ at }) => at <= now);
      timers = timers.filter(({ at }) => at > now);
      for (const { task } of due) task();
    },
  };
}

/** Virtual time passes step by step: each poll sets the timer of the next one only after its answer. */
async function pass(clock: ReturnType<typeof createClock>, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 25) {
    await new Promise(setImmediate);
    clock.advance(25);
  }
  await new Promise(setImmediate);
}

function arrange() {
  const clock = createClock();
  const known = new Set<string>(['ada']);
  let reads = 0;
  const users = createKnownUsers({
    scheduler: clock,
    repository: {
      find: (_viewerId, userIds) => {
        reads += 1;
        return Promise.resolve(new Set(userIds.filter((userId) => known.has(userId))));
      },
    },
  });
  return { clock, known, users, reads: () => reads };
}

describe('Known users', () => {
  it('leaves out an id that nobody has, after the time that an announcement takes', async () => {
    const { users, clock } = arrange();
    let found: ReadonlySet<string> | undefined;
    void users.among('viewer', ['ada', 'nobody']).then((result) => (found = result));
    await pass(clock, 975);
    expect(found).toBeUndefined();
    await pass(clock, 25);
    expect(found).toEqual(new Set(['ada']));
  });

  it('waits for the announcement of somebody who has just registered', async () => {
    const { users, clock, known } = arrange();
    let found: ReadonlySet<string> | undefined;
    void users.among('viewer', ['ada', 'grace']).then((result) => (found = result));
    await pass(clock, 100);
    known.add('grace');
    await pass(clock, 25);
    expect(found).toEqual(new Set(['ada', 'grace']));
  });

  it('asks once when everybody is known, also with an id twice', async () => {
    const { users, reads } = arrange();
    expect(await users.among('viewer', ['ada', 'ada'])).toEqual(new Set(['ada']));
    expect(reads()).toBe(1);
  });
});
