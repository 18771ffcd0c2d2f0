import type { AnswerStore, KeptAnswer } from './answer-store.js';
import { createBoundedTexts, type TextBounds } from './bounded-texts.js';

export interface MemoryStoreOptions extends TextBounds {
  /** Users whose generation is known. Default 100,000. */
  readonly maxSubjects?: number;
  readonly now?: () => number;
}

/** Of an answer: its key has up to 171 characters of one byte each. */
const overheadBytes = 400;

/** Of one answer, in characters: what is longer would push out all others. */
export function longestText(maxBytes: number): number {
  return Math.floor((maxBytes / 16 - overheadBytes) / 2);
}

/** Keeps answers in this process. */
export function createMemoryStore({ maxSubjects = 100_000, now = Date.now, ...bounds }: MemoryStoreOptions): AnswerStore {
  const answers = createBoundedTexts<KeptAnswer>({ ...bounds, overheadBytes });
  const generations = new Map<string, number>();
  let latest = 0;
  /** Of all users who are not in `generations`. */
  let others = 0;

  function read(key: string): KeptAnswer | undefined {
    const answer = answers.get(key);
    if (answer === undefined || answer.expiresAt > now()) return answer;
    answers.delete(key);
    return undefined;
  }

  return {
    read: (keys, subject) => ({
      answers: keys.map(read),
      generation: subject === undefined ? undefined : String(generations.get(subject) ?? others),
    }),
    write: (key, answer) => answers.set(key, answer),
    renew(subject) {
      latest += 1;
      generations.delete(subject);
      generations.set(subject, latest);
      if (generations.size > maxSubjects) {
        generations.delete(generations.keys().next().value ?? '');
        // Whoever is forgotten must not get back what was theirs before.
        latest += 1;
        others = latest;
      }
      return Promise.resolve();
    },
    stats: () => answers.stats(),
    close: () => Promise.resolve(),
  };
}
