import type { KnownUserSource } from '../../../shared/users/known-users.js';

/** Who has an account, as auth announced it. */
export interface KnownUserRepository extends KnownUserSource {
  add(userId: string): Promise<void>;
}
