import type { RefreshFamily } from '../../data/refresh-family-repository.js';

const day = 24 * 60 * 60_000;

/** How long a session may rest unused, and how long it may live at all. */
export const sessionLifetime = { idleMs: 30 * day, absoluteMs: 90 * day } as const;

/** Whether nothing of it is good any more: it was revoked, or its absolute end has come. */
export function hasEnded({ revokedAt, expiresAt }: Pick<RefreshFamily, 'revokedAt' | 'expiresAt'>, now: number): boolean {
  return revokedAt !== null || now >= expiresAt.getTime();
}

/** When the session ends unless it is used before. */
export function idleEnd({ lastUsedAt, expiresAt }: Pick<RefreshFamily, 'lastUsedAt' | 'expiresAt'>): Date {
  return new Date(Math.min(lastUsedAt.getTime() + sessionLifetime.idleMs, expiresAt.getTime()));
}
