import { describe, expect, it } from '@jest/globals';
import { readGatewayConfig } from './gateway-config.js';
import { unknownNames, unknownRequirements, warnAboutNames } from './unknown-names.js';

const config = (environment: Readonly<Record<string, string>>) => readGatewayConfig({ SUPERGRAPH_PATH: 'x.graphql', ...environment });
const supergraph = (overrideLabels: readonly string[] = [], subgraphs: readonly string[] = ['stock', 'products']) => ({
  overrideLabels,
  services: new Map(subgraphs.map((name) => [name, {}])),
});

describe('A name that the supergraph does not know', () => {
  it.each([
    [{ OVERRIDE_LABELS: 'moovd' }, 'OVERRIDE_LABELS: the supergraph has no label of @override "moovd"; did you mean "moved"?'],
    [{ OVERRIDE_LABELS: 'prices-new' }, 'OVERRIDE_LABELS: the supergraph has no label of @override "prices-new"; it has moved'],
    [{ SUBGRAPH_TIMEOUTS_MS: 'stok=1' }, 'SUBGRAPH_TIMEOUTS_MS: the supergraph has no subgraph "stok"; did you mean "stock"?'],
    [{ UPLOAD_SUBGRAPHS: 'documents' }, 'UPLOAD_SUBGRAPHS: the supergraph has no subgraph "documents"; it has stock, products'],
  ])('is told, with what was meant: %j', (environment, told) => {
    expect(unknownNames(config(environment), supergraph(['percent(50)', 'moved']))).toEqual([told]);
  });

  it('is told of what must be there for readiness', () => {
    const told = (names: string) => unknownRequirements(config({ READY_REQUIRES: names }), supergraph());
    expect(told('stok,products')).toEqual(['READY_REQUIRES: the supergraph has no subgraph "stok"; did you mean "stock"?']);
    for (const names of ['stock,products', 'all', 'none', '']) expect(told(names)).toEqual([]);
  });

  it('is told where it is written', () => {
    const problems = unknownNames(config({ OVERRIDE_LABELS: 'moved' }), supergraph(), () => 'g.yaml:2:3: overrideLabels');
    expect(problems).toEqual(['g.yaml:2:3: overrideLabels: the supergraph has no label of @override "moved"; it has none']);
  });

  it('is none where all are known', () => {
    const environment = { OVERRIDE_LABELS: 'moved', SUBGRAPH_TIMEOUTS_MS: 'stock=1', UPLOAD_SUBGRAPHS: 'products' };
    expect(unknownNames(config(environment), supergraph(['moved', 'other']))).toEqual([]);
    expect(unknownNames(config({}), supergraph())).toEqual([]);
  });

  it('is told at the start, and of a later supergraph once, as soon as it is not known any more', () => {
    const warnings: unknown[] = [];
    let replaceBy: (next: ReturnType<typeof supergraph>) => void = () => undefined;
    const served = {
      current: () => supergraph(['moved']),
      onChange: (listener: (next: ReturnType<typeof supergraph>) => void) => (replaceBy = listener),
    };
    const given = config({ OVERRIDE_LABELS: 'moved,moovd' });
    warnAboutNames(served, { warn: (text: unknown) => void warnings.push(text) }, (generation) => unknownNames(given, generation));
    expect(warnings).toEqual([expect.stringContaining('"moovd"; did you mean "moved"?')]);
    replaceBy(supergraph(['moved', 'another']));
    expect(warnings).toHaveLength(1);
    replaceBy(supergraph(['moovd']));
    expect(warnings.slice(1)).toEqual([expect.stringContaining('"moved"; did you mean "moovd"?')]);
    replaceBy(supergraph(['moovd']));
    expect(warnings).toHaveLength(2);
  });
});
