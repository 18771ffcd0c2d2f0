import { describe, expect, it } from '@jest/globals';
import { createCallerSignal } from '../datasources/caller-signal.js';
import type { Increment, IncrementalResult } from '../execution/deferred/incremental-result.js';
import type { OperationRequest } from '../operations/operation-request.js';
import type { TurnTaker } from './client-connection.js';
import { createDeferredSource } from './deferred-source.js';
import type { RunOptions } from './operations.js';
import { createResultIterator } from './result-iterator.js';

const plain = { next: (payload: Buffer) => payload };

/** An operation whose increments a test gives, over a connection on which a test gives turns. */
function stage({ fails = false } = {}) {
  const waiting: ((increment: Increment) => void)[] = [];
  const sent: unknown[] = [];
  const ended: unknown[] = [];
  const takers: TurnTaker[] = [];
  let [asked, begun, hasRoom] = [0, 0, true];
  const inParts = {
    first: { data: '{"a":1}', errors: [] },
    hasNext: true,
    next() {
      asked += 1;
      return new Promise<Increment>((resolve) => waiting.push(resolve));
    },
  };
  const executeInParts = () => {
    begun += 1;
    return fails ? Promise.reject(new Error('a fault')) : Promise.resolve(inParts as unknown as IncrementalResult);
  };
  const signal = createCallerSignal();
  const options = {
    live: { delivered: { results: 0 } },
    policy: { checkPlan: () => [] },
    mask: (errors: readonly unknown[]) => errors.map(() => ({ message: 'masked' })),
    send: (prepared: { written(format: typeof plain): Buffer }) => sent.push(JSON.parse(prepared.written(plain).toString())),
    onEnd: (errors: unknown) => ended.push(errors),
  };
  const source = createDeferredSource(
    { generation: { executeInParts } } as unknown as OperationRequest,
    signal,
    options as unknown as RunOptions,
  );
  const results = createResultIterator(source, {
    turn: (taker) => hasRoom || (takers.push(taker), false),
    passTurn: () => undefined,
  });
  return {
    results,
    sent,
    ended,
    signal,
    asked: () => asked,
    begun: () => begun,
    setRoom: (room: boolean) => (hasRoom = room),
    giveTurn: () => takers.shift()?.onTurn(),
    give: (increment: Increment) => {
      waiting.shift()?.(increment);
      return settled();
    },
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const part = (n: number) => ({ label: undefined, path: ['a', n], data: '{}', errors: [] });

describe('The parts of an operation', () => {
  it('are sent each when it is there, until the last one', async () => {
    const { results, give, sent, ended } = stage();
    const end = results.next();
    await settled();
    expect(sent).toEqual([{ data: { a: 1 }, hasNext: true }]);
    await give({ parts: [part(0)], hasNext: true });
    await give({ parts: [], hasNext: false });
    expect(sent.slice(1)).toEqual([{ incremental: [{ path: ['a', 0], data: {} }], hasNext: true }, { hasNext: false }]);
    expect((await end).done).toBe(true);
    expect(ended).toEqual([[]]);
  });

  it('SECURITY 41: are not asked for while the client reads nothing', async () => {
    const { results, give, sent, asked, setRoom, giveTurn } = stage();
    void results.next();
    await settled();
    setRoom(false);
    await give({ parts: [part(0)], hasNext: true });
    expect([asked(), sent.length]).toEqual([1, 1]);
    giveTurn();
    await settled();
    expect([asked(), sent.length]).toEqual([2, 2]);
  });

  it('are nobody’s any more when the client has left, and neither are their faults', async () => {
    const { results, give, sent, ended, signal } = stage();
    const end = results.next();
    await settled();
    await results.return?.();
    expect((await end).done).toBe(true);
    expect(signal.aborted).toBe(true);
    await give({ parts: [part(0)], hasNext: false });
    expect(sent).toHaveLength(1);
    expect(ended).toEqual([undefined]);
  });

  it('end with an error, once, when the gateway is at fault', async () => {
    const { results, begun } = stage({ fails: true });
    expect((await results.next()).value).toMatchObject({ errors: [{ message: 'a fault' }] });
    expect((await results.next()).done).toBe(true);
    expect(begun()).toBe(1);
  });
});
