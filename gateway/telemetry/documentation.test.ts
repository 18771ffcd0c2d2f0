import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { projectRoot } from '../../shared/config/project-root.js';
import { createGatewayMetrics } from './gateway-metrics.js';

interface Row {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
}

const documented: readonly Row[] = readFileSync(join(projectRoot, 'docs', 'operations.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `galaxia_'))
  .map((line) => {
    const [, name = '', type = '', labels = ''] = line.split('|').map((cell) => cell.trim().replaceAll('`', ''));
    return { name, type, labels: labels === '' ? [] : labels.split(', ') };
  });

function registered(): readonly Row[] {
  const registry = new Registry();
  const metrics = createGatewayMetrics(registry);
  metrics.observeSupergraph({ current: () => unasked() });
  metrics.observeSockets(() => unasked());
  return registry.getMetricsAsArray().map((metric) => {
    const { name, type, labelNames } = metric as unknown as { name: string; type: string; labelNames: readonly string[] };
    return { name, type, labels: labelNames };
  });
}

function unasked(): never {
  throw new Error('nobody reads the metrics here');
}

const byName = (rows: readonly Row[]) => [...rows].sort((a, b) => a.name.localeCompare(b.name));

describe('docs/operations.md', () => {
  it('has a row for each metric of the gateway, with its type and labels', () => {
    expect(byName(documented)).toEqual(byName(registered()));
  });
});

describe('Names of metrics', () => {
  it.each(registered())('$name is one by the conventions of Prometheus', ({ name, type }) => {
    expect(name).toMatch(/^galaxia(_[a-z]+)+$/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    if (type === 'histogram') expect(name).toMatch(/_seconds$/);
  });
});
