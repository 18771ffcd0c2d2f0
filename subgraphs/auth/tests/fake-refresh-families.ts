import type { DomainEvent } from '../../../shared/events/event-bus.js';
import type { Account } from '../data/account-repository.js';
import type { RefreshFamily, RefreshFamilyRepository, StoredRefreshToken } from '../data/refresh-family-repository.js';

export interface FakeRefreshFamilies extends RefreshFamilyRepository {
  readonly events: readonly DomainEvent[];
  /** Of the one family that it was given. */
  isRevoked(): boolean;
  tokenCount(): number;
}

/** Keeps the families of one account in memory; each call takes effect at once, as a transaction does. */
export function createFakeFamilies(account: Account): FakeRefreshFamilies {
  const families = new Map<string, RefreshFamily>();
  const tokens = new Map<string, Omit<StoredRefreshToken, 'family' | 'account'> & { familyId: string }>();
  const events: DomainEvent[] = [];

  return {
    events,
    isRevoked: () => [...families.values()].some(({ revokedAt }) => revokedAt !== null),
    tokenCount: () => tokens.size,

    start({ tokenHash, ...family }, announced) {
      families.set(family.id, { ...family, lastUsedAt: family.createdAt, revokedAt: null, isBrowser: false });
      tokens.set(tokenHash, { hash: tokenHash, generation: 1, createdAt: family.createdAt, used: null, familyId: family.id });
      events.push(...announced);
      return Promise.resolve();
    },

    findToken(hash) {
      const token = tokens.get(hash);
      const family = families.get(token?.familyId ?? '');
      return Promise.resolve(token === undefined || family === undefined ? null : { ...token, family, account });
    },

    find: (familyId) => Promise.resolve(families.get(familyId) ?? null),

    bindToBrowser(familyId) {
      const family = families.get(familyId);
      if (family !== undefined) families.set(familyId, { ...family, isBrowser: true });
      return Promise.resolve();
    },

    rotate({ token: { hash, generation, family: seen }, successor, at, events: announced }) {
      const token = tokens.get(hash);
      const family = families.get(token?.familyId ?? '');
      if (token === undefined || family === undefined) return Promise.resolve(false);
      if (token.used !== null || family.revokedAt !== null || family.isBrowser !== seen.isBrowser) return Promise.resolve(false);
      families.set(family.id, { ...family, lastUsedAt: at });
      tokens.set(hash, { ...token, used: { at, successorSalt: successor.salt } });
      tokens.set(successor.hash, { hash: successor.hash, generation: generation + 1, createdAt: at, used: null, familyId: family.id });
      events.push(...announced);
      return Promise.resolve(true);
    },

    revoke({ familyId, at, events: announced }) {
      const family = families.get(familyId);
      if (family?.revokedAt !== null) return Promise.resolve(false);
      families.set(familyId, { ...family, revokedAt: at });
      events.push(...announced);
      return Promise.resolve(true);
    },

    takeEnd({ familyId, at }) {
      const family = families.get(familyId);
      if (family !== undefined) families.set(familyId, { ...family, revokedAt: family.revokedAt ?? at });
      return Promise.resolve();
    },

    takeDevice({ familyId, device }) {
      const family = families.get(familyId);
      if (family !== undefined) families.set(familyId, { ...family, device });
      return Promise.resolve();
    },

    removeStale: () => Promise.resolve(),
  };
}
