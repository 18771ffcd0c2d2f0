import { allowManyListeners, type CallerSignal } from '../caller-signal.js';

/** How it went: with an answer, too late, or nobody waited for it any more. */
export type InTime<Answer> = { readonly kind: 'answered'; readonly answer: Answer } | { readonly kind: 'late' } | { readonly kind: 'left' };

const late = { kind: 'late' } as const;
const left = { kind: 'left' } as const;
/** Work whose resolvers wait for nothing is done after so many microtasks, before any timer or signal could come. */
const quickTurns = 12;

/**
 * Waits for work that cannot be stopped, such as a resolver's, no longer than somebody needs its answer; what comes later is dropped.
 * `work` must not reject.
 */
export async function inTime<Answer>(
  work: Promise<Answer>,
  { signal, ms }: { readonly signal: CallerSignal; readonly ms: number },
): Promise<InTime<Answer>> {
  let quick: InTime<Answer> | undefined;
  const noted = work.then((answer) => (quick = { kind: 'answered', answer }));
  for (let turn = 0; turn < quickTurns; turn += 1) {
    await Promise.resolve();
    if (quick !== undefined) return quick;
  }
  return watch(noted, { signal, ms });
}

function watch<Outcome>(
  work: Promise<Outcome>,
  { signal, ms }: { readonly signal: CallerSignal; readonly ms: number },
): Promise<Outcome | typeof late | typeof left> {
  return new Promise((resolve) => {
    const end = (outcome: Outcome | typeof late | typeof left): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onLeave);
      resolve(outcome);
    };
    const onLeave = (): void => end(left);
    const timer = setTimeout(() => end(late), ms);
    if (signal instanceof AbortSignal) allowManyListeners(signal);
    signal.addEventListener('abort', onLeave);
    if (signal.aborted) end(left);
    void work.then(end);
  });
}
