import { describe, expect, it } from '@jest/globals';
import { answeringSource } from '../tests/testkit/gateway/answering-source.js';
import type { CircuitState } from './datasources/faults/circuit-breaker.js';
import type { SubgraphDataSource } from './datasources/subgraph-data-source.js';
import type { WireResult } from './datasources/wire.js';
import { checkSubgraphs, keptForASecond } from './readiness.js';

function sourceOf(result: WireResult, circuit: CircuitState = { kind: 'closed' }): SubgraphDataSource {
  return { ...answeringSource(() => Promise.resolve(result)), circuit: () => circuit };
}

const down: WireResult = { data: null, errors: [{ message: 'down at http://10.0.0.7/' }] };

describe('Whether the gateway is ready', () => {
  it('is told for each subgraph, with since when and why one is left alone', async () => {
    const services = new Map([
      ['well', sourceOf({ data: { __typename: 'Query' } })],
      ['failing', sourceOf(down)],
      ['alone', sourceOf(down, { kind: 'open', since: 0, cause: 'cannot be connected to (ECONNREFUSED)' })],
    ]);
    const [well, failing, alone] = await checkSubgraphs({ current: () => ({ services }) });
    expect(well).toMatchObject({ name: 'well', ok: true });
    expect(failing).toMatchObject({ name: 'failing', ok: false, error: 'does not answer' });
    expect(alone).toMatchObject({
      name: 'alone',
      ok: false,
      error: 'left alone since 1970-01-01T00:00:00.000Z: cannot be connected to (ECONNREFUSED)',
    });
  });

  it('may not depend on each of them', async () => {
    const services = new Map([
      ['auth', sourceOf(down)],
      ['reviews', sourceOf(down)],
    ]);
    const required = async (names?: 'all' | ReadonlySet<string>) =>
      (await checkSubgraphs({ current: () => ({ services }) }, names)).map(({ isRequired = true }) => isRequired);
    expect(await required()).toEqual([true, true]);
    expect(await required(new Set(['auth']))).toEqual([true, false]);
    expect(await required(new Set())).toEqual([false, false]);
  });

  it('costs the subgraphs one question a second, however many ask', async () => {
    let [time, asked] = [0, 0];
    const ready = keptForASecond(
      () => Promise.resolve(++asked),
      () => time,
    );
    expect(await Promise.all([ready(), ready(), ready()])).toEqual([1, 1, 1]);
    time = 999;
    expect(await ready()).toBe(1);
    time = 1_000;
    expect(await ready()).toBe(2);
  });
});
