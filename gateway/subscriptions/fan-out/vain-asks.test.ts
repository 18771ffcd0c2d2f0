import { describe, expect, it } from '@jest/globals';
import { defaultFanOutLimits } from './limits.js';
import { createVainAsks } from './vain-asks.js';

const request = { query: 'query A', operationName: undefined, variables: {} };
const isPrivate = { data: {}, scope: { kind: 'private' } } as const;

function create(limits: Partial<typeof defaultFanOutLimits> = {}) {
  const clock = { now: 0 };
  return { clock, vain: createVainAsks({ ...defaultFanOutLimits, ...limits }, () => clock.now) };
}

describe('Asks in vain', () => {
  it('are remembered for these entities when the answer is private', () => {
    const { vain } = create();
    vain.remember(request, '[1]', isPrivate);
    expect([vain.has(request, '[1]'), vain.has(request, '[2]')]).toEqual([true, false]);
    expect(vain.has({ ...request, query: 'query B' }, '[1]')).toBe(false);
  });

  it('are remembered for all entities when the subgraph says nothing', () => {
    const { vain } = create();
    vain.remember(request, '[1]', { data: {} });
    expect(vain.has(request, '[2]')).toBe(true);
  });

  it('are remembered for a moment after an error', () => {
    const { vain, clock } = create();
    vain.remember(request, '[1]', { data: null, errors: [{ message: 'down' }] });
    clock.now = defaultFanOutLimits.failedMs - 1;
    expect([vain.has(request, '[1]'), vain.has(request, '[2]')]).toEqual([true, false]);
    clock.now += 1;
    expect(vain.has(request, '[1]')).toBe(false);
  });

  it('are at most as many as the limit says, and the oldest are forgotten first', () => {
    const { vain } = create({ maxMemories: 3 });
    for (const id of ['1', '2', '3']) vain.remember(request, id, isPrivate);
    expect([vain.size(), vain.has(request, '1')]).toEqual([3, true]);
    vain.remember(request, '4', isPrivate);
    expect([vain.size(), vain.has(request, '1'), vain.has(request, '2')]).toEqual([3, false, true]);
  });
});
