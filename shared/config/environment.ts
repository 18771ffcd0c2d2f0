import { z } from 'zod';
import { problemText } from './problem-text.js';

/** Every problem of the environment at once, so that one start is enough to see them all. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The configuration cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/**
 * Reads `environment` by `schema`, whose keys are the names of the variables. An empty variable counts as not set. Throws
 * `ConfigurationError` with one line per problem; a value that the schema does not know is a problem, never a silent default.
 */
export function readEnvironment<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  environment: Readonly<Record<string, string | undefined>>,
): z.output<z.ZodObject<Shape>> {
  const set = Object.fromEntries(
    Object.keys(schema.shape)
      .filter((name) => environment[name] !== undefined && environment[name] !== '')
      .map((name) => [name, environment[name]]),
  );
  const result = schema.safeParse(set);
  if (result.success) return result.data;
  throw new ConfigurationError(
    result.error.issues.map((issue) => {
      // What follows the name of the variable is a place in its list.
      const name = String(issue.path[0] ?? '');
      const isMissing = name !== '' && set[name] === undefined;
      return isMissing ? `${name} is not set${describe(schema, name)}` : `${name}: ${problemText(issue)}`;
    }),
  );
}

function describe(schema: z.ZodObject, name: string): string {
  const field: unknown = schema.shape[name];
  const text = field instanceof z.ZodType ? field.description : undefined;
  return text === undefined ? '' : `: ${text}`;
}

/** For checks of variables together (`superRefine`): they run although some have problems of their own, as text or not at all. */
export const evenWithProblems = { when: () => true };

/** A TCP port from 0 (any free one) to 65535. */
export const port = z
  .string()
  .regex(/^\d{1,5}$/, 'must be a port number from 0 to 65535')
  .transform(Number)
  .refine((value) => value <= 65_535, 'must be a port number from 0 to 65535');

/** A comma-separated list; blanks around its entries do not count. */
export const commaSeparated = z.string().transform((text) =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== ''),
);

/** An http or https URL without a trailing slash. */
export const httpUrl = z
  .string()
  .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), 'must be an http:// or https:// URL')
  .transform((text) => text.replace(/\/+$/, ''));

/** Whether a URL has a user or a password in it: `fetch` sends neither, and whoever prints the URL tells them. */
export function hasCredentials(url: string): boolean {
  const { username, password } = new URL(url);
  return username !== '' || password !== '';
}

export const noCredentials =
  'must be without user and password, which would not be sent: set headers.set.authorization in a configuration file';

/** The GraphQL endpoint of a subgraph. A URL without a path means `/graphql` on that host. */
export const graphqlUrl = httpUrl
  .refine((url) => !hasCredentials(url), noCredentials)
  .transform((text) => (new URL(text).pathname === '/' ? `${text}/graphql` : text));
