import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { median, type Figure } from '../harness.js';
import { queries } from './queries.js';

const colors: Readonly<Record<string, string>> = { relay: '#94a3b8', Galaxia: '#0d9488' };

/** Writes `bench/results/<name>.svg`: for each query a bar of every contestant, from the figures "<query>, <contestant>: CPU …". */
export function plotCost(name: string, title: string, figures: readonly Figure[], contestants: readonly string[]): void {
  const bars = queries.flatMap((query) =>
    contestants.flatMap((contestant) => {
      const figure = figures.find((each) => each.name.startsWith(`${query.name}, ${contestant}: CPU`));
      return figure === undefined ? [] : [{ query: query.name, contestant, value: median(figure.rounds) }];
    }),
  );
  const most = Math.max(...bars.map(({ value }) => value));
  const height = 50 + bars.length * 24 + queries.length * 34;
  let y = 44;
  const drawn = bars.map(({ query, contestant, value }, index) => {
    const heading = bars[index - 1]?.query === query ? '' : `<text x="20" y="${(y += 30) - 8}" font-weight="600">${query}</text>`;
    const width = (value / most) * 480;
    const bar = `<text x="140" y="${y + 13}" text-anchor="end">${contestant}</text><rect x="150" y="${y}" width="${width.toFixed(1)}" height="17" rx="3" fill="${colors[contestant] ?? '#c2410c'}"/><text x="${(158 + width).toFixed(1)}" y="${y + 13}">${value.toFixed(2)}</text>`;
    y += 24;
    return heading + bar;
  });
  writeFileSync(
    join(import.meta.dirname, '..', 'results', `${name}.svg`),
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 ${height}" font-family="system-ui, sans-serif" font-size="13"><rect width="720" height="${height}" fill="#fff"/><text x="20" y="26" font-size="15" font-weight="600">${title}</text>${drawn.join('')}</svg>\n`,
  );
}
