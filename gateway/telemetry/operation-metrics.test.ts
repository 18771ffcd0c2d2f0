import { describe, expect, it } from '@jest/globals';
import { GraphQLError, Kind, OperationTypeNode, parse } from 'graphql';
import { Registry } from 'prom-client';
import { AppError } from '../../shared/errors/app-error.js';
import type { ParsedOperation } from '../operations/operation-store.js';
import { createOperationMetrics } from './operation-metrics.js';
import { createOperationNames } from './operation-names.js';
import type { OperationReport } from './operation-report.js';

/** As much of one as is looked at. */
function operationOf(source: string): ParsedOperation {
  const document = parse(source);
  const [operation] = document.definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('no operation');
  const unasked = () => {
    throw new Error('not asked here');
  };
  const name = operation.name?.value;
  const asked = { validate: unasked, fits: unasked, plan: unasked, runnable: unasked };
  return { source, hash: '', operationName: name, document, operation, variableNames: new Map(), ...asked };
}

function start() {
  const registry = new Registry();
  const onOperation = createOperationMetrics(registry, createOperationNames());
  return {
    report: (given: Partial<OperationReport>) =>
      onOperation({ door: 'http', requestId: 'r', operation: undefined, errors: [], hasLeft: false, ms: 1, ...given }),
    valueOf: async (series: string): Promise<number | undefined> => {
      const line = (await registry.metrics()).split('\n').find((each) => each.startsWith(`${series} `));
      return line === undefined ? undefined : Number(line.slice(series.length));
    },
  };
}

const count = (name: string, type = 'query') => `galaxia_operation_duration_seconds_count{operation="${name}",type="${type}"}`;
const results = (code: string) => `galaxia_operation_results_total{door="http",code="${code}"}`;

describe('Metrics of operations', () => {
  it('know 200 names, and call the rest other', async () => {
    const { report, valueOf } = start();
    const ask = (n: number) => report({ operation: operationOf(`query Name${n} { a }`) });
    for (let n = 1; n <= 200; n += 1) ask(n);
    expect([await valueOf(count('Name200')), await valueOf(count('other'))]).toEqual([1, undefined]);
    for (const n of [201, 202, 1]) ask(n);
    expect([await valueOf(count('other')), await valueOf(count('Name201')), await valueOf(count('Name1'))]).toEqual([2, undefined, 2]);
  });

  it('know a name of 100 characters, and call a longer one other', async () => {
    const { report, valueOf } = start();
    for (const length of [100, 101]) report({ operation: operationOf(`query ${'a'.repeat(length)} { a }`) });
    expect([await valueOf(count('a'.repeat(100))), await valueOf(count('other'))]).toEqual([1, 1]);
  });

  it('know 100 codes of a door, and none that is no code', async () => {
    const { report, valueOf } = start();
    const fail = (code: string) => report({ errors: [new GraphQLError('x', { extensions: { code } })] });
    const letters = 'ABCDEFGHIJ';
    for (const first of letters) for (const second of letters) fail(`CODE_${first}${second}`);
    expect([await valueOf(results('CODE_JJ')), await valueOf(results('other'))]).toEqual([1, undefined]);
    fail('CODE_LATE');
    expect([await valueOf(results('CODE_LATE')), await valueOf(results('other'))]).toEqual([undefined, 1]);
    const another = start();
    for (const code of [`A${'_A'.repeat(30)}`, `AA${'_A'.repeat(29)}`])
      another.report({ errors: [new GraphQLError('x', { extensions: { code } })] });
    expect([await another.valueOf(results('other')), await another.valueOf(results(`AA${'_A'.repeat(29)}`))]).toEqual([1, 1]);
  });

  it.each(['DOWNSTREAM_SERVICE_ERROR', 'UNEXPECTED_ERROR', 'P2002', 'some "text" of a subgraph', 7])(
    'take a fault of a subgraph (%j) for what the client is told of it',
    async (code) => {
      const { report, valueOf } = start();
      report({ errors: [new GraphQLError('x', { extensions: { code } })] });
      expect(await valueOf(results('INTERNAL_SERVER_ERROR'))).toBe(1);
    },
  );

  it('take a refusal of a subgraph for one', async () => {
    const { report, valueOf } = start();
    report({ errors: [new GraphQLError('x', { extensions: { code: 'OUT_OF_STOCK' } })] });
    expect(await valueOf(results('OUT_OF_STOCK'))).toBe(1);
  });

  it('take the code of a refusal, and a fault without one for ours', async () => {
    const { report, valueOf } = start();
    report({ errors: [new AppError('RATE_LIMITED', 'Later.')] });
    report({ errors: [new GraphQLError('Not you.', { originalError: new AppError('FORBIDDEN', 'Not you.') })] });
    report({ errors: [new Error('password is secret')] });
    report({ errors: [new Error('x')], hasLeft: true });
    const codes = ['RATE_LIMITED', 'FORBIDDEN', 'INTERNAL_SERVER_ERROR', 'CLIENT_LEFT'];
    expect(await Promise.all(codes.map((code) => valueOf(results(code))))).toEqual([1, 1, 1, 1]);
    expect(await valueOf('galaxia_limit_refusals_total{limit="RATE_LIMITED"}')).toBe(1);
  });

  it('time no subscriptions, which last as long as their client wants', async () => {
    const { report, valueOf } = start();
    report({ operation: operationOf('subscription Ticks { a }') });
    expect(await valueOf(count('Ticks', OperationTypeNode.SUBSCRIPTION))).toBeUndefined();
    expect(await valueOf(results('OK'))).toBe(1);
  });
});
