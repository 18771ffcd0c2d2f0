import { AppError } from '../../../../shared/errors/app-error.js';

/** Who receives a file holds it on disk until it is published. So many at a time in one process: 1.6 GB at the most. */
const places = { ofAll: 64, ofOne: 4 };

/** Takes a place for a file of this user, and answers how to give it back. Throws `RATE_LIMITED`, `UNAVAILABLE` when there is none. */
export type TakePlace = (userId: string) => () => void;

export function createReceivingPlaces(): TakePlace {
  const taken = new Map<string, number>();
  let total = 0;

  return (userId) => {
    const own = taken.get(userId) ?? 0;
    if (own >= places.ofOne) {
      throw new AppError('RATE_LIMITED', `Send at most ${places.ofOne} images at a time: wait for the others.`, { retryAfter: 1 });
    }
    if (total >= places.ofAll) {
      throw new AppError('UNAVAILABLE', 'Too many images are being sent at the moment. Try again.', { retryAfter: 5 });
    }
    taken.set(userId, own + 1);
    total += 1;
    return () => {
      total -= 1;
      const left = (taken.get(userId) ?? 1) - 1;
      if (left === 0) taken.delete(userId);
      else taken.set(userId, left);
    };
  };
}
