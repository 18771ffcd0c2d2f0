import DataLoader from 'dataloader';
import type { MfaRepository } from '../../data/mfa-repository.js';

/** Which accounts ask for a second factor, for one operation; all look-ups of one tick are one query. */
export interface MfaStatus {
  isEnabled(accountId: string): Promise<boolean>;
}

export function createMfaStatus(repository: Pick<MfaRepository, 'withSecondFactor'>): MfaStatus {
  const loader = new DataLoader<string, boolean>(async (accountIds) => {
    const enabled = await repository.withSecondFactor(accountIds);
    return accountIds.map((accountId) => enabled.has(accountId));
  });
  return { isEnabled: (accountId) => loader.load(accountId) };
}
