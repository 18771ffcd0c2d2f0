import { seesPastBlocks, type Viewer } from '../../../shared/auth/viewer.js';
import { AppError } from '../../../shared/errors/app-error.js';
import { parsePage, type PageArguments, type PageRequest } from '../../../shared/graphql/connection.js';
import type { NamePosition, SearchNameRepository } from '../data/search-name-repository.js';
import { parseNamePosition } from './name-position.js';

export interface FoundNames {
  readonly page: PageRequest<NamePosition>;
  /** One more than `page.limit` when another page follows. */
  readonly names: readonly NamePosition[];
}

export interface UserSearch {
  /**
   * Users of whom the username or display name begins with `query`, for anyone, but those who have blocked the viewer or whom the viewer
   * has blocked, unless the viewer sees past blocks. In the order of the name that matched, in which an exact match stands first. Throws a
   * `BAD_USER_INPUT` `AppError` for a query out of bounds, a size out of bounds or a foreign cursor.
   */
  search(viewer: Viewer | null, query: string, page: PageArguments): Promise<FoundNames>;
}

const longestQuery = 64;

export function createUserSearch({ names }: { names: SearchNameRepository }): UserSearch {
  return {
    async search(viewer, query, pageArguments) {
      const length = Array.from(query).length;
      if (query.trim() === '' || length > longestQuery) {
        throw new AppError('BAD_USER_INPUT', `"query" must have 1 to ${String(longestQuery)} characters, blanks aside.`);
      }
      const page = parsePage(pageArguments, parseNamePosition);
      // No name holds one, and Postgres refuses to compare them.
      if (/[\p{Cc}\p{Cs}]/u.test(query)) return { page, names: [] };
      // Blocks are between the viewer and others; without a viewer there are none.
      const viewerId = viewer === null || seesPastBlocks(viewer) ? null : viewer.userId;
      const found = { viewerId, limit: page.limit + 1, after: page.after };
      return { page, names: await names.findByPrefix(query.trimStart(), found) };
    },
  };
}
