import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { projectRoot } from '../../shared/config/project-root.js';
import { ownMetrics, processMetrics } from './exposed-metrics.js';
import { readExpression } from './read-expression.js';

const folder = join(projectRoot, 'docs', 'operations');
const dashboard = JSON.parse(readFileSync(join(folder, 'grafana-dashboard.json'), 'utf8')) as {
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly type: string;
    readonly gridPos: { readonly x: number; readonly w: number };
    readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
  }[];
};
const { groups } = parse(readFileSync(join(folder, 'alerts.yml'), 'utf8')) as {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly labels: { readonly severity: string };
      readonly annotations: { readonly summary: string };
    }[];
  }[];
};
const alerts = groups.flatMap(({ rules }) => rules);
const graphs = dashboard.panels.filter(({ type }) => type !== 'row');

/** Labels by the names of all series: a histogram has three. */
const series = new Map<string, ReadonlySet<string>>([['up', new Set(ofPrometheus())]]);
for (const { name, type, labels } of [...ownMetrics(), ...processMetrics()]) {
  const suffixes = type === 'histogram' || type === 'summary' ? ['_bucket', '_count', '_sum'] : [''];
  for (const suffix of suffixes)
    series.set(name + suffix, new Set([...labels, ...ofPrometheus(), ...(suffix === '_bucket' ? ['le'] : [])]));
}

/** Those that it adds to whatever it reads. */
function ofPrometheus(): readonly string[] {
  return ['job', 'instance'];
}

function expectToBeExposed(expression: string, shown = ''): void {
  const { selected, grouped } = readExpression(expression);
  expect(selected.length).toBeGreaterThan(0);
  for (const { metric, labels } of selected) {
    expect([...series.keys()]).toContain(metric);
    for (const label of labels) expect([metric, ...(series.get(metric) ?? [])]).toContain(label);
    for (const label of grouped) expect([metric, ...(series.get(metric) ?? [])]).toContain(label);
  }
  // What a legend or a summary names must be left by the time it is shown.
  for (const [, label] of shown.matchAll(/\{\{ ?(?:\$labels\.)?(\w+)(?: \| \w+)? ?\}\}/g)) {
    const left = grouped.length > 0 ? grouped : selected.flatMap(({ metric }) => [...(series.get(metric) ?? [])]);
    expect(left).toContain(label);
  }
}

describe('The dashboard', () => {
  it.each(graphs)('$title: asks for what the product exposes', ({ targets = [] }) => {
    expect(targets.length).toBeGreaterThan(0);
    for (const { expr, legendFormat } of targets) expectToBeExposed(expr, legendFormat);
  });

  it('shows every metric of the product', () => {
    const shown = new Set(
      graphs.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => readExpression(expr).selected)).map(({ metric }) => metric),
    );
    const missing = ownMetrics().filter(({ name }) => ![name, `${name}_bucket`, `${name}_count`].some((each) => shown.has(each)));
    expect(missing).toEqual([]);
  });

  it('marks starts of processes, and has its variables from what is exposed', () => {
    for (const { expr } of dashboard.annotations.list) expectToBeExposed(expr);
    for (const { definition } of dashboard.templating.list.slice(1)) expect(definition).toBe('label_values(galaxia_dependency_up, job)');
  });

  it('has each panel once, within its 24 columns', () => {
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    for (const { gridPos } of dashboard.panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  });
});

describe('The alerts', () => {
  it.each(alerts)('$alert asks for what the product exposes', ({ expr, annotations }) => {
    expectToBeExposed(expr, annotations.summary.replaceAll(/\{\{ \$value[^}]*\}\}/g, ''));
  });

  it.each(alerts)('$alert wakes somebody or waits, and the guide says where to look first', ({ alert, labels }) => {
    expect(['page', 'ticket']).toContain(labels.severity);
    expect(readFileSync(join(projectRoot, 'docs', 'operations.md'), 'utf8')).toContain(`| \`${alert}\``);
  });
});
