import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { projectRoot } from '../../shared/config/project-root.js';
import { ownMetrics, type ExposedMetric } from './exposed-metrics.js';

const documented: readonly ExposedMetric[] = readFileSync(join(projectRoot, 'docs', 'operations.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `galaxia_'))
  .map((line) => {
    const [, name = '', type = '', labels = ''] = line.split('|').map((cell) => cell.trim().replaceAll('`', ''));
    return { name, type, labels: labels === '' ? [] : labels.split(', ') };
  });

const byName = (metrics: readonly ExposedMetric[]) => [...metrics].sort((a, b) => a.name.localeCompare(b.name));

describe('docs/operations.md', () => {
  it('has a row for each metric of the product, with its type and labels', () => {
    expect(byName(documented)).toEqual(byName(ownMetrics()));
  });
});

describe('Names of metrics', () => {
  it.each(ownMetrics())('$name is one by the conventions of Prometheus', ({ name, type, labels }) => {
    expect(name).toMatch(/^galaxia(_[a-z]+)+$/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    if (type === 'histogram') expect(name).toMatch(/(_seconds|_per_connection)$/);
    // A unit of Prometheus, or a number of things.
    expect(name).not.toMatch(/_(ms|milliseconds|minutes|kb|characters)(_|$)/);
    for (const label of labels) expect(label).toMatch(/^[a-z]+$/);
  });
});
