import { allowManyListeners, type CallerSignal } from '../caller-signal.js';

/** How it went: with an answer, too late, or nobody waited for it any more. */
export type InTime<Answer> = { readonly kind: 'answered'; readonly answer: Answer } | { readonly kind: 'late' } | { readonly kind: 'left' };

const late = { kind: 'late' } as const;
const left = { kind: 'left' } as const;

/**
 * Waits for work that cannot be stopped, such as graphql 16's, no longer than somebody needs its answer; what comes later is dropped.
 * `work` must not reject.
 */
export function inTime<Answer>(work: Promise<Answer>, { signal, ms }: { signal: CallerSignal; ms: number }): Promise<InTime<Answer>> {
  return new Promise((resolve) => {
    const end = (outcome: InTime<Answer>): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onLeave);
      resolve(outcome);
    };
    const onLeave = (): void => end(left);
    const timer = setTimeout(() => end(late), ms);
    if (signal instanceof AbortSignal) allowManyListeners(signal);
    signal.addEventListener('abort', onLeave);
    void work.then((answer) => end({ kind: 'answered', answer }));
  });
}
