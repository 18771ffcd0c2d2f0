import { expect, it } from '@jest/globals';
import { startChild } from '../database/children.js';
import { until } from '../testkit/until.js';

it('A picture decoder ends with the process that started it, also when that one is killed', async () => {
  const owner = startChild('../images/decoder-owner-child.ts', []);
  const decoder = Number(await owner.nextLine());
  expect(isRunning(decoder)).toBe(true);
  await owner.kill();
  await until(() => !isRunning(decoder));
}, 60_000);

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
