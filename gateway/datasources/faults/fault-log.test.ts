import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import pino from 'pino';
import { createFaultLog } from './fault-log.js';
import type { Fault } from './fault.js';

const refused: Fault = { kind: 'connect', detail: 'ECONNREFUSED' };
const late: Fault = { kind: 'timeout', detail: 'within 10 ms' };

describe('The log of a subgraph’s faults', () => {
  const lines: Record<string, unknown>[] = [];
  const logger = pino({ base: { subgraph: 'reviews' } }, { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) });
  beforeEach(() => {
    lines.length = 0;
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('has the first of a cause at once, with subgraph, request and cause, and nothing else of the error', () => {
    const log = createFaultLog(logger);
    log.note(refused, 'request-1');
    log.close();
    expect(lines).toEqual([
      {
        level: 50,
        time: expect.any(Number),
        subgraph: 'reviews',
        cause: 'connect',
        detail: 'ECONNREFUSED',
        requestId: 'request-1',
        count: 1,
        msg: 'the subgraph cannot be connected to (ECONNREFUSED)',
      },
    ]);
  });

  it('has one line a second for each cause, with how many there were', () => {
    const log = createFaultLog(logger);
    for (let n = 0; n < 10_000; n++) log.note(refused, `request-${n}`);
    log.note(late, 'slow');
    expect(lines).toHaveLength(2);
    jest.advanceTimersByTime(1_000);
    expect(lines.slice(2)).toMatchObject([{ cause: 'connect', count: 9_999, requestId: 'request-9999' }]);
    log.note(refused, 'later');
    jest.advanceTimersByTime(1_000);
    expect(lines.slice(3)).toMatchObject([{ cause: 'connect', count: 1, requestId: 'later' }]);
    log.close();
  });

  it('forgets a cause that has not come for a second, and holds no timer then', () => {
    const log = createFaultLog(logger);
    log.note(refused, 'one');
    jest.advanceTimersByTime(1_000);
    expect(jest.getTimerCount()).toBe(0);
    log.note(refused, 'two');
    expect(lines).toMatchObject([{ requestId: 'one' }, { requestId: 'two' }]);
    log.close();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('keeps nothing back when it is closed', () => {
    const log = createFaultLog(logger);
    for (const requestId of ['one', 'two', 'three']) log.note(refused, requestId);
    log.close();
    expect(lines).toMatchObject([{ count: 1 }, { count: 2, requestId: 'three' }]);
  });
});
