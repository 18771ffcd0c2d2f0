import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';

/** One figure of a benchmark, as a median over rounds. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly rounds: readonly number[];
  /** What PERFORMANCE asks for; null where the figure only explains another. */
  readonly goal: { readonly atMost: number } | { readonly atLeast: number } | null;
}

const results = join(import.meta.dirname, 'results');

/** Prints the figures as a table with `more` below, and writes both with a bar plot to `bench/results/<name>.{md,svg}`. */
export function report(name: string, title: string, figures: readonly Figure[], more: readonly string[] = []): void {
  const lines = [
    `# ${title}`,
    '',
    machine(),
    '',
    '| figure | median | rounds | goal | reached |',
    '| --- | --- | --- | --- | --- |',
    ...figures.map((figure) => {
      const middle = median(figure.rounds);
      return `| ${figure.name} | ${show(middle)} ${figure.unit} | ${figure.rounds.map(show).join(', ')} | ${goalText(figure)} | ${reached(figure, middle)} |`;
    }),
    '',
    ...more,
  ];
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, `${name}.md`), lines.join('\n'));
  writeFileSync(join(results, `${name}.svg`), plot(title, figures));
  console.log(lines.join('\n'));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]];
  if (low === undefined || high === undefined) throw new Error('no rounds were measured');
  return (low + high) / 2;
}

/** Resident memory of a process in MB; 0 when there is none. Linux alone. */
export function residentMemory(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

function machine(): string {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: import.meta.dirname, encoding: 'utf8' }).trim();
  const processors = cpus();
  return `${new Date().toISOString().slice(0, 10)}, commit ${commit}, Node ${process.version}, ${processors.length} × ${processors[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
}

function goalText({ goal, unit }: Figure): string {
  if (goal === null) return '–';
  return 'atMost' in goal ? `≤ ${goal.atMost} ${unit}` : `≥ ${goal.atLeast} ${unit}`;
}

function reached({ goal }: Figure, value: number): string {
  if (goal === null) return '–';
  return ('atMost' in goal ? value <= goal.atMost : value >= goal.atLeast) ? 'yes' : 'no';
}

/** With as many digits as a reader wants. */
export function show(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}

/** Bars of the medians as a share of their goals, so that figures of different units stand in one picture; the line is the goal. */
function plot(title: string, figures: readonly Figure[]): string {
  const withGoal = figures.flatMap((figure) => {
    if (figure.goal === null) return [];
    const limit = 'atMost' in figure.goal ? figure.goal.atMost : figure.goal.atLeast;
    return [{ figure, share: median(figure.rounds) / limit }];
  });
  const height = 60 + withGoal.length * 34;
  // Where names end and bars begin: a letter is some 7 wide.
  const left = Math.max(250, ...withGoal.map(({ figure }) => 20 + figure.name.length * 7));
  const bars = withGoal.map(({ figure, share }, index) => {
    const y = 48 + index * 34;
    const width = Math.min(share, 2) * 200;
    return `<text x="${left}" y="${y + 15}" text-anchor="end">${figure.name}</text><rect x="${left + 10}" y="${y}" width="${width.toFixed(1)}" height="20" rx="3" fill="${reached(figure, median(figure.rounds)) === 'yes' ? '#0d9488' : '#dc2626'}"/><text x="${(left + 18 + width).toFixed(1)}" y="${y + 15}">${show(median(figure.rounds))} ${figure.unit}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${left + 510} ${height}" font-family="system-ui, sans-serif" font-size="13"><rect width="${left + 510}" height="${height}" fill="#fff"/><text x="20" y="26" font-size="15" font-weight="600">${title}</text>${bars.join('')}<line x1="${left + 210}" x2="${left + 210}" y1="40" y2="${height - 10}" stroke="#64748b" stroke-dasharray="4 3"/><text x="${left + 214}" y="38" fill="#64748b">goal</text></svg>\n`;
}
