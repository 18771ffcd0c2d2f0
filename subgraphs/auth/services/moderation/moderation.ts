import { validate as isUuid } from 'uuid';
import { roles as everyRole, type Role } from '../../../../shared/auth/role.js';
import type { Viewer } from '../../../../shared/auth/viewer.js';
import { AppError, unauthenticated } from '../../../../shared/errors/app-error.js';
import { createDomainEvent } from '../../../../shared/events/domain-events.js';
import { toAuditRow, type AuditAction, type AuditDetails, type AuditRow } from '../audit/audit-log.js';
import type { SessionEnder } from '../sessions/session-ender.js';
import type { Judgement, ModerationChange, ModerationRepository, Standing } from './moderation-repository.js';

/** In characters (code points). */
const maximumReasonLength = 500;

interface Done {
  readonly kind: 'Done';
  readonly userId: string;
  readonly endedSessions: number;
}
interface UserNotFound {
  readonly kind: 'UserNotFound';
  readonly userId: string;
}
type ModerationOutcome = Done | UserNotFound;
type RolesOutcome = ModerationOutcome | { readonly kind: 'LastAdmin' };

/**
 * What moderators and administrators do to others. Who is one is asked of the database in the very transaction, not of the token, which
 * may be minutes old. All throw `UNAUTHENTICATED` for an anonymous viewer, `FORBIDDEN` for everyone without the role, and for a moderator
 * who means another moderator or an administrator.
 */
export interface Moderation {
  /** Ends all sessions, and lets nobody sign in. A repetition changes nothing. Nobody can disable themselves. */
  disable(viewer: Viewer | null, userId: string, reason: string | null): Promise<ModerationOutcome>;
  enable(viewer: Viewer | null, userId: string): Promise<ModerationOutcome>;
  endSessions(viewer: Viewer | null, userId: string): Promise<ModerationOutcome>;
  /**
   * For administrators. One enabled administrator always remains. A new role stands in tokens from the next refresh on; taking one away
   * ends the sessions, because their tokens still say it.
   */
  setRoles(viewer: Viewer | null, userId: string, roles: readonly Role[]): Promise<RolesOutcome>;
}

type Refusal = { readonly kind: 'Forbidden'; readonly message: string } | { readonly kind: 'LastAdmin' };
type Verdict = { readonly kind: 'Done' | 'UserNotFound' } | Refusal;
type AuditOf = (action: AuditAction, details?: AuditDetails) => readonly AuditRow[];

/** What one of the actions is by. */
interface Rules {
  readonly lockAdmins?: boolean;
  mayAct(actor: Standing, target: Standing): Refusal | null;
  /** Null when everything is so already. */
  change(target: Standing, occasion: { admins: number; audit: AuditOf; at: Date }): ModerationChange | Refusal | null;
}

export interface ModerationOptions {
  readonly repository: ModerationRepository;
  readonly sessionEnder: Pick<SessionEnder, 'haveEnded'>;
  readonly wakeOutbox: () => void;
  readonly now?: () => number;
}

export function createModeration({ repository, sessionEnder, wakeOutbox, now = Date.now }: ModerationOptions): Moderation {
  async function act(viewer: Viewer | null, userId: string, rules: Rules): Promise<RolesOutcome> {
    if (viewer === null) throw unauthenticated();
    const targetId = userId.toLowerCase();
    const at = new Date(now());
    const who = { accountId: targetId, actorId: viewer.userId, sessionId: viewer.sessionId };
    const audit: AuditOf = (action, details = {}) => [toAuditRow({ action, ...who, details }, now)];
    // What is no id names nobody; still only for those who may ask.
    const isId = isUuid(targetId);
    const { verdict, endedSessions } = await repository.act(
      { actorId: viewer.userId, targetId: isId ? targetId : viewer.userId, at, lockAdmins: rules.lockAdmins === true },
      ({ actor, target, admins }) => judge(rules, { actor, target: isId ? target : null }, { admins, audit, at }),
    );
    switch (verdict.kind) {
      case 'Forbidden':
        throw new AppError('FORBIDDEN', verdict.message);
      case 'UserNotFound':
        return { kind: 'UserNotFound', userId };
      case 'LastAdmin':
        return verdict;
      case 'Done':
        if (endedSessions.length > 0) sessionEnder.haveEnded(endedSessions, at);
        wakeOutbox();
        return { kind: 'Done', userId: targetId, endedSessions: endedSessions.length };
    }
  }

  const event = (type: 'user.disabled' | 'user.enabled', { id }: Standing) =>
    createDomainEvent(type, { key: id, now, payload: { userId: id } });

  return {
    async disable(viewer, userId, reason) {
      const text = reason?.trim() ?? '';
      if (Array.from(text).length > maximumReasonLength) {
        throw new AppError('BAD_USER_INPUT', `"reason" has at most ${String(maximumReasonLength)} characters.`);
      }
      return withoutLastAdmin(
        await act(viewer, userId, {
          mayAct: mayModerateOthers,
          change: (target, { audit, at }) =>
            target.disabledAt !== null
              ? null
              : {
                  disabledAt: at,
                  endSessions: 'DISABLED',
                  events: [event('user.disabled', target)],
                  audit: audit('USER_DISABLED', text === '' ? {} : { reason: text }),
                },
        }),
      );
    },

    async enable(viewer, userId) {
      return withoutLastAdmin(
        await act(viewer, userId, {
          mayAct: mayModerateOthers,
          change: (target, { audit }) =>
            target.disabledAt === null
              ? null
              : { disabledAt: null, endSessions: null, events: [event('user.enabled', target)], audit: audit('USER_ENABLED') },
        }),
      );
    },

    async endSessions(viewer, userId) {
      return withoutLastAdmin(
        await act(viewer, userId, {
          mayAct: mayModerate,
          change: (_target, { audit }) => ({ endSessions: 'ENDED_BY_MODERATOR', events: [], audit: audit('USER_SESSIONS_ENDED') }),
        }),
      );
    },

    setRoles: (viewer, userId, roles) =>
      act(viewer, userId, {
        lockAdmins: true,
        mayAct: (actor) => (actor.roles.includes('ADMIN') ? null : forbidden('Only administrators set roles.')),
        change(target, { admins, audit }) {
          const wanted = everyRole.filter((role) => role === 'USER' || roles.includes(role));
          if (wanted.join() === target.roles.join()) return null;
          const stepsDown = target.roles.includes('ADMIN') && target.disabledAt === null && !wanted.includes('ADMIN');
          if (stepsDown && admins === 1) return { kind: 'LastAdmin' };
          return { ...rolesChange(target, wanted), audit: audit('ROLES_CHANGED', { from: target.roles, to: wanted }) };
        },
      }),
  };
}

/** Who is not in charge does not learn whether there is such a target. */
function judge(
  rules: Rules,
  { actor, target }: { readonly actor: Standing | null; readonly target: Standing | null },
  occasion: Parameters<Rules['change']>[1],
): Judgement<Verdict> {
  if (actor === null || !isInCharge(actor)) return { verdict: forbidden(), change: null };
  if (target === null) return { verdict: { kind: 'UserNotFound' }, change: null };
  const refusal = rules.mayAct(actor, target);
  if (refusal !== null) return { verdict: refusal, change: null };
  const change = rules.change(target, occasion);
  return change !== null && 'kind' in change ? { verdict: change, change: null } : { verdict: { kind: 'Done' }, change };
}

/** What becomes of an account that has the roles `wanted` from now on. Others trust the roles in a token until it expires. */
export function rolesChange({ roles }: Standing, wanted: readonly Role[]): Omit<ModerationChange, 'audit'> {
  const losesOne = roles.some((role) => !wanted.includes(role));
  return { roles: wanted, endSessions: losesOne ? 'ENDED_BY_MODERATOR' : null, events: [] };
}

function isInCharge({ roles, disabledAt }: Standing): boolean {
  return disabledAt === null && (roles.includes('ADMIN') || roles.includes('MODERATOR'));
}

function forbidden(message = 'Only administrators and moderators do this.'): Refusal {
  return { kind: 'Forbidden', message };
}

function mayModerate(actor: Standing, target: Standing): Refusal | null {
  if (actor.roles.includes('ADMIN')) return null;
  const isPeer = target.roles.includes('ADMIN') || target.roles.includes('MODERATOR');
  return isPeer ? forbidden('Only administrators act on moderators and administrators.') : null;
}

function mayModerateOthers(actor: Standing, target: Standing): Refusal | null {
  return actor.id === target.id ? forbidden('Nobody disables or enables themselves.') : mayModerate(actor, target);
}

/** Only `setRoles` can meet the last administrator. */
function withoutLastAdmin(outcome: RolesOutcome): ModerationOutcome {
  if (outcome.kind === 'LastAdmin') throw new Error('no roles were to be set');
  return outcome;
}
