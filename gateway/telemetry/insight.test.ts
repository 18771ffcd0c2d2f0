import { afterEach, describe, expect, it } from '@jest/globals';
import pino from 'pino';
import { openDoors, type Doors } from '../../tests/testkit/gateway/doors.js';
import { until } from '../../tests/testkit/until.js';
import type { InsightConfig } from './insight-variables.js';

let doors: Doors;
let lines: string[] = [];
afterEach(() => doors.close());

async function start(insight: Partial<InsightConfig> = {}): Promise<void> {
  lines = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  doors = await openDoors(undefined, undefined, { logger, insight: { slowOperationMs: undefined, showsQueryPlans: false, ...insight } });
}

const about = (message: string) => lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ msg }) => msg === message);

describe.each(['HTTP', 'WebSocket'] as const)('The log, of operations over %s', (door) => {
  it('has no line of one that went well', async () => {
    await start();
    await doors.ask(door, { query: '{ listeners }' });
    await doors.ask(door, { query: '{ nobodyHasThis }' });
    await until(() => about('operation refused').length === 1, 'the line');
    expect(lines.filter((line) => line.includes('requestId')).length).toBe(1);
  });

  it('SECURITY 52: has one line of one that was refused, or failed, without its document and variables', async () => {
    await start();
    const query = 'query Refused($id: ID!) { user(id: $id) { secretField } }';
    await doors.ask(door, { query, variables: { id: 'secret-variable' } });
    await doors.ask(door, { query: 'query Failed { forbidden }' });
    await until(() => about('operation refused').length === 1 && about('operation with errors').length === 1, 'the lines');
    expect(about('operation refused')[0]).toMatchObject({
      code: 'GRAPHQL_VALIDATION_FAILED',
      requestId: expect.any(String),
      ms: expect.any(Number),
    });
    expect(about('operation with errors')[0]).toMatchObject({ operation: 'Failed', type: 'query', code: 'FORBIDDEN' });
    expect(lines.join('')).not.toMatch(/secret/i);
  });

  it('warns of one that is slow', async () => {
    await start({ slowOperationMs: 1 });
    await doors.ask(door, { query: 'query Slow { user(id: "1") { name stars bestFriend { name } } }' });
    await until(() => about('slow operation').length === 1, 'the line');
    expect(about('slow operation')[0]).toMatchObject({ level: 40, operation: 'Slow', code: 'OK' });
  });
});

describe('The plan of a query', () => {
  const asked = async (value: string) => {
    const response = await fetch(`${doors.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-galaxia-query-plan': value },
      body: JSON.stringify({ query: '{ user(id: "1") { name stars } }' }),
    });
    return (await response.json()) as { data?: unknown; extensions?: { queryPlan?: string } };
  };

  it('is told to nobody unless the operator allows it, nor to those who do not ask', async () => {
    await start();
    expect(await asked('1')).not.toHaveProperty('extensions');
    await doors.close();
    await start({ showsQueryPlans: true });
    expect(await asked('0')).not.toHaveProperty('extensions');
  });

  it('names the subgraphs beside the data', async () => {
    await start({ showsQueryPlans: true });
    const { data, extensions } = await asked('1');
    expect(data).toMatchObject({ user: { name: expect.any(String) } });
    expect(extensions?.queryPlan).toMatch(/Fetch\(service: "accounts"\)[\s\S]*Fetch\(service: "reviews"\)/);
  });
});
