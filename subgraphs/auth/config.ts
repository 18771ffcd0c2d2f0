import { z } from 'zod';
import { readEnvironment } from '../../shared/config/environment.js';

export interface AuthConfig {
  /** Node's own variable: how many threads it has for hashing, signing, files and names. 4 when it is not set. */
  readonly threadPoolSize: number | undefined;
}

const variables = z.object({
  UV_THREADPOOL_SIZE: z
    .string()
    .regex(/^[1-9]\d{0,3}$/, 'must be a number from 1 to 1024')
    .transform(Number)
    .refine((size) => size <= 1024, 'must be a number from 1 to 1024')
    .optional(),
});

/** What auth alone reads from the environment. Throws `ConfigurationError` with all problems at once. */
export function readAuthConfig(environment: Readonly<Record<string, string | undefined>>): AuthConfig {
  return { threadPoolSize: readEnvironment(variables, environment).UV_THREADPOOL_SIZE };
}
