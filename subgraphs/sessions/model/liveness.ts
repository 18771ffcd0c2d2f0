import { unsentMs } from '../services/presence/following/presence-subscription.js';
import type { Process } from './process.js';

/** The lease of one socket or heartbeat, as somebody knows it who only looks at clients and cables. In ms since the epoch. */
interface Claim {
  readonly key: string;
  readonly process: Process;
  /** Until the process renews it no more. */
  isOpen: boolean;
  /** The lease lives until then at least, whatever the process could do since. */
  sureUntil: number;
  /** After a loss: it counts no longer than this at the least. */
  readonly sessionId: string;
  isLeaving: boolean;
  isStalled: boolean;
  /** When it is gone at the latest; while it is open, never. */
  possibleUntil: number;
}

interface Cable {
  /** Since when the process reaches Redis; undefined = it does not. */
  upSince: number | undefined;
  /** Its leases live until then at least, as of when it lost its cable. */
  sureUntil: number;
  /** What Redis may have lost cannot be made anew: that takes settings from the database. */
  waitsForDatabase: boolean;
}

/** After this long with its cable, a process has made up for renewals that failed. Renewed every 15 s, for 45 s. */
const catchUpMs = 5_500;
const renewedForMs = 28_000;
const leaseMs = 45_000;
const lostGraceMs = 15_000;

/** Who must be online, and who cannot be, by leases alone: a second opinion that knows nothing of stores, scripts and sweeps. */
export function createLiveness(now: () => number) {
  const claims = new Map<string, Claim[]>();
  const cables = new Map<Process, Cable>();
  let isDatabaseDown = false;
  /** Of each user, the last time when it was not sure that they are online. */
  const unsureAt = new Map<string, number>();

  const claimsOf = (userId: string): Claim[] => {
    const found = claims.get(userId) ?? [];
    claims.set(userId, found);
    return found;
  };
  const sureOfCable = ({ upSince, sureUntil, waitsForDatabase }: Cable): number =>
    !waitsForDatabase && upSince !== undefined && now() - upSince >= catchUpMs ? now() + renewedForMs : sureUntil;
  const sureOf = (claim: Claim): number => {
    const cable = cables.get(claim.process);
    return claim.isOpen && cable !== undefined ? Math.max(claim.sureUntil, sureOfCable(cable)) : claim.sureUntil;
  };
  const isSure = (userId: string): boolean => claimsOf(userId).some((claim) => sureOf(claim) > now());

  function sample(): void {
    // While nobody sweeps nothing runs out.
    const isSwept = [...cables.values()].some(({ upSince }) => upSince !== undefined);
    for (const [userId, all] of claims) {
      if (!isSure(userId)) unsureAt.set(userId, now());
      if (!isSwept) continue;
      claims.set(
        userId,
        all.filter(({ possibleUntil }) => possibleUntil > now() - leaseMs),
      );
    }
  }

  function change(userId: string, work: (all: Claim[]) => void): void {
    if (!isSure(userId)) unsureAt.set(userId, now());
    work(claimsOf(userId));
    if (!isSure(userId)) unsureAt.set(userId, now());
  }

  function each(work: (claim: Claim) => void): void {
    sample();
    for (const all of claims.values()) all.forEach(work);
    sample();
  }

  return {
    /** To be called at least once a second. */
    sample,
    /** The session has a lease, which was asked for at `askedAt` and may have begun any time since. What it lost before counts no more. */
    connected(
      userId: string,
      claim: Pick<Claim, 'key' | 'process' | 'sessionId'> & {
        readonly askedAt: number;
        readonly renews: boolean;
        readonly isSure: boolean;
      },
    ): void {
      change(userId, (all) => {
        const kept = all.filter(({ key, sessionId, isLeaving }) => key !== claim.key && !(isLeaving && sessionId === claim.sessionId));
        const { askedAt, renews, isSure: isHeld, ...rest } = claim;
        kept.push({
          ...rest,
          isOpen: renews,
          isLeaving: false,
          isStalled: false,
          sureUntil: isHeld ? askedAt + leaseMs : 0,
          possibleUntil: renews ? Infinity : now() + leaseMs,
        });
        all.splice(0, all.length, ...kept);
      });
    },
    /** Whether it is connected, and for how long, is not known: an attempt failed. */
    attempted(userId: string, { process, sessionId }: Pick<Claim, 'process' | 'sessionId'>): void {
      change(userId, (all) => {
        for (const claim of all) if (claim.sessionId === sessionId && claim.isLeaving) claim.sureUntil = 0;
        const possibleUntil = now() + leaseMs + lostGraceMs;
        all.push({ key: '', process, sessionId, isOpen: false, isLeaving: true, isStalled: false, sureUntil: 0, possibleUntil });
      });
    },
    /** `graceMs` null = its process or its lease is left alone. */
    left(userId: string, key: string, graceMs: number | null): void {
      change(userId, (all) => {
        for (const claim of all) {
          if (claim.key !== key) continue;
          claim.possibleUntil = Math.min(claim.possibleUntil, now() + leaseMs);
          claim.isStalled = false;
          claim.sureUntil = graceMs === null ? sureOf(claim) : Math.min(sureOf(claim), now() + graceMs - 100);
          claim.isOpen = false;
          claim.isLeaving = graceMs !== null;
        }
      });
    },
    /** Its client reads no more: the process may give it up. */
    stalled(userId: string, key: string): void {
      change(userId, (all) => {
        for (const claim of all) {
          if (claim.key !== key || !claim.isOpen) continue;
          claim.sureUntil = Math.min(sureOf(claim), now() + unsentMs + lostGraceMs - 1_000);
          claim.isOpen = false;
          claim.isStalled = true;
        }
      });
    },
    /** Its client reads on, and its process has not given it up. */
    readsOn(userId: string, key: string): void {
      change(userId, (all) => {
        for (const claim of all) if (claim.key === key && claim.isStalled) Object.assign(claim, { isOpen: true, isStalled: false });
      });
    },
    /** It went offline; its socket may be open still. */
    ended(userId: string, sessionId: string): void {
      change(userId, (all) => {
        for (const claim of all) {
          if (claim.sessionId !== sessionId) continue;
          claim.isOpen = false;
          claim.isStalled = false;
          claim.sureUntil = 0;
        }
      });
    },
    plugged(process: Process): void {
      sample();
      const isFirst = [...cables.values()].every(({ upSince }) => upSince === undefined);
      // Nobody has swept: it may be the end of an outage.
      if (isFirst) each((claim) => (claim.possibleUntil = Math.max(claim.possibleUntil, now() + leaseMs + 20_000)));
      const sureUntil = cables.get(process)?.sureUntil ?? 0;
      cables.set(process, { upSince: now(), sureUntil, waitsForDatabase: isDatabaseDown });
    },
    unplugged(process: Process): void {
      sample();
      const cable = cables.get(process);
      if (cable?.upSince !== undefined) cables.set(process, { ...cable, upSince: undefined, sureUntil: sureOfCable(cable) });
      sample();
    },
    /** Redis is back after `downMs` with all that it had, or has lost something. */
    restarted(downMs: number, hasAll: boolean): void {
      const [downAt, amnestyUntil] = [now() - downMs, now() + 19_000];
      each((claim) => {
        if (hasAll && claim.sureUntil > downAt) claim.sureUntil = Math.max(claim.sureUntil, amnestyUntil);
        if (!hasAll) claim.sureUntil = 0;
        claim.possibleUntil = Math.max(claim.possibleUntil, now() + leaseMs + 20_000);
      });
      for (const cable of cables.values()) {
        if (cable.sureUntil > downAt) cable.sureUntil = hasAll ? Math.max(cable.sureUntil, amnestyUntil) : 0;
        if (cable.upSince === undefined) continue;
        cable.upSince = now();
        cable.waitsForDatabase = isDatabaseDown;
      }
      sample();
    },
    databaseIs(what: 'down' | 'up'): void {
      sample();
      isDatabaseDown = what === 'down';
      for (const cable of cables.values()) {
        if (cable.upSince === undefined) continue;
        const isCatchingUp = now() - cable.upSince < catchUpMs;
        if (cable.waitsForDatabase) cable.upSince = now();
        cable.waitsForDatabase = isDatabaseDown && (cable.waitsForDatabase || isCatchingUp);
      }
      sample();
    },
    /** For how long it has been sure that the user is online, in ms. */
    sureFor: (userId: string): number => (isSure(userId) ? now() - (unsureAt.get(userId) ?? -Infinity) : 0),
    hasSession: (userId: string, sessionId: string): boolean =>
      claimsOf(userId).some((claim) => claim.sessionId === sessionId && sureOf(claim) > now()),
    /** Whether it is sure of every lease that the user may have. */
    isSureOfAll: (userId: string): boolean => claimsOf(userId).every((claim) => sureOf(claim) > now()),
    /** For how long the process has reached Redis, in ms. */
    upFor: (process: Process): number => now() - (cables.get(process)?.upSince ?? now()),
    /** Whether what the process has missed cannot be read anew. */
    waitsForDatabase: (process: Process): boolean => cables.get(process)?.waitsForDatabase === true,
    /** Nothing can keep the user online, since `ms` ago. */
    isImpossibleSince: (userId: string, ms: number): boolean => claimsOf(userId).every(({ possibleUntil }) => possibleUntil + ms <= now()),
  };
}

export type Liveness = ReturnType<typeof createLiveness>;
