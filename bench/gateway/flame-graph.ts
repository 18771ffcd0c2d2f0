/** Draws a V8 CPU profile as a flame graph: the width of a box is the share of samples that had the function on the stack. */
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The parts of a `.cpuprofile` that are read. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
}

interface Frame {
  readonly name: string;
  readonly where: string;
  readonly callees: Map<string, Frame>;
  own: number;
  total: number;
}

const width = 1_200;
const rowHeight = 17;
/** Narrower boxes, in pixels, are left out. */
const narrowest = 1;
const isIdle = (name: string): boolean => name === '(idle)' || name === '(program)';
const root = resolve(import.meta.dirname, '..', '..');

/** The SVG, and the functions with the most samples of their own as shares of all busy samples. */
export function drawFlameGraph(title: string, profile: CpuProfile): { readonly svg: string; readonly hottest: readonly string[] } {
  const top = readStacks(profile);
  const boxes: string[] = [];
  const depth = draw(top, { x: 0, level: 0, scale: width / top.total }, boxes);
  const height = 50 + depth * rowHeight;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="ui-monospace, monospace" font-size="11"><rect width="${width}" height="${height}" fill="#fff"/><text x="8" y="22" font-size="15" font-family="system-ui, sans-serif" font-weight="600">${escape(title)}</text>${boxes.join('')}</svg>\n`;
  return { svg, hottest: hottestOf(top) };
}

function readStacks({ nodes, samples }: CpuProfile): Frame {
  const parents = new Map<number, number>();
  const byId = new Map(nodes.map((node) => [node.id, node]));
  for (const node of nodes) for (const child of node.children ?? []) parents.set(child, node.id);
  const top: Frame = { name: 'all', where: '', callees: new Map(), own: 0, total: 0 };
  for (const sample of samples) {
    const stack: { name: string; where: string }[] = [];
    for (let id: number | undefined = sample; id !== undefined; id = parents.get(id)) {
      const frame = byId.get(id)?.callFrame;
      if (frame === undefined || frame.functionName === '(root)') continue;
      stack.unshift({
        name: frame.functionName === '' ? '(anonymous)' : frame.functionName,
        where: shortPath(frame.url, frame.lineNumber),
      });
    }
    if (isIdle(stack[0]?.name ?? '(idle)')) continue;
    top.total += 1;
    let frame = top;
    for (const { name, where } of stack) {
      const key = `${name} ${where}`;
      const callee: Frame = frame.callees.get(key) ?? { name, where, callees: new Map(), own: 0, total: 0 };
      frame.callees.set(key, callee);
      callee.total += 1;
      frame = callee;
    }
    frame.own += 1;
  }
  return top;
}

/** Returns how many rows it took. */
function draw(frame: Frame, { x, level, scale }: { x: number; level: number; scale: number }, boxes: string[]): number {
  let [left, depth] = [x, level];
  for (const callee of [...frame.callees.values()].sort((a, b) => b.total - a.total)) {
    const wide = callee.total * scale;
    if (wide < narrowest) break;
    const y = 36 + level * rowHeight;
    const label =
      wide < 30 ? '' : `<text x="${(left + 3).toFixed(1)}" y="${y + 12}">${escape(callee.name.slice(0, Math.floor(wide / 7)))}</text>`;
    const share = `${((callee.total / width) * scale * 100).toFixed(1)} %`;
    boxes.push(
      `<g><title>${escape(`${callee.name} ${callee.where}: ${share}`)}</title><rect x="${left.toFixed(1)}" y="${y}" width="${Math.max(wide - 0.5, 0.5).toFixed(1)}" height="${rowHeight - 1}" fill="${colorOf(callee)}"/>${label}</g>`,
    );
    depth = Math.max(depth, draw(callee, { x: left, level: level + 1, scale }, boxes));
    left += wide;
  }
  return Math.max(depth, level + 1);
}

function hottestOf(top: Frame): readonly string[] {
  const own = new Map<string, number>();
  const visit = (frame: Frame): void => {
    const key = `${frame.name} ${frame.where}`;
    own.set(key, (own.get(key) ?? 0) + frame.own);
    frame.callees.forEach(visit);
  };
  visit(top);
  return [...own]
    .sort(([, a], [, b]) => b - a)
    .slice(0, 25)
    .map(([key, samples]) => `${((samples / top.total) * 100).toFixed(1)} % ${key}`);
}

/** Own code, Node's, the collector, and a color for each package. */
function colorOf({ name, where }: Frame): string {
  if (name.startsWith('(')) return '#e5e7eb';
  if (where.startsWith('node:') || where === '') return '#bfdbfe';
  if (!where.includes('node_modules')) return '#99f6e4';
  const packageName = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(where)?.[1] ?? '';
  const hue = Buffer.from(packageName).reduce((sum, byte) => (sum * 31 + byte) % 60, 7);
  return `hsl(${hue} 90% 75%)`;
}

function shortPath(url: string, line: number): string {
  if (url === '') return '';
  const path = url.startsWith('file:') ? fileURLToPath(url) : url;
  const at = path.lastIndexOf('node_modules');
  const short = at >= 0 ? path.slice(at) : path.replace(join(root, '/'), '').replace(/^.*\/dist\//, 'dist/');
  return `${short}:${line + 1}`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
