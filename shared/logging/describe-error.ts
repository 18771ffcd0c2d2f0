/** Of a message, in characters: some repeat all that they were given. */
const longestMessage = 1_000;
/** Causes of causes, and errors of an aggregate. */
const deepest = 4;

export interface DescribedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string | number;
  /** Where it was thrown. */
  readonly stack?: string;
  readonly cause?: DescribedError;
  readonly errors?: readonly DescribedError[];
}

/**
 * What a log says of an error, and nothing else of it: errors of libraries carry what they were about. Redis' have the command with all that
 * was to be written, Postgres' the row that was in the way, Prisma's the arguments of the call (SECURITY 52).
 */
export function describeError(error: unknown, depth = 0): DescribedError {
  if (!(error instanceof Error)) return { type: typeof error, message: cleaned(text(error)) };
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: unknown };
  const inner = error instanceof AggregateError ? (error.errors as readonly unknown[]) : [];
  const isDeep = depth + 1 >= deepest;
  return {
    type: error.name === 'Error' ? error.constructor.name : error.name,
    message: cleaned(error.message),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(error.stack === undefined ? {} : { stack: frames(error.stack) }),
    ...(cause === undefined || isDeep ? {} : { cause: describeError(cause, depth + 1) }),
    ...(inner.length === 0 || isDeep ? {} : { errors: inner.slice(0, deepest).map((each) => describeError(each, depth + 1)) }),
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : 'something that is no error was thrown';
}

/** Without what Prisma, Postgres and V8 quote of what they were given, and without characters that a terminal obeys. */
function cleaned(message: string): string {
  return (
    message
      // Prisma repeats the call between its first line and its last one.
      .replace(/^\s*(Invalid `[^`]+` invocation)[\s\S]*\n([^\n]+)\s*$/, '$1: $2')
      .replace(/(invalid (?:input|byte|value)[^:"]*: )"[\s\S]*/, '$1…')
      .replace(/(Unexpected (?:token|non-whitespace|end|string|number)[^"]*)"[\s\S]*/, '$1…')
      // eslint-disable-next-line no-control-regex -- these are what is looked for
      .replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
      .slice(0, longestMessage)
  );
}

/** The message, which may have many lines, stands before them. */
function frames(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => /^ {4}at /.test(line))
    .join('\n');
}
