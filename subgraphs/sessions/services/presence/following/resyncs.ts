import type { Logger } from '../../../../../shared/logging/logger.js';
import type { Scheduler } from '../../../presence/scheduler.js';
import type { PresenceSubscription } from './presence-subscription.js';

/** So many subscriptions read anew in a second, on average: some hundred thousand states. */
const perSecond = 1_500;
const leastSpreadMs = 250;
/** For the other processes to make their connections anew, or those would seem to be gone for a moment: at least, in ms. */
const patienceMs = 1_000;
/** And at most, from the loss on, where somebody who was online is not online again. */
const longestPatienceMs = 3_000;
const lookAgainMs = 250;
/** After a reading that failed, at least and at most, in ms. */
const retryMs = 1_000;

type Resynced = Pick<PresenceSubscription, 'resync'>;

/** Makes many subscriptions read anew, each once, and not all at the same moment. */
export interface Resyncs {
  /** Begins when `ready` has resolved or rejected. What an earlier call has not come to yet is begun anew. */
  begin(subscriptions: readonly Resynced[], ready: Promise<void>, wasOnline: (userId: string) => boolean): void;
  forget(subscription: Resynced): void;
  close(): void;
}

export function createResyncs({ scheduler, logger, random }: { scheduler: Scheduler; logger: Logger; random: () => number }): Resyncs {
  const waiting = new Map<Resynced, () => void>();
  let round = 0;
  /** Of the latest losses. */
  let awaited: readonly { readonly wasOnline: (userId: string) => boolean; readonly until: number }[] = [];

  function isAwaited(userId: string): boolean {
    return awaited.some(({ wasOnline, until }) => until > scheduler.now() && wasOnline(userId));
  }

  function plan(subscription: Resynced, delay: number): void {
    waiting.get(subscription)?.();
    const cancel = scheduler.after(delay, () => void resync(subscription));
    waiting.set(subscription, cancel);
  }

  async function resync(subscription: Resynced): Promise<void> {
    const mine = waiting.get(subscription);
    try {
      const isDone = await subscription.resync(isAwaited);
      if (mine === undefined || waiting.get(subscription) !== mine) return;
      if (isDone) waiting.delete(subscription);
      else plan(subscription, lookAgainMs);
    } catch (error) {
      logger.warn({ err: error }, 'a presence subscription could not read anew; trying again in some seconds');
      // Unless it has ended, or was told to begin anew meanwhile.
      if (mine !== undefined && waiting.get(subscription) === mine) plan(subscription, retryMs * (1 + random()));
    }
  }

  return {
    begin(subscriptions, ready, wasOnline) {
      round += 1;
      const mine = round;
      // Of two losses within a moment the second knows next to nothing.
      awaited = [...awaited.filter(({ until }) => until > scheduler.now()), { wasOnline, until: scheduler.now() + longestPatienceMs }];
      for (const subscription of subscriptions) {
        waiting.get(subscription)?.();
        waiting.set(subscription, () => undefined);
      }
      const start = (): void => {
        if (mine !== round) return;
        const spread = Math.max(leastSpreadMs, (1_000 * waiting.size) / perSecond);
        for (const subscription of waiting.keys()) plan(subscription, patienceMs + random() * spread);
      };
      ready.then(start, (error: unknown) => {
        logger.warn({ err: error }, 'presence connections were not made anew at once; their renewals do it');
        start();
      });
    },
    forget(subscription) {
      waiting.get(subscription)?.();
      waiting.delete(subscription);
    },
    close() {
      round += 1;
      for (const cancel of waiting.values()) cancel();
      waiting.clear();
    },
  };
}
