import type { Role } from '../../../../shared/auth/role.js';
import type { DomainEvent } from '../../../../shared/events/event-bus.js';
import type { EndReason } from '../../data/refresh-family-repository.js';
import type { AuditRow } from '../audit/audit-log.js';

/** What decides over who may do what to whom, as the database has it at that moment. */
export interface Standing {
  readonly id: string;
  readonly username: string;
  readonly roles: readonly Role[];
  readonly disabledAt: Date | null;
}

/** What is to become of the target. What is left out stays. */
export interface ModerationChange {
  readonly disabledAt?: Date | null;
  readonly roles?: readonly Role[];
  /** Why all sessions of the target end; null when they go on. */
  readonly endSessions: EndReason | null;
  readonly events: readonly DomainEvent[];
  readonly audit: readonly AuditRow[];
}

export type Judgement<Verdict> = { readonly verdict: Verdict; readonly change: ModerationChange | null };

export interface ModerationRepository {
  /**
   * Locks actor and target, lets `judge` decide over them, and carries its change out, all in one transaction: two who act on each other
   * at the same moment take turns, and the second is judged by what the first has left. `admins` is how many enabled administrators there
   * are; with `lockAdmins` nobody else changes that number meanwhile. Answers the verdict and the sessions that ended.
   */
  act<Verdict>(
    action: { readonly actorId: string; readonly targetId: string; readonly at: Date; readonly lockAdmins: boolean },
    judge: (parties: { actor: Standing | null; target: Standing | null; admins: number }) => Judgement<Verdict>,
  ): Promise<{ readonly verdict: Verdict; readonly endedSessions: readonly string[] }>;
  /** For the command line: whoever has a role, by name. */
  listWithRoles(): Promise<readonly Standing[]>;
  findByUsername(username: string): Promise<Standing | null>;
}
