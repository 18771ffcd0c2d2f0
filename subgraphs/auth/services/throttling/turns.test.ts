import { describe, expect, it } from '@jest/globals';
import { createTurns } from './turns.js';

describe('turns', () => {
  it('let two of a key run at a time, in their order, and others beside them', async () => {
    const turns = createTurns(2);
    const log: string[] = [];
    const ends = new Map<string, () => void>();
    const start = (key: string, name: string) =>
      turns.run(key, async () => {
        log.push(name);
        await new Promise<void>((resolve) => ends.set(name, resolve));
        return name;
      });
    const all = ['one', 'two', 'three', 'four'].map((name) => start('ada', name));
    const other = start('bob', 'other');
    const settled = () => new Promise((resolve) => setImmediate(resolve));
    await settled();
    expect(log).toEqual(['one', 'two', 'other']);
    ends.get('two')?.();
    await settled();
    expect(log).toEqual(['one', 'two', 'other', 'three']);
    ends.get('one')?.();
    await settled();
    for (const name of ['three', 'four', 'other']) ends.get(name)?.();
    await expect(Promise.all([...all, other])).resolves.toEqual(['one', 'two', 'three', 'four', 'other']);
  });

  it('go on after a failure', async () => {
    const turns = createTurns(1);
    const failed = turns.run('ada', () => Promise.reject(new Error('failed')));
    const next = turns.run('ada', () => Promise.resolve('next'));
    await expect(failed).rejects.toThrow('failed');
    await expect(next).resolves.toBe('next');
    await expect(turns.run('ada', () => Promise.resolve('last'))).resolves.toBe('last');
  });
});
