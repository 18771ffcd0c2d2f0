import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';

type Path = readonly PropertyKey[];

/** A YAML or JSON file that knows where everything in it stands. */
export interface PositionedDocument {
  readonly value: unknown;
  /** `file:line:column` of the value at `path`, or of the nearest thing around it that is there. */
  at(path: Path): string;
  /** Of the key `key` in the object at `path`. */
  atKey(path: Path, key: string): string;
}

/** JSON is read as the YAML that it is. Every problem is a line that begins with its place. */
export function readPositionedDocument(
  file: string,
  source: string,
): { readonly document: PositionedDocument } | { readonly problems: readonly string[] } {
  const lines = new LineCounter();
  // YAML allows no tabs where JSON does; a blank is as wide.
  const document = parseDocument(
    source.replace(/^[\t ]+/gm, (indent) => ' '.repeat(indent.length)),
    { lineCounter: lines, prettyErrors: false },
  );
  const place = (offset: number | undefined): string => {
    const { line, col } = lines.linePos(offset ?? 0);
    return `${file}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  };
  if (document.errors.length > 0) return { problems: document.errors.map(({ pos, message }) => `${place(pos[0])}: ${message}`) };
  return {
    document: {
      value: document.toJS() ?? {},
      at: (path) => place(startOf(document, path)),
      atKey: (path, key) => place(keyStartOf(document, path, key) ?? startOf(document, path)),
    },
  };
}

function nodeAt(document: Document, path: Path): Node | undefined {
  let node: unknown = document.contents;
  for (const part of path) {
    if (!isMap(node) && !isSeq(node)) return undefined;
    node = node.get(part, true);
  }
  return node as Node | undefined;
}

function startOf(document: Document, path: Path): number | undefined {
  for (let length = path.length; length >= 0; length -= 1) {
    const start = nodeAt(document, path.slice(0, length))?.range?.[0];
    if (start !== undefined) return start;
  }
  return undefined;
}

function keyStartOf(document: Document, path: Path, key: string): number | undefined {
  const map = nodeAt(document, path);
  const pair = isMap(map) ? map.items.find((item) => isScalar(item.key) && item.key.value === key) : undefined;
  return isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
}
