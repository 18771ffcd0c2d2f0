import { afterAll, beforeAll } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import type { OpenedDatabase } from '../../../tests/testkit/services/databases.js';
import { createKnownUserRepository, type KnownUserRepository } from '../data/known-user-repository.js';
import { createUsersPrisma, type UsersPrisma } from '../data/prisma.js';
import { createProfileRepository, type ProfileRepository } from '../data/profile-repository.js';
import { createSearchNameRepository, type SearchNameRepository } from '../data/search-name-repository.js';

/** What knows users by their names, on one database that the tests of a suite share. */
export interface RepositoriesOfSuite {
  readonly prisma: UsersPrisma;
  readonly users: KnownUserRepository;
  readonly profiles: ProfileRepository;
  readonly names: SearchNameRepository;
  /** Somebody new, as auth announces them. Answers their id. */
  readonly register: (username: string) => Promise<string>;
  /** Gives somebody a display name; `username` is what their token says. */
  readonly rename: (userId: string, displayName: string | null, username?: string) => Promise<void>;
  /** The names that begin with `prefix`, as an anonymous caller finds them. */
  readonly find: (prefix: string, limit?: number) => Promise<string[]>;
}

/** The event of a registration. */
export function registration({ userId = uuidv7(), username }: { userId?: string; username: string }) {
  return { eventId: uuidv7(), occurredAt: '2026-01-31T12:00:00.000Z', userId, username, legacyId: undefined };
}

/** To be called once in a `describe`. All is there from the first `beforeAll` after it on, and ends with the suite. */
export function useRepositories(open: () => Promise<OpenedDatabase>): RepositoriesOfSuite {
  let parts: (Pick<RepositoriesOfSuite, 'prisma' | 'users' | 'profiles' | 'names'> & { opened: OpenedDatabase }) | undefined;
  const present = () => {
    if (parts === undefined) throw new Error('it is there from the first test on');
    return parts;
  };
  beforeAll(async () => {
    const opened = await open();
    const prisma = createUsersPrisma(opened.database);
    const users = createKnownUserRepository(prisma, { announcesUserEvents: false });
    parts = { opened, prisma, users, profiles: createProfileRepository(prisma), names: createSearchNameRepository(prisma) };
  });
  afterAll(async () => {
    await parts?.prisma.$disconnect();
    await parts?.opened.close();
  });
  return {
    get prisma() {
      return present().prisma;
    },
    get users() {
      return present().users;
    },
    get profiles() {
      return present().profiles;
    },
    get names() {
      return present().names;
    },
    register: async (username) => {
      const user = registration({ username });
      await present().users.register(user);
      return user.userId;
    },
    rename: (userId, displayName, username = 'from_the_token') =>
      present().profiles.update({ userId, username, change: { displayName }, at: new Date(0) }),
    find: async (prefix, limit = 100) => {
      const found = await present().names.findByPrefix(prefix, { viewerId: null, limit, after: null });
      return found.map(({ name }) => name);
    },
  };
}
