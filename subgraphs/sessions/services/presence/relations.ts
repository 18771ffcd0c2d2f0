/** Who is whose friend, as far as presence must know. */
export interface Relations {
  friendsOf(userId: string): Promise<ReadonlySet<string>>;
}

/** Until friendships reach this subgraph nobody is anybody's friend, so that what is for friends stays hidden. */
export const noRelations: Relations = { friendsOf: () => Promise.resolve(new Set()) };
