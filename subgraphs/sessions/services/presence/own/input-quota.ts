import type { Scheduler } from '../../../presence/scheduler.js';
import { quotaInputs, quotaMs } from '../../../presence/session-inputs.js';

/**
 * Lets every input of a session take effect, but not more than the quota in any span of its length: what comes on top is merged into one,
 * which takes effect as soon as the quota allows. In this process: for inputs that may be done twice, and in any order.
 */
export interface InputQuota<Input, Result> {
  /** Takes effect at once, or is merged into what waits, which is given back. */
  take(
    sessionId: string,
    input: Input,
  ): Promise<{ readonly kind: 'Done'; readonly result: Result } | { readonly kind: 'Later'; readonly merged: Input }>;
  /** What waits does so no more, and is given back. */
  cancel(sessionId: string): Input | undefined;
  /** What waits takes effect now. */
  close(): Promise<void>;
}

export interface InputQuotaOptions<Input, Result> {
  readonly apply: (input: Input) => Promise<Result>;
  /** `later` came after `earlier`. */
  readonly merge: (earlier: Input, later: Input) => Input;
  /** A merged input did not take effect. */
  readonly onFailed: (error: unknown) => void;
  readonly scheduler: Scheduler;
  /** Multiplies the number of inputs. */
  readonly scale: number;
}

interface SessionInputs<Input> {
  /** When the last inputs took effect, the longest ago first. */
  times: number[];
  waiting: Input | undefined;
  /** Ends when the inputs before have taken effect, so that none overtakes another. */
  tail: Promise<unknown>;
  cancelTimer: () => void;
}

export function createInputQuota<Input, Result>(options: InputQuotaOptions<Input, Result>): InputQuota<Input, Result> {
  const { apply, merge, onFailed, scheduler, scale } = options;
  const most = Math.max(1, Math.round(quotaInputs * scale));
  const sessions = new Map<string, SessionInputs<Input>>();

  function find(sessionId: string): SessionInputs<Input> {
    const session = sessions.get(sessionId) ?? { times: [], waiting: undefined, tail: Promise.resolve(), cancelTimer: () => undefined };
    sessions.set(sessionId, session);
    session.times = session.times.filter((time) => time > scheduler.now() - quotaMs);
    return session;
  }

  /** Called when the oldest input stops counting. */
  function plan(sessionId: string, session: SessionInputs<Input>): void {
    session.cancelTimer();
    session.cancelTimer = scheduler.after((session.times[0] ?? 0) + quotaMs - scheduler.now(), () => {
      const { waiting, times } = find(sessionId);
      session.waiting = undefined;
      if (waiting !== undefined) {
        times.push(scheduler.now());
        run(session, waiting).catch(onFailed);
      }
      if (times.length === 0) sessions.delete(sessionId);
      else plan(sessionId, session);
    });
  }

  function run(session: SessionInputs<Input>, input: Input): Promise<Result> {
    const result = session.tail.then(() => apply(input));
    session.tail = result.catch(() => undefined);
    return result;
  }

  return {
    async take(sessionId, input) {
      const session = find(sessionId);
      if (session.waiting !== undefined || session.times.length >= most) {
        session.waiting = session.waiting === undefined ? input : merge(session.waiting, input);
        return { kind: 'Later', merged: session.waiting };
      }
      session.times.push(scheduler.now());
      if (session.times.length === 1) plan(sessionId, session);
      return { kind: 'Done', result: await run(session, input) };
    },
    cancel(sessionId) {
      const session = sessions.get(sessionId);
      const waiting = session?.waiting;
      if (session !== undefined) session.waiting = undefined;
      return waiting;
    },
    async close() {
      const waiting = [...sessions.values()].flatMap((session) => {
        session.cancelTimer();
        return session.waiting === undefined ? [] : [run(session, session.waiting)];
      });
      sessions.clear();
      await Promise.all(waiting.map((applied) => applied.catch(onFailed)));
    },
  };
}
