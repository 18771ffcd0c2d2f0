import { describe, expect, it } from '@jest/globals';
import { createScope } from './lifecycle.js';

describe('A scope', () => {
  it('closes what was opened last first, each thing once', async () => {
    const closed: string[] = [];
    const scope = createScope();
    scope.defer(() => Promise.resolve(closed.push('database')));
    scope.defer(() => Promise.resolve(closed.push('server')));
    await scope.close();
    await scope.close();
    expect(closed).toEqual(['server', 'database']);
  });

  it('closes the rest when one of them fails, and tells the failure', async () => {
    const closed: string[] = [];
    const scope = createScope();
    scope.defer(() => Promise.resolve(closed.push('database')));
    scope.defer(() => Promise.reject(new Error('the server hangs')));
    await expect(scope.close()).rejects.toThrow('the server hangs');
    expect(closed).toEqual(['database']);
  });
});
