import type { Logger } from '../../../shared/logging/logger.js';
import { describeFault, type Fault } from './fault.js';

export interface FaultLog {
  note(fault: Fault, requestId: string | undefined): void;
  /** Writes what is still counted. */
  close(): void;
}

interface Counted {
  readonly fault: Fault;
  readonly timer: NodeJS.Timeout;
  count: number;
  requestId: string | undefined;
}

/** One line for each cause in this time, in ms. */
const everyMs = 1_000;

/** A subgraph that is down fails thousands of requests a second: the first of a cause is logged at once, then one line a second with a count. */
export function createFaultLog(logger: Logger): FaultLog {
  const causes = new Map<string, Counted>();

  function write({ fault, requestId }: Pick<Counted, 'fault' | 'requestId'>, count: number): void {
    logger.error({ cause: fault.kind, detail: fault.detail, requestId, count }, `the subgraph ${describeFault(fault)}`);
  }

  function tick(key: string): void {
    const counted = causes.get(key);
    if (counted === undefined) return;
    if (counted.count > 0) {
      write(counted, counted.count);
      counted.count = 0;
      return;
    }
    clearInterval(counted.timer);
    causes.delete(key);
  }

  return {
    note(fault, requestId) {
      const key = `${fault.kind} ${fault.detail}`;
      const known = causes.get(key);
      if (known !== undefined) {
        known.count += 1;
        known.requestId = requestId;
        return;
      }
      write({ fault, requestId }, 1);
      causes.set(key, { fault, timer: setInterval(() => tick(key), everyMs).unref(), count: 0, requestId });
    },
    close() {
      for (const counted of causes.values()) {
        clearInterval(counted.timer);
        if (counted.count > 0) write(counted, counted.count);
      }
      causes.clear();
    },
  };
}
