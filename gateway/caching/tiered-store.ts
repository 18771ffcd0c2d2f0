import type { AnswerStore, KeptAnswer } from './answer-store.js';

/**
 * What holds for everyone is looked for near first. Private answers are kept far alone, where all gateways see when their user has changed
 * something.
 */
export function createTieredStore(near: AnswerStore, far: AnswerStore): AnswerStore {
  return {
    async read(keys, subject) {
      const answers = [...(await near.read(keys, undefined)).answers];
      const missing = keys.flatMap((_key, index) => (answers[index] === undefined ? [index] : []));
      if (missing.length === 0) return { answers, generation: undefined };
      const found = await far.read(
        missing.map((index) => keys[index] ?? ''),
        subject,
      );
      missing.forEach((index, position) => {
        const answer = found.answers[position];
        answers[index] = answer;
        if (answer !== undefined) writeNear(keys[index] ?? '', answer);
      });
      return { answers, generation: found.generation };
    },
    write(key, answer) {
      writeNear(key, answer);
      far.write(key, answer);
    },
    renew: (subject) => far.renew(subject),
    stats: () => near.stats(),
    async close() {
      await Promise.all([near.close(), far.close()]);
    },
  };

  function writeNear(key: string, answer: KeptAnswer): void {
    if (answer.generation === undefined) near.write(key, answer);
  }
}
