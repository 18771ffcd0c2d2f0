import { describe, expect, it } from '@jest/globals';
import { createCircuitBreaker, type Admission, type CircuitState, type Outcome } from './circuit-breaker.js';

describe('The circuit of a subgraph', () => {
  function start() {
    const states: CircuitState['kind'][] = [];
    const breaker = createCircuitBreaker({ random: () => 0.5, wallClock: () => 1_000, onChange: ({ kind }) => states.push(kind) });
    return {
      breaker,
      states,
      ask: (outcome: Outcome, at: number, times = 1): Admission => {
        let admission: Admission = { kind: 'admitted' };
        for (let n = 0; n < times; n++) {
          admission = breaker.admit(at);
          breaker.settle(admission, outcome, at, 'its cause');
        }
        return admission;
      },
    };
  }

  it('stays closed below twenty requests, whatever becomes of them, and opens at the twentieth', () => {
    const { breaker, ask } = start();
    ask('fault', 0, 19);
    expect(breaker.state()).toEqual({ kind: 'closed' });
    ask('fault', 0);
    expect(breaker.state()).toEqual({ kind: 'open', since: 1_000, cause: 'its cause' });
  });

  it('stays closed while less than half are faults, and opens at half', () => {
    const { breaker, ask } = start();
    ask('well', 0, 51);
    ask('fault', 0, 50);
    expect(breaker.state().kind).toBe('closed');
    ask('fault', 0);
    expect(breaker.state().kind).toBe('open');
  });

  it('forgets what is ten seconds ago', () => {
    const { breaker, ask } = start();
    ask('fault', 0, 19);
    ask('fault', 10_000, 19);
    expect(breaker.state().kind).toBe('closed');
    ask('fault', 10_999);
    expect(breaker.state().kind).toBe('open');
  });

  it('does not count what says nothing about the subgraph', () => {
    const { breaker, ask } = start();
    ask('neither', 0, 1_000);
    ask('well', 0, 10);
    ask('fault', 0, 9);
    expect(breaker.state().kind).toBe('closed');
  });

  it('refuses at once for two seconds, and says how long still', () => {
    const { breaker, ask } = start();
    ask('fault', 0, 20);
    expect(breaker.admit(0)).toEqual({ kind: 'refused', retryAfterMs: 2_000 });
    expect(breaker.admit(1_999)).toEqual({ kind: 'refused', retryAfterMs: 1 });
    expect(breaker.admit(2_000).kind).toBe('probe');
  });

  it('lets three probes through at a time, also in the place of one whose client has left', () => {
    const { breaker, ask } = start();
    ask('fault', 0, 20);
    const probes = [breaker.admit(2_000), breaker.admit(2_000), breaker.admit(2_000)];
    expect(probes.map(({ kind }) => kind)).toEqual(['probe', 'probe', 'probe']);
    expect(breaker.admit(2_000).kind).toBe('refused');
    breaker.settle(probes[0] ?? { kind: 'admitted' }, 'neither', 2_001);
    expect(breaker.admit(2_001).kind).toBe('probe');
    expect(breaker.state().kind).toBe('half-open');
  });

  it('closes with the first probe that is answered, and begins to count anew', () => {
    const { breaker, ask, states } = start();
    ask('fault', 0, 20);
    ask('well', 2_000);
    expect(breaker.state()).toEqual({ kind: 'closed' });
    ask('fault', 2_000, 19);
    expect(breaker.state()).toEqual({ kind: 'closed' });
    expect(states).toEqual(['open', 'half-open', 'closed']);
  });

  it('asks every two seconds for a minute, and closes as soon as the subgraph is well', () => {
    const { breaker, ask } = start();
    ask('fault', 0, 20);
    for (let at = 2_000; at < 60_000; at += 2_000) {
      ask('fault', at);
      expect(breaker.admit(at)).toEqual({ kind: 'refused', retryAfterMs: 2_000 });
    }
    ask('well', 60_000);
    expect(breaker.state()).toEqual({ kind: 'closed' });
    ask('fault', 70_000, 20);
    ask('fault', 72_000);
    expect(breaker.admit(72_000)).toEqual({ kind: 'refused', retryAfterMs: 2_000 });
  });

  it('opens for twice as long with each probe that fails after a minute, up to eight seconds, and remembers since when', () => {
    const { breaker, ask } = start();
    ask('fault', 0, 20);
    let at = 60_000;
    for (const openMs of [4_000, 8_000, 8_000]) {
      ask('fault', at);
      expect(breaker.admit(at)).toEqual({ kind: 'refused', retryAfterMs: openMs });
      expect(breaker.state()).toMatchObject({ kind: 'open', since: 1_000 });
      at += openMs;
    }
  });

  it('does not listen to a probe of an earlier opening, nor to what was asked before it opened', () => {
    const { breaker, ask } = start();
    const before = breaker.admit(0);
    ask('fault', 0, 20);
    const [first, second] = [breaker.admit(2_000), breaker.admit(2_000)];
    breaker.settle(first, 'fault', 2_000, 'again');
    breaker.settle(second, 'well', 2_001);
    breaker.settle(before, 'well', 2_001);
    expect(breaker.state()).toMatchObject({ kind: 'open', cause: 'again' });
    breaker.admit(4_000);
    breaker.settle(second, 'well', 4_001);
    expect(breaker.state().kind).toBe('half-open');
  });
});
