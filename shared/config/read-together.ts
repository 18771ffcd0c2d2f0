import { ConfigurationError } from './environment.js';

type Readers = Readonly<Record<string, () => unknown>>;

/** Calls all readers and throws one `ConfigurationError` with the problems of all of them, so that one start is enough to see them. */
export function readTogether<Of extends Readers>(readers: Of): { [Name in keyof Of]: ReturnType<Of[Name]> } {
  const problems = new Set<string>();
  const values: Record<string, unknown> = {};
  for (const [name, read] of Object.entries(readers)) {
    try {
      values[name] = read();
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      for (const problem of error.problems) problems.add(problem);
    }
  }
  if (problems.size > 0) throw new ConfigurationError([...problems]);
  // Each name has its reader's value: none of them threw.
  return values as { [Name in keyof Of]: ReturnType<Of[Name]> };
}
