import { z } from 'zod';
import type { Viewer } from '../../../../shared/auth/viewer.js';
import { unauthenticated } from '../../../../shared/errors/app-error.js';
import { parsePage, type PageArguments, type PageRequest } from '../../../../shared/graphql/connection.js';
import type { DatedPosition, FriendRequestRow, RelationLists } from '../../data/relation-lists.js';
import type { NamePosition } from '../../data/search-name-repository.js';
import { parseNamePosition } from '../name-position.js';

/** `rows` has one more than `page.limit` when another page follows. */
export interface Listed<Row, Position> {
  readonly page: PageRequest<Position>;
  readonly rows: readonly Row[];
}

/** The viewer's own lists. All throw `UNAUTHENTICATED` for an anonymous caller and `BAD_USER_INPUT` for a page that cannot be. */
export interface FriendLists {
  /** By username. */
  friends(viewer: Viewer | null, page: PageArguments): Promise<Listed<NamePosition, NamePosition>>;
  /** The newest first. */
  requests(
    viewer: Viewer | null,
    direction: 'SENT' | 'RECEIVED',
    page: PageArguments,
  ): Promise<Listed<FriendRequestRow & DatedPosition, DatedPosition>>;
  /** The newest first. */
  blocked(viewer: Viewer | null, page: PageArguments): Promise<Listed<DatedPosition, DatedPosition>>;
}

const datedPosition = z.object({
  at: z.iso.datetime().transform((text) => new Date(text)),
  userId: z.uuid(),
});
const parseDatedPosition = (value: unknown): DatedPosition | undefined => datedPosition.safeParse(value).data;

export function createFriendLists({ lists }: { lists: RelationLists }): FriendLists {
  return {
    async friends(viewer, pageArguments) {
      const userId = requireUserId(viewer);
      const page = parsePage(pageArguments, parseNamePosition);
      return { page, rows: await lists.friends(userId, page) };
    },
    async requests(viewer, direction, pageArguments) {
      const userId = requireUserId(viewer);
      const page = parsePage(pageArguments, parseDatedPosition);
      const rows = await lists.requests(userId, direction, page);
      return { page, rows: rows.map((row) => ({ ...row, at: row.createdAt, userId: direction === 'SENT' ? row.toId : row.fromId })) };
    },
    async blocked(viewer, pageArguments) {
      const userId = requireUserId(viewer);
      const page = parsePage(pageArguments, parseDatedPosition);
      return { page, rows: await lists.blocked(userId, page) };
    },
  };
}

function requireUserId(viewer: Viewer | null): string {
  if (viewer === null) throw unauthenticated();
  return viewer.userId;
}
