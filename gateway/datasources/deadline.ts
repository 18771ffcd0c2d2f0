export interface Deadline {
  readonly signal: AbortSignal;
  /** To be called when the work is done, or timer and listener stay. */
  clear(): void;
}

/**
 * Aborts when `parent` does or after `ms`. Not `AbortSignal.any`, which on Node 20 keeps something of every signal that it made for as
 * long as `parent` lives: for a subscription that is hours and thousands of events.
 */
export function createDeadline(parent: AbortSignal, ms: number): Deadline {
  const controller = new AbortController();
  const onParent = (): void => controller.abort(parent.reason);
  const timer = setTimeout(() => controller.abort(new Error(`No answer within ${ms} ms`)), ms);
  if (parent.aborted) onParent();
  else parent.addEventListener('abort', onParent, { once: true });
  return {
    signal: controller.signal,
    clear() {
      clearTimeout(timer);
      parent.removeEventListener('abort', onParent);
    },
  };
}
