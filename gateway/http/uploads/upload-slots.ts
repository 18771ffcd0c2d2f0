import { AppError } from '../../../shared/errors/app-error.js';
import type { Identity } from '../../authentication/authenticate.js';
import { clientKey } from '../../policy/client-key.js';

/** Who has requests with files under way. Each holds a connection to a subgraph, of which there are few: nobody gets all of them. */
export interface UploadSlots {
  /** Counts one more of this client until what it returns is called; an `AppError` when there are too many. */
  take(identity: Identity): (() => void) | AppError;
}

export function createUploadSlots(maxPerClient: number): UploadSlots {
  const running = new Map<string, number>();
  return {
    take(identity) {
      const key = clientKey(identity);
      if (key === undefined) return () => undefined;
      const count = running.get(key) ?? 0;
      if (count >= maxPerClient)
        return new AppError('RATE_LIMITED', `At most ${maxPerClient} requests with files of one client may be under way.`);
      running.set(key, count + 1);
      let isTaken = true;
      return () => {
        if (!isTaken) return;
        isTaken = false;
        const left = (running.get(key) ?? 1) - 1;
        if (left === 0) running.delete(key);
        else running.set(key, left);
      };
    },
  };
}
