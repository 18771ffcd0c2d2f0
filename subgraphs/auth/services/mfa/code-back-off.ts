/** How many wrong codes in a row an account takes, over all challenges, before it has to wait (SECURITY 31). */
export const freeTries = 10;
const firstWaitMs = 60_000;
const longestWaitMs = 60 * 60_000;

/**
 * How long no code is looked at after `failures` wrong ones in a row, in ms: a minute after the tenth, then twice as long each time, up to
 * an hour. So nobody guesses more than some 30 of a million codes in a day.
 */
export function codeBackOffMs(failures: number): number {
  return failures < freeTries ? 0 : Math.min(firstWaitMs * 2 ** (failures - freeTries), longestWaitMs);
}
