import { ConfigurationError } from '../../../shared/config/environment.js';

/** What is wrong with the configuration that `read` reads; empty when it can be used. */
export function problemsOf(read: () => unknown): readonly string[] {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
}
