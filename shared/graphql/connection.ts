import { AppError } from '../errors/app-error.js';

/** A page to read: the `limit` rows after the position `after` (null for the first page). Read one more to learn whether there is more. */
export interface PageRequest<Position> {
  readonly limit: number;
  readonly after: Position | null;
}

export interface PageArguments {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
}

const maximumPageSize = 100;
const defaultPageSize = 20;

/**
 * The page that Relay's `first` and `after` ask for. A cursor is the base64url JSON of a row's position, checked by `parsePosition`
 * (which answers undefined for what is none). Throws a `BAD_USER_INPUT` `AppError` for a size out of bounds or a foreign cursor.
 */
export function parsePage<Position>(
  { first, after }: PageArguments,
  parsePosition: (value: unknown) => Position | undefined,
): PageRequest<Position> {
  const limit = first ?? defaultPageSize;
  if (limit < 1 || limit > maximumPageSize) {
    throw new AppError('BAD_USER_INPUT', `"first" must be from 1 to ${String(maximumPageSize)}; it was ${String(limit)}.`);
  }
  if (after === null || after === undefined) return { limit, after: null };
  const position = parsePosition(decode(after));
  if (position === undefined) throw new AppError('BAD_USER_INPUT', '"after" must be a cursor of an earlier page, unchanged.');
  return { limit, after: position };
}

/** The connection over `rows`, of which there may be one more than `page.limit` to say that another page follows. */
export function toConnection<Row, Node, Position>(
  rows: readonly Row[],
  page: PageRequest<Position>,
  shape: { node: (row: Row) => Node; position: (row: Row) => Position },
) {
  const edges = rows.slice(0, page.limit).map((row) => ({ cursor: encode(shape.position(row)), node: shape.node(row) }));
  return {
    edges,
    nodes: edges.map((edge) => edge.node),
    pageInfo: {
      hasNextPage: rows.length > page.limit,
      hasPreviousPage: page.after !== null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

function encode(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

function decode(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
