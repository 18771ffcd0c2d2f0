import { describe, expect, it } from '@jest/globals';
import { createCallerSignal } from './caller-signal.js';

describe('The signal of a caller', () => {
  it('calls each listener once, but none that was removed or came too late', () => {
    const signal = createCallerSignal();
    const called: string[] = [];
    const removed = (): void => void called.push('removed');
    signal.addEventListener('abort', () => called.push('one'));
    signal.addEventListener('abort', removed);
    signal.addEventListener('abort', () => called.push('two'));
    signal.removeEventListener('abort', removed);
    expect(signal.aborted).toBe(false);
    signal.abort();
    signal.abort();
    signal.addEventListener('abort', () => called.push('late'));
    expect(signal.aborted).toBe(true);
    expect(called).toEqual(['one', 'two']);
  });
});
