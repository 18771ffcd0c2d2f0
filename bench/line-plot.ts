import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Line {
  readonly name: string;
  readonly color: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

const frame = { left: 70, top: 50, width: 560, height: 260 };

/** Writes `bench/results/<name>.svg`: lines over a common x, both axes from zero. */
export function plotLines(name: string, axes: { title: string; x: string; y: string }, lines: readonly Line[]): void {
  const all = lines.flatMap(({ points }) => points);
  const [maxX, maxY] = [Math.max(...all.map(({ x }) => x)) * 1.05, Math.max(...all.map(({ y }) => y)) * 1.15];
  const at = ({ x, y }: { x: number; y: number }) =>
    [frame.left + (x / maxX) * frame.width, frame.top + frame.height - (y / maxY) * frame.height].map((value) => value.toFixed(1));
  const bottom = frame.top + frame.height;
  const drawn = lines.map(({ name: label, color, points }, index) => {
    const dots = points.map((point) => {
      const [x = '', y = ''] = at(point);
      return `<circle cx="${x}" cy="${y}" r="3.5" fill="${color}"/><text x="${x}" y="${(Number(y) - 9).toFixed(1)}" text-anchor="middle" fill="${color}">${point.y.toFixed(0)}</text>`;
    });
    const path = points.map((point) => at(point).join(',')).join(' ');
    const legend = `<rect x="${frame.left + index * 270}" y="34" width="10" height="10" fill="${color}"/><text x="${frame.left + 16 + index * 270}" y="43">${label}</text>`;
    return `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="2"/>${dots.join('')}${legend}`;
  });
  const ticks = [...new Set(all.map(({ x }) => x))].map(
    (x) => `<text x="${at({ x, y: 0 })[0] ?? ''}" y="${bottom + 18}" text-anchor="middle">${x}</text>`,
  );
  writeFileSync(
    join(import.meta.dirname, 'results', `${name}.svg`),
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 660 370" font-family="system-ui, sans-serif" font-size="12"><rect width="660" height="370" fill="#fff"/><text x="20" y="22" font-size="15" font-weight="600">${axes.title}</text><path d="M${frame.left} ${frame.top}V${bottom}H${frame.left + frame.width}" fill="none" stroke="#64748b"/>${ticks.join('')}<text x="${frame.left + frame.width / 2}" y="${bottom + 40}" text-anchor="middle">${axes.x}</text><text transform="translate(24 ${frame.top + frame.height / 2}) rotate(-90)" text-anchor="middle">${axes.y}</text>${drawn.join('')}</svg>\n`,
  );
}
