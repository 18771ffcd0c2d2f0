import { seesPastBlocks, type Viewer } from '../../../../shared/auth/viewer.js';

/**
 * Who looks at pictures. Of somebody else they see them when that one's profile is theirs to read, and, unless they see past blocks, no
 * block is between the two.
 */
export interface Onlooker {
  /** Null for an anonymous caller. */
  readonly userId: string | null;
  readonly seesPastBlocks: boolean;
}

export function toOnlooker(viewer: Viewer | null): Onlooker {
  return { userId: viewer?.userId ?? null, seesPastBlocks: seesPastBlocks(viewer) };
}
